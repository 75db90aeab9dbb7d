"""Push registrations in the browser: administrators' pages, and one's own."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from chatops.accounts.models import Device, User
from chatops.audit.models import Entry
from chatops.core.ids import new_id
from chatops.delivery.models import EventKind
from chatops.delivery.services import queue
from chatops.push.models import Discretion, Registration
from tests.factories import a_message, a_person, add_event

pytestmark = pytest.mark.django_db

LIST = "/admin/push/registration/"
OWN = "/account/push/"


@pytest.fixture
def bob() -> User:
    return a_person("bob")


@pytest.fixture
def row(bob: User) -> Registration:
    phone = Device.objects.create(user=bob, resource="phone")
    return Registration.objects.create(
        user=bob, jid="push.example", node="n1", options={"secret": ["eruio234"]}, device=phone
    )


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> Client:
    return signed_in(a_person("root", is_staff=True, is_superuser=True))


def break_it(row: Registration) -> None:
    row.broken, row.failures, row.failed = True, 1, new_id()
    row.error = "remote-server-not-found: This service does not reach push.example."
    row.save()


def test_the_page_says_how_it_fares_and_keeps_the_secret(admin: Client, row: Registration) -> None:
    break_it(row)
    for address in (LIST, f"{LIST}?state=broken", f"{LIST}{row.pk}/change/"):
        text = admin.get(address).content.decode()
        assert "remote-server-not-found" in text
        assert "push.example" in text
        assert "eruio234" not in text
    assert "secret" in text
    assert "push.example" not in admin.get(f"{LIST}?state=working").content.decode()
    assert (
        "push.example" in admin.get(f"/admin/accounts/user/{row.user_id}/change/").content.decode()
    )


def test_a_broken_one_is_used_again(admin: Client, row: Registration) -> None:
    break_it(row)
    page = admin.post(f"{LIST}{row.pk}/do/again/", follow=True)
    assert "is told again" in page.content.decode()
    row.refresh_from_db()
    assert not row.broken
    page = admin.post(f"{LIST}{row.pk}/do/again/", follow=True)
    assert "works already" in page.content.decode()


@pytest.mark.parametrize("many", [False, True])
def test_it_is_removed(admin: Client, row: Registration, many: bool) -> None:
    if many:
        data = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
        admin.post(LIST, data)
    else:
        admin.post(f"{LIST}{row.pk}/delete/", {"post": "yes"})
    assert not Registration.objects.exists()
    entry = Entry.objects.get(action="push.remove")
    assert (entry.target, entry.details["server"]) == ("bob@localhost", "push.example")


def test_a_helper_does_not_reach_those_above(row: Registration, bob: User) -> None:
    helper = a_person("helper", is_staff=True)
    names = ("view_registration", "change_registration", "delete_registration")
    helper.user_permissions.add(*Permission.objects.filter(codename__in=names))
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    break_it(row)
    client = signed_in(helper)
    assert client.get(f"{LIST}{row.pk}/change/").status_code == 200
    assert client.post(f"{LIST}{row.pk}/do/again/").status_code == 403
    assert client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Registration.objects.filter(broken=True).exists()


def test_people_see_and_remove_their_own(row: Registration, bob: User) -> None:
    client = signed_in(bob)
    assert OWN in client.get("/account/").content.decode()
    text = client.get(OWN).content.decode()
    assert "push.example" in text
    assert "phone" in text
    assert "eruio234" not in text
    stranger = signed_in(a_person("charlie"))
    assert "push.example" not in stranger.get(OWN).content.decode()
    assert stranger.post(f"{OWN}{row.pk}/remove/").status_code == 404
    assert client.get(f"{OWN}{row.pk}/remove/").status_code == 405
    assert client.post(f"{OWN}{row.pk}/remove/", follow=True).status_code == 200
    assert not Registration.objects.exists()
    assert Entry.objects.get(action="push.remove").actor == bob
    assert Client().get(OWN).status_code == 302


@pytest.mark.spec("XEP-0357 §9")
def test_people_choose_to_be_discreet(bob: User, settings: Settings) -> None:
    client = signed_in(bob)
    assert "neither who wrote nor what" in client.get(OWN).content.decode()
    settings.CHATOPS_PUSH_SENDER = True
    assert "who wrote the last one" in client.get(OWN).content.decode()
    client.post(OWN, {"discreet": "on"})
    assert Discretion.objects.filter(user=bob).exists()
    assert "checked" in client.get(OWN).content.decode()
    client.post(OWN)
    assert not Discretion.objects.exists()


def test_the_timeline_tells_of_a_device_that_was_notified(admin: Client, row: Registration) -> None:
    alice = a_person("alice")
    message = a_message(alice, row.user)
    queue(message.pk, user_ids=[row.user_id])
    add_event(
        id=new_id(),
        message_id=message.pk,
        recipient=row.user,
        device=row.device,
        kind=EventKind.NOTIFIED,
        detail=row.jid,
    )
    page = admin.get(reverse("admin:delivery_timeline", args=[message.pk]))
    text = page.content.decode()
    assert "notified by push" in text
    assert "through push.example" in text
    assert "did not get to phone" in text
