"""What waits in an account's queue while a device of it has a copy that it may still confirm.

Known in memory so that it leaves the queue as soon as the device does; what memory has lost, the
sweep finds (`retries.sweep`).
"""

from collections.abc import Collection, Iterable
from typing import Protocol

REMEMBERED = 10_000

Pair = tuple[int, int]  # a message and its recipient


class Delivered(Protocol):
    """A delivery, as `tracking` has it."""

    message_id: int
    recipient_id: int
    owed: bool
    gone: bool


class Watched:
    """Few, or none: false where there are none."""

    def __init__(self) -> None:
        self._pairs: dict[Pair, None] = {}

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def add(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            self._pairs[pair] = None
        while len(self._pairs) > REMEMBERED:
            del self._pairs[next(iter(self._pairs))]

    def answered_by(self, deliveries: Iterable[Delivered]) -> Collection[Pair]:
        """Those of which a device has got its copy; they are watched no longer."""
        found = {
            (each.message_id, each.recipient_id)
            for each in deliveries
            if not each.owed and not each.gone
        }
        found &= self._pairs.keys()
        for pair in found:
            del self._pairs[pair]
        return found


beside = Watched()
