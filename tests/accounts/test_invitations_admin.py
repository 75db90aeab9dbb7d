"""Invitations in the console."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from chatops.accounts import services
from chatops.accounts.models import Invitation, User
from chatops.audit.models import Entry
from chatops.audit.services import Actor

pytestmark = pytest.mark.django_db
BY = Actor.command("a test")
LIST, ADD = (reverse(f"admin:accounts_invitation_{name}") for name in ("changelist", "add"))


@pytest.fixture
def root() -> User:
    return services.add_account("root", password="kettle-and-cup-7", by=BY, is_admin=True)


@pytest.fixture
def browser(root: User) -> Client:
    client = Client()
    client.force_login(root)
    return client


def may(*names: str) -> Client:
    helper = services.add_account("helper", password="kettle-and-cup-7", by=BY, is_staff=True)
    helper.user_permissions.set(
        Permission.objects.filter(content_type__app_label="accounts", codename__in=names)
    )
    client = Client()
    client.force_login(helper)
    return client


def text(answer: HttpResponse) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def asked(**fields: object) -> dict[str, object]:
    until = timezone.now() + timedelta(days=3)
    return {
        "note": "For Bob",
        "username": "",
        "most_uses": 1,
        "use_by_0": until.strftime("%Y-%m-%d"),
        "use_by_1": until.strftime("%H:%M:%S"),
        "makes_account": "on",
        "contact_name": "",
        "room_lines": "",
        **fields,
    }


def page_of(invitation: Invitation) -> str:
    return reverse("admin:accounts_invitation_change", args=[invitation.pk])


def test_one_is_made_and_its_link_shown(browser: Client, root: User) -> None:
    group = Group.objects.create(name="Helpers")
    fields = asked(contact_name="ROOT@localhost", room_lines="tea\n", groups=[group.pk])
    answer = browser.post(ADD, {**fields, "most_uses": 5}, follow=True)
    made = Invitation.objects.get()
    assert answer.redirect_chain == [(page_of(made), 302)]
    token = services.token_of(made)
    shown = text(answer)
    for words in (
        f"http://testserver/invite/{token}/",
        f"xmpp:root@localhost?roster;preauth={token};ibr=y",
        "<svg",
        "Nobody yet.",
        "0 of 5",
        "tea@conference.localhost",
        "Helpers",
    ):
        assert words in shown, words
    assert (made.made_by, made.contact, made.most_uses) == (root, root, 5)
    entry = Entry.objects.get(action="invitation.add")
    assert (entry.actor_name, entry.target) == ("root@localhost", "For Bob")
    assert token not in str(entry.details)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"username": "b b"}, "not an address"),
        ({"username": "root"}, "is taken"),
        ({"username": "bob", "most_uses": 2}, "only once"),
        ({"most_uses": 0}, "greater than or equal to 1"),
        ({"use_by_0": "2020-01-01"}, "not in the past"),
        ({"use_by_0": "2090-01-01"}, "within a year"),
        ({"contact_name": "nobody"}, "no account nobody"),
        ({"room_lines": "tea@elsewhere.example"}, "not the address of a room here"),
        ({"makes_account": ""}, "must be for a contact"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    browser: Client, fields: dict[str, object], sentence: str
) -> None:
    answer = browser.post(ADD, asked(**fields))
    assert answer.status_code == 200
    assert sentence in text(answer)
    assert not Invitation.objects.exists()


def test_the_list_says_what_has_become_of_them(browser: Client) -> None:
    made = {name: services.invite(by=BY, note=name) for name in ("open", "used", "old", "gone")}
    Invitation.objects.filter(note="used").update(used=1)
    Invitation.objects.filter(note="old").update(use_by=timezone.now())
    services.revoke(made["gone"], by=BY)
    for state, note in (
        ("open", "open"),
        ("used", "used"),
        ("expired", "old"),
        ("revoked", "gone"),
    ):
        shown = text(browser.get(LIST, {"state": state}))
        assert [each for each in made if f">{each}</a>" in shown] == [note]
    assert f">{'old'}</a>" in text(browser.get(LIST, {"q": "old"}))


def test_one_is_withdrawn(browser: Client) -> None:
    one, other = services.invite(by=BY), services.invite(by=BY)
    do = reverse("admin:accounts_invitation_do", args=[one.pk, "revoke"])
    assert "is withdrawn" in text(browser.post(do, follow=True))
    assert "over already" in text(browser.post(do, follow=True))
    assert services.token_of(one) not in text(browser.get(page_of(one)))
    keys = [one.pk, other.pk]
    answer = browser.post(LIST, {"action": "revoke_all", "_selected_action": keys}, follow=True)
    assert "1 invitations are withdrawn" in text(answer)
    assert Entry.objects.filter(action="invitation.revoke").count() == 2


def test_who_may_look_does_not_see_links_and_gives_no_rights() -> None:
    group = Group.objects.create(name="Helpers")
    invitation = services.invite(by=BY)
    client = may("view_invitation")
    assert services.token_of(invitation) not in text(client.get(page_of(invitation)))
    assert client.post(ADD, asked()).status_code == 403
    do = reverse("admin:accounts_invitation_do", args=[invitation.pk, "revoke"])
    assert client.post(do).status_code == 403
    User.objects.get(username="helper").delete()

    client = may("view_invitation", "add_invitation")
    assert services.token_of(invitation) in text(client.get(page_of(invitation)))
    client.post(ADD, asked(groups=[group.pk], room_lines="tea"))
    made = Invitation.objects.exclude(pk=invitation.pk).get()
    assert not made.groups.exists()
    assert made.rooms == []
    assert client.post(page_of(made), {"note": "x"}).status_code == 403


def test_a_closed_service_and_a_lost_key_are_told(browser: Client) -> None:
    invitation = services.invite(by=BY)
    with override_settings(CHATOPS_REGISTRATION="off"):
        assert "CHATOPS_REGISTRATION is off" in text(browser.get(page_of(invitation)))
    Invitation.objects.update(seed="of another key")
    assert "made under another secret key" in text(browser.get(page_of(invitation)))
