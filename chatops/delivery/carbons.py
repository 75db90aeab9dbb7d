"""Copies (carbons, XEP-0280) that devices have got, so that they are not offered the same again.

They have no lines in the ledger, since they cost nothing on the way: that a device has confirmed
one is noted in memory, and written with others a moment later.
"""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from chatops.accounts.habits import device_of
from chatops.core.envelope import Envelope
from chatops.core.journal import Insert, Write
from chatops.core.wire import Session, Tracked, wire
from chatops.delivery import missing
from chatops.delivery.models import CopiesGot

FLUSH_SECONDS: Final = 1.0
COPIES_INSERT = Insert(CopiesGot, order=37, fields=("id", "device", "messages"), stamped=True)


class Carbon:
    """One copy on its way to one device; core.wire.Tracked. A lost one is not noted."""

    __slots__ = ("insists", "message_id", "owed")

    def __init__(self, message_id: int) -> None:
        self.message_id, self.owed, self.insists = message_id, True, False

    def sent(self, session: Session) -> None:
        """It counts when it has arrived."""

    def confirmed(self, session: Session) -> None:
        self.owed = False
        got.arrived(session.device_id, self.message_id)

    def settled(self, session: Session) -> None:
        self.confirmed(session)

    def lost(self, session: Session) -> None:
        self.owed = False
        got.end(session.device_id, [self.message_id])


class Got:
    """By device: what is on its way, and what was confirmed and is not written yet."""

    def __init__(self) -> None:
        self._under_way: dict[int, set[int]] = {}
        self._fresh: dict[int, list[int]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def of(self, device_id: int) -> set[int]:
        """The messages of which a device has a copy, or may have, that no table knows of."""
        return set(self._under_way.get(device_id, ()))

    def begin(self, device_id: int, message_id: int) -> Carbon:
        """One that is being sent."""
        self._under_way.setdefault(device_id, set()).add(message_id)
        return Carbon(message_id)

    def end(self, device_id: int, message_ids: Iterable[int]) -> None:
        """They are lost, or the table knows of them."""
        left = self._under_way[device_id]
        left.difference_update(message_ids)
        if not left:
            del self._under_way[device_id]

    def arrived(self, device_id: int, message_id: int) -> None:
        """It was confirmed."""
        self._fresh.setdefault(device_id, []).append(message_id)
        if self._timer is None:
            self._timer = wire().loop.call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Have it written."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        fresh, self._fresh = self._fresh, {}
        if fresh:
            rows = [(None, device, missing.pack(messages)) for device, messages in fresh.items()]
            wire().commit([Write(COPIES_INSERT, row) for row in rows], partial(self._end, fresh))

    def _end(self, written: Mapping[int, Iterable[int]]) -> None:
        for device_id, message_ids in written.items():
            self.end(device_id, message_ids)


got = Got()


def follow(envelope: Envelope) -> None:
    """Have the copies of a message followed that devices might be offered again otherwise."""
    if envelope.carbons and envelope.archived and missing.is_on():
        envelope.track_copy = partial(_track, envelope.message_id)


def _track(message_id: int, session: Session) -> Tracked | None:
    """Who reads the archive is not offered what it has."""
    if device_of(session).reads_archive:
        return None
    return got.begin(session.device_id, message_id)
