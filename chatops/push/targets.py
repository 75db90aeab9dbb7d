"""Everybody's registrations in memory, for the loop: the message path asks here.

All of them are held, so whether somebody has any is one look into a dict.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from chatops.core.database import in_db
from chatops.core.ids import first_at
from chatops.core.wire import Session, wire
from chatops.push import services
from chatops.push.news import News
from chatops.push.services import Enabled
from chatops.push.writes import waiting_write

MOST_KNOWN = 1_000  # messages of one registration whose timelines tell of the notification


class Target:
    """One registration: what its device has missed, and what of it the app server knows."""

    def __init__(self, row: Enabled) -> None:
        self.row = row
        self.waiting, self.failures, self.broken = row.waiting, row.failures, row.broken
        self.gone = False
        # By message id; what is in flight is known until it is written that it was told.
        self.unsent: dict[int, News] = {}
        self.in_flight: dict[int, News] = {}
        self.on_trial: dict[int, News] = {}  # sent to the device, which has not shown life since
        self.told: set[int] = set()  # while somebody reads what was told from the database
        self.readers = 0
        self.latest: News | None = None
        self.trial: asyncio.TimerHandle | None = None
        self.retry: asyncio.TimerHandle | None = None

    def take(self, row: Enabled) -> bool:
        """The row as it is now; True where it was enabled anew, so what has been is forgotten."""
        anew = row.enabled_at != self.row.enabled_at
        self.row = row
        if anew:
            self.failures, self.broken = 0, False
            self._stop_retry()
        return anew

    def session(self) -> Session | None:
        """That of its device, whether it is connected or may only be resumed."""
        for session in wire().sessions_of(self.row.bare):
            if session.device_id == self.row.device_id:
                return session
        return None

    def concerns(self, message_id: int) -> bool:
        """Whether the message came after the registration, and is news."""
        return (
            not self.broken
            and message_id >= first_at(self.row.enabled_at)
            and message_id not in self.unsent
            and message_id not in self.in_flight
            and message_id not in self.told
        )

    def note(self, news: News) -> None:
        """The device has missed it."""
        if self.broken or news.message_id in self.unsent or news.message_id in self.in_flight:
            return
        self.on_trial.pop(news.message_id, None)
        self.unsent[news.message_id] = news
        if news.is_message:
            self.waiting += 1
            self.latest = news
        if len(self.unsent) > MOST_KNOWN:
            del self.unsent[next(iter(self.unsent))]

    def begin(self) -> None:
        """All that is unsent goes out together."""
        self.in_flight, self.unsent = self.unsent, {}

    def arrived(self) -> list[News]:
        """What was in flight is told, and written down; returns it."""
        arrived, self.in_flight = self.in_flight, {}
        if self.readers:
            self.told.update(arrived)
        return list(arrived.values())

    @contextmanager
    def read(self) -> Iterator[None]:
        """While rows are read, what is told meanwhile is kept in mind: they may not have it yet."""
        self.readers += 1
        try:
            yield
        finally:
            self.readers -= 1
            if not self.readers:
                self.told.clear()

    def take_back(self) -> None:
        """It did not arrive, and is to be sent with what has come since."""
        self.unsent = {**self.in_flight, **self.unsent}
        self.in_flight = {}

    def has_been_here(self) -> bool:
        """Whether the device showed life since the first of what it is to be told."""
        session = self.session()
        first = next(iter(self.unsent.values()), None)
        return session is not None and first is not None and session.last_active > first.at

    def forget(self) -> None:
        """The device is here: it has not missed anything."""
        self._drop_news()
        if self.waiting:
            self.waiting = 0
            wire().commit([waiting_write(self.row.id, 0)], _nothing)

    def let_go(self) -> None:
        """It is no longer registered."""
        self.gone = True
        self.end()

    def end(self) -> None:
        """Nothing is told any more, because it is gone or broken."""
        self._drop_news()
        self._stop_retry()
        if self.trial is not None:
            self.trial.cancel()
            self.trial = None

    def _drop_news(self) -> None:
        self.unsent, self.in_flight, self.on_trial = {}, {}, {}
        self.latest = None

    def _stop_retry(self) -> None:
        if self.retry is not None:
            self.retry.cancel()
            self.retry = None


class Targets:
    """All registrations, by the owner's bare JID."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, Target]] = {}
        self._people: dict[int, str] = {}  # user id → bare JID
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def __bool__(self) -> bool:
        """Whether anybody has any."""
        return bool(self._known)

    def of(self, bare: str) -> Collection[Target] | None:
        """None for most people."""
        found = self._known.get(bare)
        return None if found is None else found.values()

    def of_people(self, user_ids: Iterable[int]) -> dict[int, Collection[Target]]:
        """Of those of them who have any."""
        return {
            user_id: self._known[self._people[user_id]].values()
            for user_id in user_ids
            if user_id in self._people
        }

    async def load_all(self) -> None:
        """At the start of the service."""
        self._known, self._people = {}, {}
        for row in await in_db(_read_all):
            self._known.setdefault(row.bare, {})[row.id] = Target(row)
            self._people[row.user_id] = row.bare

    async def read_again(self, user_id: int, bare: str) -> list[Target]:
        """Take in what the database has now; returns those that were enabled anew.

        Whoever reads does so after the other, so that the newest rows stay.
        """
        async with self._turns[bare]:
            rows = await in_db(_read, user_id)
            old = self._known.pop(bare, {})
            fresh, anew = {}, []
            for row in rows:
                target = old.pop(row.id, None)
                if target is None:
                    target = Target(row)
                elif target.take(row):
                    anew.append(target)
                fresh[row.id] = target
            for target in old.values():
                target.let_go()
            self._people.pop(user_id, None)
            if fresh:
                self._known[bare], self._people[user_id] = fresh, bare
        if not self._turns[bare].locked():
            del self._turns[bare]
        return anew

    def forget(self, bare: str) -> None:
        """The account is gone."""
        for target in self._known.pop(bare, {}).values():
            self._people.pop(target.row.user_id, None)
            target.let_go()


def _read(user_id: int) -> list[Enabled]:
    return list(services.enabled(user_id=user_id))


def _read_all() -> list[Enabled]:
    return list(services.enabled())


def _nothing() -> None:
    """Nobody waits for these rows."""


targets = Targets()
