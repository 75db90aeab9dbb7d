"""Verification: is the ledger what was written? In bounded memory, while the service writes.

The chains are walked by their numbers, without what they seal. Events and seals are then read side
by side, both by id: an event is older than its seal, and usually by milliseconds.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import OperationalError
from django.db.models import QuerySet

from chatops.core.journal import Row
from chatops.delivery.chain import (
    EVENT_FIELDS,
    GENESIS,
    Entry,
    digest_of,
    hash_of,
    is_marked,
    unpack,
)
from chatops.delivery.findings import Report, What
from chatops.delivery.models import Event, Seal

logger = logging.getLogger(__name__)

LOWEST, LOWEST_CHAIN = -(1 << 63), -(1 << 15)
SEALS_AT_ONCE = 200
EVENTS_AT_ONCE = 2_000
MOST_LOOSE = 200_000  # events whose seal has not come yet; beyond, they have none


def _nothing(done: int) -> None:
    """Nobody watches."""


def heads() -> dict[int, tuple[int, str]]:
    """Each chain's last seal: its number, and its hash in hex."""
    found: dict[int, tuple[int, str]] = {}
    chain = LOWEST_CHAIN
    while True:  # each step is one look into the index, however long the chains are
        later = Seal.objects.filter(chain__gt=chain).order_by("chain")
        following = later.values_list("chain", flat=True).first()
        if following is None:
            return found
        chain = following
        mine = Seal.objects.filter(chain=chain).order_by("-number")
        for number, made in mine.values_list("number", "hash")[:1]:
            found[chain] = number, bytes(made).hex()


def verify(*, since: int = 0, watch: Callable[[int], None] = _nothing) -> Report:
    """Compare the ledger with its chains, from the id `since` on; 0 is everything.

    `watch` hears now and then of how many events are done; it may take its time.
    """
    report = Report(since)
    try:
        report.heads = heads()
        for chain, (until, _) in report.heads.items():
            _walk(chain, until, report)
        _Comparison(report, watch).run()
    except (TypeError, ValueError, AttributeError, OverflowError, MemoryError) as error:
        # SQLite takes words for numbers; whoever puts them there must not silence the alarm.
        logger.exception("the ledger cannot be compared")
        report.unreadable(error)
    return report


def _walk(chain: int, until: int, report: Report) -> None:
    """One chain's links, from the first that is wanted."""
    mine = Seal.objects.filter(chain=chain).order_by("number")
    links = mine.values_list("number", "previous", "hash", "id")
    number, last = 0, GENESIS
    if report.since:
        start = mine.filter(id__gte=report.since).order_by("id").first()
        if start is None:
            return
        before = links.filter(number__lt=start.number).last()
        if before is not None:
            number, last = before[0], bytes(before[2])
    cursor = number if report.since else LOWEST
    while page := links.filter(number__gt=cursor, number__lte=until)[:EVENTS_AT_ONCE]:
        for this, previous, made, seal_id in page:
            if this > number + 1:
                missing = this - number - 1
                report.seal(What.SEAL_REMOVED, chain, this, seal_id, count=missing)
            elif this != number + 1 or bytes(previous) != last:
                report.seal(What.SEAL_MOVED, chain, this, seal_id)
            number, last = this, bytes(made)
        cursor = number


@dataclass
class _Comparison:
    """Events and seals side by side."""

    report: Report
    watch: Callable[[int], None]
    sealed: dict[int, Entry] = field(default_factory=dict)  # whose event has not come yet
    loose: dict[int, Row] = field(default_factory=dict)  # whose seal has not come yet

    def run(self) -> None:
        # An id of its own for "everything": somebody may insert what is older than all.
        first = self.report.since or LOWEST
        seal_from = event_from = first
        while page := list(Seal.objects.filter(id__gte=seal_from).order_by("id")[:SEALS_AT_ONCE]):
            self.take_seals(page)
            seal_from = page[-1].pk + 1
            self.take_events(event_from, seal_from)
            event_from = seal_from
            self.settle(event_from, first)
        self.take_events(event_from, None)
        self.settle(None, first)
        self.take_newer_seals()
        for row in sorted(self.loose.values(), key=lambda row: row[0]):
            self.report.event(What.INSERTED, row[0], row[1])

    def take_seals(self, seals: Iterable[Seal]) -> None:
        for seal in seals:
            self.report.seals += 1
            for entry in self.entries_of(seal):
                row = self.loose.pop(entry.event_id, None)
                if row is None:
                    self.sealed[entry.event_id] = entry
                else:
                    self.compare(entry, row)

    def entries_of(self, seal: Seal) -> Iterator[Entry]:
        """What it proves; nothing if it does not hold itself."""
        events, made = bytes(seal.events), bytes(seal.hash)
        right = hash_of(
            seal_id=seal.pk,
            chain=seal.chain,
            number=seal.number,
            previous=bytes(seal.previous),
            events=events,
        )
        if right != made:
            self.report.seal(What.SEAL_CHANGED, seal.chain, seal.number, seal.pk)
            return iter(())
        if not is_marked(made, bytes(seal.mark)):
            self.report.seal(What.SEAL_FORGED, seal.chain, seal.number, seal.pk)
            return iter(())
        return unpack(events)

    def take_events(self, start: int, end: int | None) -> None:
        """Those from `start` on, and before `end`."""
        rows = Event.objects.order_by("id").values_list(*EVENT_FIELDS)
        if end is not None:
            rows = rows.filter(id__lt=end)
        while page := _read(rows.filter(id__gte=start)[:EVENTS_AT_ONCE]):
            for row in page:
                entry = self.sealed.pop(row[0], None)
                if entry is None:
                    self.loose[row[0]] = row
                else:
                    self.compare(entry, row)
            start = page[-1][0] + 1
            self.report.events += len(page)
            self.give_up_oldest()
            self.watch(self.report.events)

    def give_up_oldest(self) -> None:
        """Somebody has inserted a great many: memory stays bounded."""
        while len(self.loose) > MOST_LOOSE:
            number = next(iter(self.loose))
            self.report.event(What.INSERTED, number, self.loose.pop(number)[1])

    def settle(self, end: int | None, first: int) -> None:
        """What is sealed, and older than what has been read, is gone."""
        late = [entry for number, entry in self.sealed.items() if end is None or number < end]
        older = self.fetch([entry.event_id for entry in late if entry.event_id < first])
        for entry in late:
            del self.sealed[entry.event_id]
            if row := older.get(entry.event_id):
                self.compare(entry, row)
            else:
                self.report.event(What.REMOVED, entry.event_id, entry.message_id)

    def fetch(self, numbers: Sequence[int]) -> dict[int, Row]:
        """Events from before the start whose seals are after it."""
        found: dict[int, Row] = {}
        for start in range(0, len(numbers), 500):
            wanted = Event.objects.filter(pk__in=numbers[start : start + 500])
            found |= {row[0]: row for row in wanted.values_list(*EVENT_FIELDS)}
        return found

    def take_newer_seals(self) -> None:
        """Those that were committed meanwhile, and may have been passed by."""
        known = self.report.heads
        for chain in heads():
            number = known[chain][0] if chain in known else LOWEST
            newer = Seal.objects.filter(chain=chain, number__gt=number).order_by("number")
            while page := list(newer.filter(number__gt=number)[:SEALS_AT_ONCE]):
                for seal in page:
                    for entry in self.entries_of(seal):
                        if row := self.loose.pop(entry.event_id, None):
                            self.compare(entry, row)
                number = page[-1].number

    def compare(self, entry: Entry, row: Row) -> None:
        if digest_of(row) != entry.digest:
            self.report.event(What.CHANGED, entry.event_id, entry.message_id)


def _read(rows: "QuerySet[Event, Row]") -> list[Row]:
    """These rows. SQLite takes any bytes for text, and then cannot give them back as text."""
    try:
        return list(rows)
    except OperationalError as error:
        if "decode" not in str(error):
            raise
    return [_read_one(number) for number in list(rows.values_list("id", flat=True))]


def _read_one(number: int) -> Row:
    one: QuerySet[Event, Row] = Event.objects.filter(pk=number).values_list(*EVENT_FIELDS)
    try:
        return one.get()
    except OperationalError:
        return (number, 0, None, None, 0, "", "", "unreadable", None)
