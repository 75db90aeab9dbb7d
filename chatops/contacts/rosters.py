"""Rosters in memory, for the loop: whoever decides about presence reads here."""

from collections import OrderedDict
from dataclasses import dataclass, field

from chatops.accounts.services import AccountRemoved
from chatops.contacts import services
from chatops.contacts.services import REMOVE, RosterChanged
from chatops.core.database import in_db
from chatops.core.live import hears

REMEMBERED = 20_000
SEES = ("to", "both")  # the account sees the contact
SEEN_BY = ("from", "both")  # the contact sees the account


@dataclass
class CachedRoster:
    """One account's roster."""

    version: int
    items: dict[str, RosterChanged] = field(default_factory=dict)

    def seen_by(self) -> list[str]:
        """Bare JIDs of those who get the account's presence."""
        return [jid for jid, item in self.items.items() if item.subscription in SEEN_BY]

    def sees(self) -> list[str]:
        """Bare JIDs of those whose presence the account gets."""
        return [jid for jid, item in self.items.items() if item.subscription in SEES]

    def is_seen_by(self, bare: str) -> bool:
        item = self.items.get(bare)
        return item is not None and item.subscription in SEEN_BY


class Rosters:
    """The cache; bounded, and true because every change passes `apply`."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, CachedRoster] = OrderedDict()

    async def of(self, bare: str) -> CachedRoster | None:
        """The roster of an account of ours; None where there is no such account."""
        known = self._known.get(bare)
        if known is not None:
            self._known.move_to_end(bare)
            return known
        found = await in_db(services.roster_of, username=bare.partition("@")[0])
        if found is None:
            return None
        version, items = found
        roster = self._known.setdefault(bare, CachedRoster(version))
        for item in items:
            roster.items.setdefault(item.jid, item)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return roster

    def apply(self, change: RosterChanged) -> None:
        """Make a committed change known; older news than what is known changes nothing."""
        roster = self._known.get(change.bare)
        if roster is None:
            return
        known = roster.items.get(change.jid)
        if known is not None and known.version > change.version:
            return
        roster.version = max(roster.version, change.version)
        if change.subscription == REMOVE:
            roster.items.pop(change.jid, None)
        else:
            roster.items[change.jid] = change

    def forget(self, bare: str) -> None:
        self._known.pop(bare, None)


rosters = Rosters()


@hears(AccountRemoved)
async def forget_roster(news: AccountRemoved) -> None:
    rosters.forget(news.bare)
