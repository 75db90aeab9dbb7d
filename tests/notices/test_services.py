"""Notices: who they are for, sent in chunks, never twice, followed, taken back."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.core.ids import later
from chatops.delivery import confirmations, returns
from chatops.delivery import services as delivery
from chatops.delivery.models import Delivery, EventKind, State
from chatops.notices import audiences, services
from chatops.notices.audiences import audience_of
from chatops.notices.models import Audience, Notice, Recipient
from chatops.rooms import services as rooms
from chatops.xmpp.elements import parse, text_of
from chatops.xmpp.errors import Refused

pytestmark = pytest.mark.django_db
BY = Actor.command("test")


@pytest.fixture
def people() -> list[User]:
    names = ("alice", "bob", "charlie")
    gone = User.objects.create(username="gone", is_active=False)
    assert not gone.is_active
    return [User.objects.create(username=name) for name in names]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "CHUNK", 2)


def notice(**fields: object) -> Notice:
    return Notice.objects.create(subject="Drill", body="At <noon> & not later", **fields)


def names(wanted: Notice) -> list[str]:
    return [user.username for user in audience_of(wanted)]


def test_it_is_for_everybody_who_is_not_suspended(people: list[User]) -> None:
    assert names(notice()) == [user.username for user in people]


def test_it_is_for_the_people_of_a_room_but_not_the_banned(people: list[User]) -> None:
    alice, bob, _ = people
    room = rooms.create("tea", by=BY, owner=alice.jid)
    rooms.set_affiliation(room, jid=bob.jid, rank="outcast", by=BY)
    rooms.set_affiliation(room, jid="somebody@elsewhere.example", rank="member", by=BY)
    assert names(notice(audience=Audience.ROOM, room=room)) == ["alice"]


def test_it_is_for_a_list_of_names_and_addresses(people: list[User]) -> None:
    _alice, _, _charlie = people
    wanted = notice(audience=Audience.LIST, addresses="Alice\ncharlie@localhost, alice@localhost")
    assert names(wanted) == ["alice", "charlie"]


@pytest.mark.parametrize("address", ["nobody", "alice@elsewhere.example"])
def test_who_is_not_known_is_named(people: list[User], address: str) -> None:
    with pytest.raises(Refused, match=address):
        names(notice(audience=Audience.LIST, addresses=f"alice {address}"))


def test_each_person_is_owed_it_once_whatever_runs_twice(people: list[User]) -> None:
    started = services.start(notice(), by=BY)
    assert services.progress(started)["waiting"] == 3
    services.send_chunk(started.pk)
    assert Delivery.objects.count() == 2
    for _ in range(4):
        services.send_chunk(started.pk)
    started.refresh_from_db()
    assert started.state == Notice.State.SENT
    assert sorted(Delivery.objects.values_list("recipient__username", flat=True)) == [
        user.username for user in people
    ]
    assert not Recipient.objects.filter(handed_over=False).exists()


def test_it_starts_once_and_not_for_nobody(people: list[User]) -> None:
    started = services.start(notice(), by=BY)
    with pytest.raises(Refused, match="already"):
        services.start(started, by=BY)
    User.objects.update(is_active=False)
    with pytest.raises(Refused, match="empty"):
        services.start(notice(), by=BY)


def test_the_stanza_says_what_was_written(people: list[User]) -> None:
    started = services.start(notice(), by=BY)
    services.send_chunk(started.pk)
    (owed,) = delivery.take(user_id=people[0].pk, device_id=_device(people[0]), limit=5)
    element = parse(owed.xml)
    assert text_of(element, "subject") == "Drill"
    assert text_of(element, "body") == "At <noon> & not later"
    assert element.find("{urn:xmpp:receipts}request") is not None
    assert element.get("id") == str(started.message_id)


def test_receipts_are_counted_by_person(people: list[User]) -> None:
    started = services.start(notice(), by=BY)
    for _ in range(3):
        services.send_chunk(started.pk)
    alice = people[0]
    device = _device(alice)
    delivery.take(user_id=alice.pk, device_id=device, limit=5)
    confirmations.confirm(
        sender="localhost",
        recipient_id=alice.pk,
        recipient=alice.jid,
        device_id=device,
        stanza_id=str(started.message_id),
        kind=EventKind.CONFIRMED,
        door="tcp",
        detail="receipt",
    )
    counts = services.progress(started)
    assert (counts["total"], counts["confirmed"], counts["queued"]) == (3, 1, 2)


@pytest.mark.parametrize(
    ("own", "settings", "state"),
    [
        ({"attempts": 1}, {"CHATOPS_DELIVERY_ATTEMPTS": 5}, State.FAILED),
        ({"attempts": 0}, {"CHATOPS_DELIVERY_ATTEMPTS": 1}, State.QUEUED),
        ({}, {"CHATOPS_DELIVERY_ATTEMPTS": 1}, State.FAILED),
    ],
)
def test_it_may_have_its_own_number_of_attempts(
    people: list[User], own: dict[str, int], settings: dict[str, int], state: State
) -> None:
    alice = people[0]
    with override_settings(**settings):
        services.send_test(notice(**own), user_id=alice.pk, by=BY)
        (owed,) = delivery.take(user_id=alice.pk, device_id=_device(alice), limit=5)
        Delivery.objects.update(state=State.SENT)
        returns.requeue(delivery_ids=[owed.delivery_id])
    assert Delivery.objects.get().state == state


@pytest.mark.parametrize(("own", "service", "days"), [(2, 0, 2), (0, 3, None), (None, 3, 3)])
def test_it_may_have_its_own_lifetime(
    people: list[User], own: int | None, service: int, days: int | None
) -> None:
    started = services.start(notice(lifetime_days=own), by=BY)
    with override_settings(CHATOPS_MESSAGE_LIFETIME_DAYS=service):
        services.send_chunk(started.pk)
    row = Delivery.objects.first()
    assert row is not None
    expected = later(row.message_id, timedelta(days=days)) if days else None
    assert row.expires == expected


@pytest.mark.parametrize("own", [{"attempts": -1}, {"attempts": 1_001}, {"lifetime_days": 3_661}])
def test_its_numbers_are_bounded(people: list[User], own: dict[str, int]) -> None:
    with pytest.raises(Refused, match="0 to"):
        services.compose(by=BY, body="x", **own)


def test_nobody_online_is_told_in_a_sentence_and_leaves_no_draft(
    people: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(wanted: Notice, *, command: str) -> None:  # as the running service does
        services.start_as_asked(wanted.pk, command=command)

    monkeypatch.setattr(services, "ask_to_start", answer)
    monkeypatch.setattr(audiences, "_online", set)
    with pytest.raises(CommandError, match="Nobody is online"):
        call_command("notice", "send", "--to", "online", "x")
    assert not Notice.objects.exists()


def test_what_is_cancelled_reaches_nobody_any_more(people: list[User]) -> None:
    started = services.start(notice(), by=BY)
    services.send_chunk(started.pk)
    services.cancel(started, by=BY)
    services.send_chunk(started.pk)
    assert delivery.take(user_id=people[0].pk, device_id=_device(people[0]), limit=5) == []
    assert Delivery.objects.count() == 2
    with pytest.raises(Refused):
        services.cancel(Notice.objects.get(pk=started.pk), by=BY)


def _device(user: User) -> int:
    return user.devices.get_or_create(resource="desk")[0].pk
