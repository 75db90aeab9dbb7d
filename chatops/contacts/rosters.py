"""Rosters in memory, for the loop: whoever decides about presence reads here."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from chatops.contacts import services
from chatops.contacts.news import RosterChanged
from chatops.contacts.services import Snapshot
from chatops.core.database import in_db

REMEMBERED_CONTACTS = 200_000  # of people who are not connected
MOST_EARLY = 100  # changes that are kept for want of the one before them
SEES = ("to", "both")  # the account sees the contact
SEEN_BY = ("from", "both")  # the contact sees the account


@dataclass(eq=False)
class CachedRoster:
    """What presence needs of one account's roster. Sets hold bare JIDs."""

    user_id: int
    bare: str
    version: int
    sees: set[str] = field(default_factory=set)
    seen_by: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)  # they ask, and have no answer yet
    avatar: str = ""  # hash of the owner's photo (XEP-0153)
    early: dict[int, RosterChanged] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot) -> "CachedRoster":
        return cls(
            snapshot.user_id,
            snapshot.bare,
            snapshot.version,
            {item.jid for item in snapshot.items if item.subscription in SEES},
            {item.jid for item in snapshot.items if item.subscription in SEEN_BY},
            set(snapshot.waiting),
            snapshot.avatar,
        )

    def is_seen_by(self, bare: str) -> bool:
        return bare in self.seen_by

    def take(self, change: RosterChanged) -> Iterator[RosterChanged]:
        """Apply a committed change; yields what is news, in the order of versions.

        Changes come from several database threads and over bells: one that is known already is no
        news, one that comes before its predecessor waits for it.
        """
        if change.version <= self.version or change.user_id != self.user_id:
            return
        self.early[change.version] = change
        if len(self.early) > MOST_EARLY:  # its predecessor does not come: it went with a process
            self.version = min(self.early) - 1
        while (following := self.early.pop(self.version + 1, None)) is not None:
            self._apply(following)
            yield following

    def _apply(self, change: RosterChanged) -> None:
        self.version = change.version
        for jids, belongs in (
            (self.sees, change.subscription in SEES),
            (self.seen_by, change.subscription in SEEN_BY),
            (self.waiting, change.waiting),
        ):
            if belongs:
                jids.add(change.jid)
            else:
                jids.discard(change.jid)


class Rosters:
    """The cache. Sessions hold on to their account's roster; of others, the latest are kept."""

    def __init__(self, most_contacts: int = REMEMBERED_CONTACTS) -> None:
        self._known: WeakValueDictionary[str, CachedRoster] = WeakValueDictionary()
        self._latest: OrderedDict[str, tuple[CachedRoster, int]] = OrderedDict()
        self._most, self._weight = most_contacts, 0
        self._loading: dict[str, list[RosterChanged]] = {}

    def known(self, bare: str) -> CachedRoster | None:
        """The roster if it is in memory, as that of anybody available is."""
        return self._known.get(bare)

    async def of(self, bare: str) -> CachedRoster | None:
        """The roster of an account of ours; None where there is no such account."""
        known = self._known.get(bare)
        if known is not None:
            return known
        return (await self.load(bare))[0]

    async def load(self, bare: str) -> tuple[CachedRoster | None, Snapshot | None]:
        """Read it from the database: for what memory does not hold of it, or nothing of it yet."""
        meanwhile = self._loading.setdefault(bare, [])
        try:
            snapshot = await in_db(services.roster_of, username=bare.partition("@")[0])
        finally:
            if self._loading.get(bare) is meanwhile:
                del self._loading[bare]
        if snapshot is None:
            return None, None
        roster = self._known.get(bare)
        if roster is None or roster.user_id != snapshot.user_id:
            roster = CachedRoster.of(snapshot)
            for change in meanwhile:  # committed while the rows were read
                for _ in roster.take(change):
                    pass
            self._keep(roster)
        return roster, snapshot

    def take(self, change: RosterChanged) -> list[RosterChanged]:
        """Make a committed change known; returns what is news here, in order."""
        if change.bare in self._loading:
            self._loading[change.bare].append(change)
        roster = self._known.get(change.bare)
        # Nobody is connected with a roster that is not in memory, so nobody needs the news.
        return [] if roster is None else list(roster.take(change))

    def forget(self, bare: str) -> None:
        self._known.pop(bare, None)
        self._drop(bare)

    def _keep(self, roster: CachedRoster) -> None:
        self._drop(roster.bare)
        weight = 1 + len(roster.sees) + len(roster.seen_by)
        self._known[roster.bare] = roster
        self._latest[roster.bare] = roster, weight
        self._weight += weight
        while self._weight > self._most and len(self._latest) > 1:
            self._drop(next(iter(self._latest)))

    def _drop(self, bare: str) -> None:
        if bare in self._latest:
            self._weight -= self._latest.pop(bare)[1]


rosters = Rosters()
