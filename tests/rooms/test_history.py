"""What a room remembers for those who come in."""

from typing import Any

import pytest

from chatops.core.ids import new_id
from chatops.rooms.history import History, HistoryWanted, Said
from chatops.xmpp.stanzas import Packed

pytestmark = pytest.mark.spec("XEP-0045 §7.2.13")

ROOM = "tea@conference.localhost"
ALL = HistoryWanted(most=1_000)


def said(text: str) -> Said:
    packed = Packed.from_bytes(f'<message type="groupchat"><body>{text}</body></message>'.encode())
    return Said(new_id(), packed, f"{ROOM}/alice")


def heard(history: History) -> int:
    return len(history.chosen(ALL, "bob@localhost/desk"))


def test_it_is_as_long_as_it_is_set_and_shorter_where_much_was_said(
    settings: Any,
) -> None:
    history = History(ROOM, 3, [said(str(number)) for number in range(5)])
    assert heard(history) == 3
    history.resize(2, usual=2)
    assert heard(history) == 2
    history.resize(10, usual=10)
    settings.CHATOPS_ROOM_HISTORY_BYTES = 10_000
    for _ in range(10):
        history.remember(said("x" * 1_000))
    assert heard(history) == 4
    history.remember(said("x" * 10_000))
    assert heard(history) == 0
    history.remember(said("tea"))
    assert heard(history) == 1


def test_what_is_retracted_is_forgotten_and_makes_room(settings: Any) -> None:
    settings.CHATOPS_ROOM_HISTORY_BYTES = 5_000
    long = said("x" * 2_000)
    history = History(ROOM, 10, [long])
    history.forget(long.id)
    history.remember(said("x" * 2_000))
    assert heard(history) == 1
