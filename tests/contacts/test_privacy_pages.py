"""Whom people keep away, in the browser: the same rules as from a client, and the trail knows."""

import pytest
from django.test import Client

from chatops.accounts.models import User
from chatops.audit.models import Entry
from chatops.contacts import services
from chatops.contacts.models import BLOCKED, Blocked, PrivacyList, Report
from chatops.contacts.rules import Rule
from tests.factories import a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob() -> User:
    return a_person("bob")


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(a_person("root", is_staff=True, is_superuser=True))
    return client


def lists_form(*rules: dict[str, str], **more: str) -> dict[str, str]:
    data = {"rules-TOTAL_FORMS": str(len(rules)), "rules-INITIAL_FORMS": "0", **more}
    for number, rule in enumerate(rules):
        data |= {f"rules-{number}-{name}": value for name, value in rule.items()}
    return data


def test_an_address_is_blocked_and_unblocked(admin: Client, bob: User) -> None:
    page = admin.post(
        "/admin/contacts/blocked/add/", {"person": "bob", "address": "Spam@Y.example"}, follow=True
    )
    assert "spam@y.example" in page.content.decode()
    (blocked,) = Blocked.objects.filter(BLOCKED)
    assert (blocked.list.user, blocked.value) == (bob, "spam@y.example")
    assert Entry.objects.get(action="block").details == {"addresses": ["spam@y.example"]}
    admin.post(f"/admin/contacts/blocked/{blocked.pk}/delete/", {"post": "yes"})
    assert not PrivacyList.objects.exists()
    assert Entry.objects.filter(action="unblock", target="bob@localhost").exists()


@pytest.mark.parametrize(
    ("person", "address", "sentence"),
    [
        ("nobody", "x@y.example", "no account"),
        ("bob", "@", "not an address"),
    ],
)
def test_what_cannot_be_blocked(
    admin: Client, bob: User, person: str, address: str, sentence: str
) -> None:
    page = admin.post("/admin/contacts/blocked/add/", {"person": person, "address": address})
    assert sentence in page.content.decode()
    assert not Blocked.objects.exists()


def test_a_full_list_is_refused_with_a_sentence(
    admin: Client, bob: User, settings: pytest.FixtureRequest
) -> None:
    settings.CHATOPS_MAX_PRIVACY_RULES = 1  # type: ignore[attr-defined]
    services.block(bob, jids=["x@y.example"])
    page = admin.post("/admin/contacts/blocked/add/", {"person": "bob", "address": "z@y.example"})
    assert "as many rules" in page.content.decode()


def test_a_list_is_made_and_changed_with_its_rules(admin: Client, bob: User) -> None:
    friend = {"order": "1", "allows": "on", "type": "jid", "value": "Friend@y.example"}
    data = lists_form(friend, {"order": "2", "type": "", "iq": "on"}, name="few", person="bob")
    admin.post("/admin/contacts/privacylist/add/", {**data, "is_default": "on"})
    privacy = services.privacy_of(user_id=bob.pk)
    assert privacy is not None
    assert privacy.default == "few"
    assert privacy.lists["few"].rules == (
        Rule(1, "jid", "friend@y.example", allows=True),
        Rule(2, "", "", allows=False, kinds=frozenset({"iq"})),
    )
    found = PrivacyList.objects.get()
    first = found.rules.get(order=1)
    data = lists_form({"id": str(first.pk), "list": str(found.pk), **friend, "order": "9"})
    admin.post(
        f"/admin/contacts/privacylist/{found.pk}/change/", {**data, "rules-INITIAL_FORMS": "1"}
    )
    privacy = services.privacy_of(user_id=bob.pk)
    assert privacy is not None
    assert privacy.default is None
    assert [rule.order for rule in privacy.lists["few"].rules] == [9]
    assert Entry.objects.filter(action="privacy.set").count() == 2


@pytest.mark.parametrize(
    "rule",
    [
        {"order": "1", "type": "jid", "value": "@"},
        {"order": "1", "type": "group", "value": "Nobody"},
        {"order": "1", "type": "subscription", "value": "maybe"},
        {"order": "-1", "type": ""},
    ],
)
def test_rules_that_mean_nothing(admin: Client, bob: User, rule: dict[str, str]) -> None:
    data = lists_form(rule, name="odd", person="bob")
    assert admin.post("/admin/contacts/privacylist/add/", data).status_code == 200
    assert not PrivacyList.objects.exists()


def test_a_report_is_read_escaped_and_handled(admin: Client, bob: User) -> None:
    services.report(bob, jid="x@y.example", reason="urn:xmpp:reporting:spam", text="<script>1")
    report = Report.objects.get()
    page = admin.get(f"/admin/contacts/report/{report.pk}/change/").content.decode()
    assert "<script>1" not in page
    assert "&lt;script&gt;1" in page
    admin.post(f"/admin/contacts/report/{report.pk}/do/handle/")
    report.refresh_from_db()
    assert (report.state, report.handled_by) == ("handled", "root@localhost")
    assert Entry.objects.filter(action="report.handle").exists()
