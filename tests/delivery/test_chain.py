"""The ledger's chain: what was changed, removed or inserted shows, and is named."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, connection, transaction

from chatops.core.ids import new_id
from chatops.delivery.chain import GENESIS, hash_of, mark_of, unpack
from chatops.delivery.events import append
from chatops.delivery.findings import Report, What
from chatops.delivery.models import Event, EventKind, Seal
from chatops.delivery.verifying import verify
from tests.factories import add_event

pytestmark = pytest.mark.django_db

KINDS = [EventKind.QUEUED, EventKind.SENT, EventKind.CONFIRMED, EventKind.DISPLAYED]


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path) -> None:
    """The key and the anchors are the test's own."""
    settings.CHATOPS_DATA = tmp_path


def fill(batches: int = 6, each: int = 4) -> list[Event]:
    """A ledger of some commits."""
    added = []
    for number in range(batches):
        message = new_id()
        added += append(
            Event(
                id=new_id(),
                message_id=message,
                recipient_id=7 if place else None,
                device_id=9 if place > 1 else None,
                kind=KINDS[place % len(KINDS)],
                node="localhost/0",
                door="tcp",
                detail=f"by a test, number {number}: \N{HOT BEVERAGE} and 'quotes'\nand a line",
            )
            for place in range(each)
        )
    return added


def run(statement: str, *values: Any) -> None:
    """What somebody with the database may do."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def change(row: Event | Seal, column: str, value: object) -> None:
    table = row._meta.db_table
    run(f"UPDATE {table} SET {column} = %s WHERE id = %s", value, row.pk)  # noqa: S608


def kinds_of(report: Report) -> set[What]:
    return {finding.what for finding in report.findings}


def named(report: Report) -> set[tuple[What, int, int]]:
    return {(each.what, each.event_id, each.message_id) for each in report.findings}


def test_an_untouched_ledger_verifies() -> None:
    assert verify().found == 0
    fill()
    report = verify()
    assert (report.found, report.events, report.seals) == (0, 24, 6)
    assert report.heads.keys() == {1}
    assert report.heads[1][0] == 6


def test_events_come_only_with_a_seal_and_are_not_changed() -> None:
    (event,) = fill(1, 1)
    for forbidden in (
        lambda: Event.objects.create(id=1, message_id=2, kind=EventKind.SENT),
        lambda: Event.objects.bulk_create([Event(id=1, message_id=2, kind=EventKind.SENT)]),
        lambda: Event.objects.update(detail="another"),
        lambda: Event.objects.all().delete(),
        event.save,
        event.delete,
    ):
        with pytest.raises(TypeError):
            forbidden()
    assert append([]) == []
    assert Seal.objects.count() == 1


CHANGES: dict[str, Any] = {
    "message_id": 5,
    "recipient_id": 8,
    "device_id": 10,
    "kind": EventKind.FAILED.value,
    "node": "elsewhere/1",
    "door": "bosh",
    "detail": "another",
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_change_of_any_column_of_any_event_is_named(column: str) -> None:
    events = fill(3, 4)
    for event in events[::3]:
        with transaction.atomic():
            change(event, column, CHANGES[column])
            assert named(verify()) == {(What.CHANGED, event.pk, event.message_id)}
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("column", "value"), [("recipient_id", None), ("device_id", 0), ("detail", "")]
)
def test_nothing_and_zero_and_no_text_are_different_things(column: str, value: object) -> None:
    event = fill(1, 4)[1 if column == "device_id" else 2]
    change(event, column, value)
    assert named(verify()) == {(What.CHANGED, event.pk, event.message_id)}


def test_text_that_moves_from_one_column_to_the_next_is_a_change() -> None:
    event = add_event(id=new_id(), message_id=1, kind=EventKind.SENT, node="ab", door="c")
    run("UPDATE delivery_event SET node = 'a', door = 'bc' WHERE id = %s", event.pk)
    assert kinds_of(verify()) == {What.CHANGED}


def test_each_removed_event_is_named_with_its_message() -> None:
    events = fill()
    for event in events:
        with transaction.atomic():
            run("DELETE FROM delivery_event WHERE id = %s", event.pk)
            assert named(verify()) == {(What.REMOVED, event.pk, event.message_id)}
            transaction.set_rollback(True)


@pytest.mark.parametrize("place", ["first", "between", "last", "below zero"])
def test_an_inserted_event_is_named(place: str) -> None:
    first, *_, last = fill()
    number = {"first": 1, "between": first.pk + 1, "last": new_id(), "below zero": -5}[place]
    while Event.objects.filter(pk=number).exists():
        number += 1
    run(
        "INSERT INTO delivery_event (id, message_id, kind, node, door, detail)"
        " VALUES (%s, %s, 40, '', '', '')",
        number,
        last.message_id,
    )
    report = verify()
    assert named(report) == {(What.INSERTED, number, last.message_id)}
    assert str(number) in report.findings[0].sentence


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_done_to_some_events_exactly_those_are_named(seed: int) -> None:
    dice = random.Random(seed)
    events = fill(dice.randrange(1, 12), dice.randrange(1, 8))
    expected = set()
    for event in dice.sample(events, dice.randrange(len(events))):
        message = event.message_id
        deed = dice.choice(["change", "remove", "copy"])
        if deed == "change":
            column = dice.choice(list(CHANGES))
            change(event, column, CHANGES[column])
            expected.add((What.CHANGED, event.pk, message))
        elif deed == "remove":
            run("DELETE FROM delivery_event WHERE id = %s", event.pk)
            expected.add((What.REMOVED, event.pk, message))
        else:
            number = event.pk + dice.randrange(1, 1 << 40)
            run(
                "INSERT INTO delivery_event (id, message_id, kind, node, door, detail)"
                " VALUES (%s, %s, 40, '', '', '')",
                number,
                message,
            )
            expected.add((What.INSERTED, number, message))
    assert named(verify()) == expected


def test_what_cannot_be_in_a_column_is_named_or_at_least_found() -> None:
    events = fill()
    if connection.vendor != "sqlite":  # the others know themselves what can be
        with pytest.raises(DataError):
            run("UPDATE delivery_event SET kind = 'sent'")
        return
    run("UPDATE delivery_event SET detail = CAST(x'ff' AS TEXT) WHERE id = %s", events[5].pk)
    run("UPDATE delivery_event SET door = x'ff' WHERE id = %s", events[6].pk)
    run("UPDATE delivery_event SET kind = 'sent' WHERE id = %s", events[7].pk)
    assert named(verify()) == {(What.CHANGED, each.pk, each.message_id) for each in events[5:8]}
    for column, value in (
        ("events", "words"), ("number", "five"), ("hash", 5), ("hash", 10**15), ("chain", "first")
    ):  # fmt: skip
        with transaction.atomic():
            change(Seal.objects.get(number=5), column, value)
            assert {What.SEAL_CHANGED, What.UNREADABLE} & kinds_of(verify())
            transaction.set_rollback(True)


def test_an_event_that_gets_another_id_is_removed_and_inserted() -> None:
    event = fill()[5]
    moved = event.pk + (1 << 30)
    run("UPDATE delivery_event SET id = %s WHERE id = %s", moved, event.pk)
    assert named(verify()) == {
        (What.REMOVED, event.pk, event.message_id),
        (What.INSERTED, moved, event.message_id),
    }


SEAL_CHANGES: dict[str, Callable[[Seal], object]] = {
    "events": lambda seal: bytes(seal.events)[:-1] + b"x",
    "previous": lambda seal: bytes(32)[:-1] + b"x",
    "hash": lambda seal: bytes(32)[:-1] + b"x",
    "mark": lambda seal: bytes(32)[:-1] + b"x",
    "chain": lambda seal: 5,
    "number": lambda seal: 99,
    "id": lambda seal: seal.pk + (1 << 30),
}


@pytest.mark.parametrize("column", SEAL_CHANGES)
def test_a_change_of_any_column_of_any_seal_is_found(column: str) -> None:
    fill()
    for seal in Seal.objects.all():
        with transaction.atomic():
            change(seal, column, SEAL_CHANGES[column](seal))
            found = [each for each in verify().findings if not each.event_id]
            expected = What.SEAL_FORGED if column == "mark" else What.SEAL_CHANGED
            assert expected in {each.what for each in found}
            number = 99 if column == "number" else seal.number
            assert number in {each.number for each in found}
            transaction.set_rollback(True)


def test_a_removed_seal_is_named_by_its_neighbour_and_its_events_are_unproven() -> None:
    events = fill(6, 2)
    run("DELETE FROM delivery_seal WHERE number IN (3, 4)")
    report = verify()
    (gap,) = [each for each in report.findings if each.what == What.SEAL_REMOVED]
    assert gap.number == 5
    assert "2 were removed" in gap.sentence
    assert {each.event_id for each in report.findings} - {0} == {each.pk for each in events[4:8]}


def test_swapped_seals_are_found() -> None:
    fill()
    run("UPDATE delivery_seal SET number = 100 WHERE number = 2")
    run("UPDATE delivery_seal SET number = 2 WHERE number = 4")
    run("UPDATE delivery_seal SET number = 4 WHERE number = 100")
    found = {(each.what, each.number) for each in verify().findings if each.number}
    assert {(What.SEAL_CHANGED, 2), (What.SEAL_CHANGED, 4), (What.SEAL_MOVED, 2)} <= found


def test_who_recomputes_the_hashes_without_the_secret_is_found() -> None:
    """The last seal is made anew over a changed event, as its code is public."""
    event = fill()[-1]
    run("UPDATE delivery_event SET kind = 60 WHERE id = %s", event.pk)
    last = Seal.objects.get(number=6)
    changed = Event.objects.get(pk=event.pk)
    entries = b"".join(
        each.event_id.to_bytes(8) + each.message_id.to_bytes(8) + each.digest
        for each in unpack(bytes(last.events))
        if each.event_id != changed.pk
    )
    made = hash_of(
        seal_id=last.pk, chain=1, number=6, previous=bytes(last.previous), events=entries
    )
    run(
        "UPDATE delivery_seal SET events = %s, hash = %s, mark = %s WHERE number = 6",
        entries,
        made,
        mark_of(made, "another secret"),
    )
    assert kinds_of(verify()) == {What.SEAL_FORGED, What.INSERTED}


def test_a_secret_that_was_in_use_before_is_known(settings: Any) -> None:
    fill(2)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one"
    fill(2)
    assert verify().found == 0
    settings.SECRET_KEY_FALLBACKS = []
    assert kinds_of(verify()) == {What.SEAL_FORGED, What.INSERTED}


def test_a_commit_that_is_rolled_back_leaves_the_chain_whole() -> None:
    fill(2)
    for _ in range(2):
        with transaction.atomic():
            fill(2)
            transaction.set_rollback(True)
    fill(2)
    report = verify()
    assert (report.found, report.seals, report.heads[1][0]) == (0, 4, 4)
    assert bytes(Seal.objects.get(number=1).previous) == GENESIS


def test_many_events_at_once_get_several_seals() -> None:
    fill(1, 2_500)
    assert Seal.objects.count() == 3
    assert verify().found == 0


def test_verification_may_begin_later_and_finds_what_came_since() -> None:
    events = fill(8, 3)
    old, new = events[4], events[16]
    for event in (old, new):
        run("UPDATE delivery_event SET detail = 'another' WHERE id = %s", event.pk)
    assert named(verify()) == {(What.CHANGED, each.pk, each.message_id) for each in (old, new)}
    report = verify(since=events[10].pk)
    assert named(report) == {(What.CHANGED, new.pk, new.message_id)}
    assert report.events == 14
    assert named(verify(since=events[17].pk)) == {(What.CHANGED, new.pk, new.message_id)}
    assert verify(since=new_id()).found == 0


@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
def test_pages_of_any_size_find_the_same(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr("chatops.delivery.verifying.SEALS_AT_ONCE", size)
    monkeypatch.setattr("chatops.delivery.verifying.EVENTS_AT_ONCE", size)
    events = fill(5, 3)
    # An event that was long on its way: it is sealed after younger ones.
    late = Event(id=new_id(), message_id=1, kind=EventKind.SENT)
    events += fill(3, 3)
    append([late])
    assert verify().found == 0
    run("DELETE FROM delivery_event WHERE id = %s", events[4].pk)
    run("UPDATE delivery_event SET door = 'x' WHERE id = %s", late.pk)
    run(
        "INSERT INTO delivery_event (id, message_id, kind, node, door, detail)"
        " VALUES (%s, 1, 40, '', '', '')",
        (added := new_id()),
    )
    assert named(verify()) == {
        (What.REMOVED, events[4].pk, events[4].message_id),
        (What.CHANGED, late.pk, 1),
        (What.INSERTED, added, 1),
    }


def test_what_is_written_meanwhile_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events and their seals that are committed while their neighbours are compared."""
    monkeypatch.setattr("chatops.delivery.verifying.EVENTS_AT_ONCE", 2)
    fill(5, 3)

    def write(done: int) -> None:
        if done < 40:
            fill(1, 3)

    assert verify(watch=write).found == 0


def test_the_command_names_what_is_wrong_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    events = fill()
    call_command("ledger", "verify")
    assert "24 events in 6 seals: nothing was changed" in capsys.readouterr().out
    run("DELETE FROM delivery_event WHERE id = %s", events[3].pk)
    with pytest.raises(CommandError, match="1 wrong") as error:
        call_command("ledger", "verify", "--since", "2020-01-01T00:00")
    assert error.value.returncode == 1
    assert f"Event {events[3].pk} of message {events[3].message_id}" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no moment"):
        call_command("ledger", "verify", "--since", "yesterday")
