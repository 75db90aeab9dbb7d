"""The rooms that are awake, how they wake up and fall asleep, and the order of what they say."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from weakref import WeakValueDictionary

from django.conf import settings
from django.utils import timezone

from chatops.archive import services as archive
from chatops.archive.models import Entry
from chatops.core.database import in_db
from chatops.core.ids import first_at
from chatops.core.wire import wire
from chatops.rooms import services
from chatops.rooms.history import Said
from chatops.rooms.inside import RunningRoom
from chatops.rooms.membership import Loaded, Standing
from chatops.rooms.models import Affiliation, Room
from chatops.rooms.occupants import Occupant
from chatops.rooms.services.decoration import HatShown, worn_hats
from chatops.xmpp.content import RETRACTION
from chatops.xmpp.elements import parse
from chatops.xmpp.stanzas import Packed

DOZE_SECONDS = 60
TOLD_AT_ONCE = 20_000  # presences; some 60 ms
STANDING = ("rank", "nickname", "reason")


class Rooms:
    """The rooms that are awake, by local part. On the loop, but for `get`, `awake` and `count`."""

    def __init__(self) -> None:
        self._awake: dict[str, RunningRoom] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._started = timezone.now()
        self._cleared: asyncio.Task[int] | None = None

    def get(self, localpart: str) -> RunningRoom | None:
        return self._awake.get(localpart)

    def awake(self) -> list[RunningRoom]:
        return list(self._awake.values())

    def count(self, localpart: str) -> int:
        """How many people are inside."""
        room = self._awake.get(localpart)
        return len(room.occupants) if room is not None else 0

    def lock(self, localpart: str) -> AbstractAsyncContextManager[None]:
        """Held while a room wakes up, ends, or takes over news from the database: one at a time."""
        lock = self._locks.get(localpart)
        if lock is None:
            lock = self._locks[localpart] = asyncio.Lock()
        return lock

    async def wake(self, localpart: str) -> RunningRoom | None:
        """The room, from memory or from the database; None where there is none."""
        known = self._awake.get(localpart)
        if known is not None:
            return known
        await self.clear()
        async with self.lock(localpart):
            known = self._awake.get(localpart)
            if known is not None:
                return known
            loaded = await in_db(load, localpart)
            if loaded is None:
                return None
            room = self._awake[localpart] = RunningRoom(loaded)
            wire().loop.call_later(DOZE_SECONDS, self._doze, room)
            return room

    def _doze(self, room: RunningRoom) -> None:
        """Somebody asked for it, and nobody came in."""
        if not room.closed and not len(room.occupants):
            self.close(room)

    async def clear(self) -> None:
        """Once: temporary rooms that an earlier run has left have lost their people with it."""
        if self._cleared is None:
            self._cleared = asyncio.ensure_future(in_db(services.vanish_older, self._started))
        if not self._cleared.done():
            await asyncio.wait([self._cleared])
        if self._cleared.exception() is not None:
            self._cleared = None  # the database was away; the next one tries again

    async def reload(self, localpart: str) -> RunningRoom | None:
        """The room with its settings as they are now, if it is awake."""
        async with self.lock(localpart):
            room = self._awake.get(localpart)
            if room is None:
                return None
            loaded = await in_db(load, localpart, with_history=False)
            if loaded is None or room.closed:
                return None
            room.refresh(loaded)
            return room

    async def restand(self, localpart: str, bare: str) -> RunningRoom | None:
        """The room with one person's affiliation as it is now, if it is awake."""
        async with self.lock(localpart):
            room = self._awake.get(localpart)
            if room is None:
                return None
            room.stand(bare, await in_db(load_standing, localpart, bare))
            return None if room.closed else room

    def close(self, room: RunningRoom) -> None:
        """It falls asleep; a temporary one ends."""
        room.closed = True
        if self._awake.get(room.localpart) is room:
            del self._awake[room.localpart]

    async def end(self, room: RunningRoom) -> None:
        """Remove a temporary room that has lost its last occupant, unless somebody was faster."""
        async with self.lock(room.localpart):
            if room.localpart not in self._awake:
                await in_db(services.vanish, room.room.pk)


rooms = Rooms()


def load(localpart: str, *, with_history: bool = True) -> Loaded | None:
    """Read a room with what it needs to run."""
    room = Room.objects.filter(localpart=localpart).first()
    if room is None:
        return None
    rows = Affiliation.objects.filter(room=room).values_list("jid", *STANDING)
    standings = {jid: Standing(*standing) for jid, *standing in rows}
    archive_id = archive.cached_archive_id(room.jid) or archive.archive_id(room.jid)
    said = _said(room, archive_id) if with_history else []
    hats: dict[str, list[HatShown]] = {}
    for jid, hat in worn_hats(room):
        hats.setdefault(jid, []).append(hat)
    return Loaded(room, standings, archive_id, said, hats)


def exists(localpart: str) -> bool:
    return Room.objects.filter(localpart=localpart).exists()


def load_standing(localpart: str, bare: str) -> Standing | None:
    """One person's place in a room."""
    found = Affiliation.objects.filter(room__localpart=localpart, jid=bare)
    row = found.values_list(*STANDING).first()
    return Standing(*row) if row is not None else None


def _said(room: Room, archive_id: int) -> list[Said]:
    kept = Entry.objects.filter(archive=archive_id).exclude(message__body="")
    if room.history_from is not None:
        kept = kept.filter(message_id__gte=first_at(room.history_from))
    newest = kept.order_by("-message_id").values_list("message_id", "message__xml")
    said: list[Said] = []
    left = settings.CHATOPS_ROOM_HISTORY_BYTES
    for number, xml in newest[: room.history_length].iterator(chunk_size=20):
        element = parse(xml)
        if element.find(RETRACTION) is not None:
            continue
        each = Said(number, Packed.from_bytes(xml.encode()), element.get("from", ""))
        left -= each.size
        if left < 0:
            break
        said.append(each)
    return said[::-1]


def in_order(change: Callable[[], None]) -> "asyncio.Future[None]":
    """Do it when all that was said before has been stored and sent: nothing overtakes a message.

    The future has what it raises, mostly a refusal.
    """
    done: asyncio.Future[None] = wire().loop.create_future()

    def act() -> None:
        try:
            change()
        except Exception as error:  # noqa: BLE001 - who waits for it answers, or logs it
            settle(done, error)
        else:
            settle(done)

    wire().commit([], act)
    return done


async def in_slices(
    room: RunningRoom, people: Sequence[Occupant], change: Callable[[Occupant], None]
) -> None:
    """Do it for many, in that order, and let the rest of the service live between them.

    What each change tells is told to all inside, so it is their number that makes a slice.
    """
    size = max(1, TOLD_AT_ONCE // max(1, len(room.occupants)))

    def act(part: Sequence[Occupant]) -> None:
        for occupant in part:
            change(occupant)

    for start in range(0, len(people), size):
        await in_order(partial(act, people[start : start + size]))


def show_again(room: RunningRoom, occupant: Occupant) -> None:
    """Tell everybody how somebody is now, unless he has left meanwhile."""
    if room.occupants.by_nick(occupant.nick) is occupant:
        room.show(occupant)


def settle(done: "asyncio.Future[None]", error: Exception | None = None) -> None:
    """It is done, or has failed."""
    if done.done():  # who waited is gone
        return
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(None)


def changed(room: RunningRoom) -> None:
    """The browser's view of the room is out of date."""
    wire().page(f"room-{room.room.pk}", {"room": room.localpart})
