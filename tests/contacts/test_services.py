"""Rosters and subscriptions in the database: both sides, the limits, what is told."""

from typing import Any

import pytest
from django.conf import settings

from chatops.accounts.models import User
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.contacts import services
from chatops.contacts.models import Roster, RosterItem, SubscriptionRequest
from chatops.contacts.subscriptions import Kind, State
from chatops.core.models import Ring
from chatops.xmpp.errors import BadRequest

pytestmark = pytest.mark.django_db

ADMIN = Actor.command("a test")


@pytest.fixture
def alice() -> User:
    return User.objects.create(username="alice")


@pytest.fixture
def bob() -> User:
    return User.objects.create(username="bob")


def set_item(user: User, jid: str = "friend@elsewhere.example", **fields: Any) -> services.Snapshot:
    services.set_item(user, **{"jid": jid, "name": "", "groups": [], **fields})
    snapshot = services.roster_of(username=user.username)
    assert snapshot is not None
    return snapshot


def subscription(user: User, contact: str) -> tuple[str, bool, bool]:
    item = RosterItem.objects.get(user=user, jid=contact)
    return item.subscription, item.ask, item.approved


def befriend(alice: User, bob: User) -> None:
    for one, other in ((alice, bob), (bob, alice)):
        services.send(one, contact=other.jid, kind=Kind.SUBSCRIBE)
        services.receive(other, contact=one.jid, kind=Kind.SUBSCRIBE, stanza="<presence/>")
        services.send(other, contact=one.jid, kind=Kind.SUBSCRIBED)
        services.receive(one, contact=other.jid, kind=Kind.SUBSCRIBED)


def rung() -> list[dict[str, Any]]:
    return [row.payload for row in Ring.objects.order_by("id")]


@pytest.mark.spec("RFC 6121 §2.6")
def test_a_roster_shows_its_items_and_grows_by_one_with_each_change(alice: User) -> None:
    first = set_item(alice, name="Friend", groups=["Tea", "Work"])
    second = set_item(alice, name="Old friend")
    (item,) = second.items
    assert (item.name, item.groups, item.subscription) == ("Old friend", [], "none")
    assert second.version == first.version + 1
    assert services.roster_of(username="nobody") is None


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"jid": "alice@localhost"}, services.OneselfInRoster),
        ({"groups": ["x", "x"]}, BadRequest),
        ({"groups": [""]}, services.BadItem),
        ({"groups": ["g" * 1024]}, services.BadItem),
        ({"name": "n" * 1024}, services.BadItem),
    ],
)
@pytest.mark.spec("RFC 6121 §2.3.3")
def test_a_bad_item_is_refused(
    alice: User, fields: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        set_item(alice, **fields)
    assert not RosterItem.objects.exists()


@pytest.mark.spec("RFC 6121 §2.3")
def test_a_full_roster_takes_changes_and_no_more_contacts(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CHATOPS_MAX_ROSTER_ITEMS", 1)
    set_item(alice)
    set_item(alice, name="changed")
    with pytest.raises(services.RosterFull):
        set_item(alice, "another@elsewhere.example")
    with pytest.raises(services.RosterFull):
        services.send(alice, contact="another@elsewhere.example", kind=Kind.SUBSCRIBE)


@pytest.mark.spec("RFC 6121 §3.1")
def test_two_people_come_to_see_each_other(alice: User, bob: User) -> None:
    befriend(alice, bob)
    assert subscription(alice, bob.jid) == ("both", False, False)
    assert subscription(bob, alice.jid) == ("both", False, False)
    assert not SubscriptionRequest.objects.exists()


@pytest.mark.spec("RFC 6121 §3.1.3")
def test_a_request_waits_outside_the_roster_and_once(alice: User, bob: User) -> None:
    for _ in range(2):
        outcome = services.receive(
            bob, contact=alice.jid, kind=Kind.SUBSCRIBE, stanza="<presence/>"
        )
    assert services.waiting_requests(user_id=bob.pk) == ["<presence/>"]
    snapshot = services.roster_of(username="bob")
    assert snapshot is not None
    assert (snapshot.items, snapshot.waiting) == ([], [alice.jid])
    assert (outcome.change, outcome.step.passes) == (None, False)


def test_more_requests_than_anybody_answers_are_not_kept(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.rosters, "MOST_REQUESTS", 1)
    for sender in (alice.jid, "charlie@localhost"):
        outcome = services.receive(bob, contact=sender, kind=Kind.SUBSCRIBE, stanza="<presence/>")
    assert (outcome.step.passes, outcome.change) == (False, None)
    assert SubscriptionRequest.objects.get().sender == alice.jid


@pytest.mark.spec("RFC 6121 §2.5.2")
def test_removal_says_how_both_stood_and_leaves_nothing(alice: User, bob: User) -> None:
    befriend(alice, bob)
    before, change = services.remove_item(alice, jid=bob.jid)
    assert before == State(to=True, from_=True)
    assert (change.subscription, change.version) == (
        "remove",
        Roster.objects.get(user=alice).version,
    )
    assert services.farewells(before) == [Kind.UNSUBSCRIBE, Kind.UNSUBSCRIBED]
    with pytest.raises(services.NoSuchItem):
        services.remove_item(alice, jid=bob.jid)
    assert subscription(bob, alice.jid) == ("both", False, False)  # until the stanzas reach him


def test_an_owners_own_change_rings_no_bell(alice: User, bob: User) -> None:
    befriend(alice, bob)
    services.remove_item(alice, jid=bob.jid)
    assert rung() == []
    assert not Entry.objects.exists()


@pytest.mark.parametrize(("accept", "kind"), [(True, "subscribed"), (False, "unsubscribed")])
def test_a_request_is_answered_for_somebody_on_both_sides(
    alice: User, bob: User, *, accept: bool, kind: str
) -> None:
    services.send(alice, contact=bob.jid, kind=Kind.SUBSCRIBE)
    services.receive(bob, contact=alice.jid, kind=Kind.SUBSCRIBE, stanza="<presence/>")
    request = SubscriptionRequest.objects.get()
    services.answer_request(request, accept=accept, by=ADMIN)
    assert subscription(alice, bob.jid) == ("to" if accept else "none", False, False)
    assert RosterItem.objects.filter(user=bob, subscription="from").exists() is accept
    assert Entry.objects.get().action == ("roster.accept" if accept else "roster.deny")
    *changes, said = rung()
    assert {change["bare"] for change in changes} == {alice.jid, bob.jid}
    assert (said["sender"], said["recipient"], said["kind"]) == (bob.jid, alice.jid, kind)
    assert (said["delivered"], said["hides_sender"]) == (True, False)
    with pytest.raises(services.NothingAsked):
        services.answer_request(request, accept=accept, by=ADMIN)


def test_a_contact_that_an_administrator_removes_goes_on_both_sides(alice: User, bob: User) -> None:
    befriend(alice, bob)
    services.remove_item(alice, jid=bob.jid, by=ADMIN)
    assert subscription(bob, alice.jid) == ("none", False, False)
    assert Entry.objects.get().action == "roster.remove"
    said = [news for news in rung() if "kind" in news]
    assert [news["kind"] for news in said] == ["unsubscribe", "unsubscribed"]
    assert (said[0]["hides_recipient"], said[1]["hides_sender"]) == (True, True)


def test_an_account_that_is_gone_is_nobodys_contact_any_more(alice: User, bob: User) -> None:
    befriend(alice, bob)
    charlie = User.objects.create(username="charlie")
    services.receive(charlie, contact=alice.jid, kind=Kind.SUBSCRIBE, stanza="<presence/>")
    alice.delete()
    happened = services.forget_contact(jid="alice@localhost")
    assert [(owner, kind) for owner, kind, _ in happened] == [
        (bob.jid, Kind.UNSUBSCRIBE),
        (bob.jid, Kind.UNSUBSCRIBED),
        (charlie.jid, Kind.UNSUBSCRIBE),
    ]
    assert subscription(bob, "alice@localhost") == ("none", False, False)
    assert not SubscriptionRequest.objects.exists()
