"""Time-ordered 64-bit ids: the archive's primary key, the stanza-id and the MAM id in one.

41 bits of milliseconds since 2020, 10 of node, 5 of process, 7 of sequence: sorting by id sorts by
time, and a time span is a range of ids. A burst of over 128 ids in a millisecond borrows from the
next.
"""

import threading
from datetime import UTC, date, datetime, time, timedelta
from time import time_ns
from typing import Final

EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_EPOCH_MS: Final = int(EPOCH.timestamp() * 1000)
_NODE_BITS, _PROCESS_BITS, _SEQUENCE_BITS = 10, 5, 7
_NODE_SHIFT: Final = _PROCESS_BITS + _SEQUENCE_BITS
TIME_SHIFT: Final = _NODE_BITS + _NODE_SHIFT
NODES: Final = 1 << _NODE_BITS
PROCESSES: Final = 1 << _PROCESS_BITS
_SEQUENCE: Final = (1 << _SEQUENCE_BITS) - 1
LARGEST: Final = (1 << 63) - 1
_DIGITS: Final = len(str(LARGEST))
_MILLISECOND: Final = timedelta(milliseconds=1)
_LAST_MS: Final = (1 << 41) - 1  # in 2089; moments beyond it are beyond all ids


class Generator:
    """Makes ids for one process of a node; safe to call from any thread."""

    def __init__(self, node: int = 0, process: int = 0) -> None:
        self._lock = threading.Lock()
        self._millisecond = self._left = self._last = 0
        self.place(node, process)

    def place(self, node: int, process: int) -> None:
        """Where it stands: no two that run at the same time may stand in the same place."""
        if not 0 <= node < NODES:
            raise ValueError(f"A node's number is 0 to {NODES - 1}, not {node}.")
        if not 0 <= process < PROCESSES:
            raise ValueError(f"A process has a number from 0 to {PROCESSES - 1}, not {process}.")
        with self._lock:
            self._place = node << _NODE_SHIFT | process << _SEQUENCE_BITS
            self._left = 0

    def __call__(self) -> int:
        now = time_ns() // 1_000_000
        with self._lock:
            if now <= self._millisecond and self._left:
                self._left -= 1
                self._last += 1
                return self._last
            # Never backwards, also when the machine's clock is.
            self._millisecond = now = max(now, self._millisecond + 1)
            self._left = _SEQUENCE
            self._last = (now - _EPOCH_MS) << TIME_SHIFT | self._place
            return self._last


new_id = Generator()


def moment_of(identifier: int) -> datetime:
    """When the id was made, to the millisecond."""
    return EPOCH + timedelta(milliseconds=identifier >> TIME_SHIFT)


def read_id(text: str) -> int | None:
    """The id that a text spells, as the outside sends it; None for what can be none of ours."""
    if not text.isascii() or not text.isdecimal() or len(text) > _DIGITS:
        return None
    number = int(text)
    return number if number <= LARGEST else None


def first_at(moment: datetime) -> int:
    """The smallest id that any node may make at that moment: `id >= first_at(start)`."""
    milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
    return min(max(0, milliseconds), _LAST_MS) << TIME_SHIFT


def later(identifier: int, by: timedelta) -> int:
    """An id of so much later; 0 stands for the beginning."""
    return min(identifier + (by // _MILLISECOND << TIME_SHIFT), LARGEST)


def last_at(moment: datetime) -> int:
    """The largest id of that moment's millisecond: `id <= last_at(end)`."""
    return first_at(moment + timedelta(milliseconds=1)) - 1


def start_of_day(text: str) -> datetime | None:
    """The beginning of a day as a form sends it, 2026-11-21; None where the text names none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.combine(day, time(), UTC) if day < date.max else None  # it has no next one
