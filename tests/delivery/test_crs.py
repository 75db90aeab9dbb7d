"""The shapes of server acknowledgement ("CRS"), to the byte, and what its timer counts."""

import asyncio
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from chatops.bridge.unconfirmed import Unconfirmed
from chatops.core.wire import Session
from chatops.delivery.crs.confirming import MOST_ALIKE, Sent
from chatops.delivery.crs.stanzas import (
    Confirmation,
    offline_mark,
    overdue_error,
    read_confirmation,
    stored_notice,
)
from chatops.delivery.crs.waits import WAITING, Waits
from chatops.delivery.models import State
from chatops.delivery.tracking import TrackedDelivery, ledger
from chatops.xmpp.elements import parse, serialise

SENT = datetime(2026, 11, 21, 9, 30, 1, 123_000, UTC)
NOW = datetime(2026, 11, 21, 9, 30, 11, 200_000, UTC)


def delivery(number: int, state: State = State.SENT) -> TrackedDelivery:
    return TrackedDelivery(number, number, 1, 1, ledger, state=state)


def test_what_is_stored() -> None:
    assert serialise(stored_notice("ab-1", at=SENT, by="example.org")) == (
        b'<message xmlns="jabber:client" type="crs" id="ab-1" from="example.org">'
        b'<body>{"time": "2026-11-21T09:30:01.123Z", "msgType": "10013"}</body></message>'
    )


@pytest.mark.parametrize("said", ["<body>Tea &amp; cake?</body>", "", "<body/><x xmlns='a'/>"])
def test_what_is_late(said: str) -> None:
    """The body, and nothing else of the message."""
    xml = f"<message xmlns='jabber:client' type='chat' to='b@c' id='x'>{said}</message>"
    body = said.partition("<x")[0]
    assert (
        serialise(overdue_error(xml, "ab-1", sent=SENT, now=NOW, by="example.org")).decode()
        == f'<message xmlns="jabber:client" type="error" id="ab-1" from="example.org">{body}'
        '<delay xmlns="urn:xmpp:delay" current="2026-11-21T09:30:11.200Z"'
        ' stamp="2026-11-21T09:30:01.123Z">501</delay></message>'
    )


def test_what_has_waited() -> None:
    assert offline_mark(NOW) == (
        b'<offline xmlns="urn:xmpp:offline" current="2026-11-21T09:30:11.200Z"/>'
    )


@pytest.mark.parametrize(
    ("type_", "inner", "confirmed"),
    [
        ("crs", "", Confirmation("m1", "CRS")),
        ("crs", "<received xmlns='urn:xmpp:receipts'>200</received>", Confirmation("m1", "CRS")),
        ("crs", "<received xmlns='urn:xmpp:receipts'>500</received>", Confirmation("", "")),
        (
            "crs",
            "<offline xmlns='urn:xmpp:offline'/>",
            Confirmation("m1", "CRS, after it had waited"),
        ),
        (
            "chat",
            "<received xmlns='urn:xmpp:receipts' type='200'/>",
            Confirmation("m1", "CRS, in a receipt"),
        ),
        (
            "chat",
            "<received xmlns='urn:xmpp:receipts' type='200' id='m2'/>",
            Confirmation("m2", "CRS, in a receipt"),
        ),
        ("chat", "<received xmlns='urn:xmpp:receipts' id='m2'/>", None),
        ("chat", "<offline xmlns='urn:xmpp:offline'/>", None),
    ],
)
def test_what_confirms(type_: str, inner: str, confirmed: Confirmation | None) -> None:
    text = f"<message xmlns='jabber:client' type='{type_}' id='m1'>{inner}</message>"
    assert read_confirmation(parse(text.encode())) == confirmed


def test_the_oldest_that_is_not_confirmed_is_found_and_each_once() -> None:
    sent = Sent()
    for number, state in ((1, State.CONFIRMED), (2, State.SENT), (3, State.SENT), (2, State.SENT)):
        sent.remember("m1", delivery(number, state))
    found = [sent.recall(1, "m1") for _ in range(4)]
    assert [each.id for each in found if each] == [3, 2, 1]
    for number in range(2 * MOST_ALIKE):
        sent.remember("m1", delivery(number))
    found = [sent.recall(1, "m1") for _ in range(2 * MOST_ALIKE)]
    assert [each.id for each in found if each] == list(range(MOST_ALIKE, 2 * MOST_ALIKE))


async def test_the_limit_is_each_persons_and_what_is_confirmed_makes_room(
    settings: Settings,
) -> None:
    settings.CHATOPS_MAX_CRS_WAITING, settings.CHATOPS_CRS_TIMEOUT_SECONDS = 2, 60
    waits, hits = Waits(), WAITING.hits
    assert [waits.begin(number, "alice@localhost") for number in range(3)] == [True, True, False]
    assert waits.begin(3, "bob@localhost")
    assert WAITING.hits == hits + 1
    waits.end(0)
    waits.end(0)
    assert waits.begin(4, "alice@localhost")
    settings.CHATOPS_CRS_TIMEOUT_SECONDS = 0
    assert not waits.begin(5, "charlie@localhost")  # nobody is told
    before = len(asyncio.all_tasks())
    assert before == 1  # a timer, no task


def test_a_device_that_confirms_nothing_costs_bounded_memory(settings: Settings) -> None:
    settings.CHATOPS_MAX_UNCONFIRMED = 100
    given_up: list[int] = []

    class Letter:
        def __init__(self, number: int) -> None:
            self.number, self.owed, self.insists = number, True, True

        def settled(self, session: Session | None) -> None:
            self.owed = False
            given_up.append(self.number)

    waiting = Unconfirmed(None)  # type: ignore[arg-type]
    letters = [Letter(number) for number in range(1_000)]
    for letter in letters:
        letter.owed = letter.number % 2 == 0  # the others were confirmed meanwhile
        waiting.append(letter)  # type: ignore[arg-type]
        assert len(waiting.owed()) <= 100
    left = [each.number for each in waiting.owed()]  # type: ignore[attr-defined]
    assert given_up + left == list(range(0, 1_000, 2))
