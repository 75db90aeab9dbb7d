"""How well deliveries go, by the hour: a job counts them into small rows, for charts.

An hour is that in which messages were accepted, so an old hour's figures still change when what
waited is fetched: the last two hours are counted anew each time, older ones in turn.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import log2
from typing import Self

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from chatops.core.ids import TIME_SHIFT, first_at
from chatops.delivery.models import Delivery, Event, EventKind, HourFigures, State

HOUR = timedelta(hours=1)
KEPT_FRESH = 7 * 24  # hours
AGAIN = HOUR  # an old hour is counted again after that
SECONDS_AT_ONCE = 2.0  # for old hours, in one run
STEPS = 4  # buckets for each doubling: a percentile is right to within a tenth
GIVEN_UP = (State.FAILED, State.EXPIRED, State.DISCARDED)

_FIRST_CONFIRMATIONS = """
    SELECT ms, COUNT(*) FROM (
        SELECT (MIN(id) >> {shift}) - (message_id >> {shift}) AS ms FROM {table}
        WHERE message_id >= %s AND message_id < %s AND kind IN (%s, %s)
        GROUP BY message_id, recipient_id
    ) AS confirmations GROUP BY ms
"""


def roll_up(now: datetime | None = None) -> int:
    """Count the hours that may have changed; returns how many they are."""
    now = now or timezone.now()
    this = now.replace(minute=0, second=0, microsecond=0)
    for hour in (this, this - HOUR):
        count_hour(hour, now)
    counted, end = 2, time.monotonic() + SECONDS_AT_ONCE
    for hour in _stale(this, now):
        count_hour(hour, now)
        counted += 1
        if time.monotonic() > end:
            break
    return counted


def _stale(this: datetime, now: datetime) -> list[datetime]:
    """Older hours, those first that were never counted, or longest ago."""
    first = this - KEPT_FRESH * HOUR
    known = dict(HourFigures.objects.filter(hour__gte=first).values_list("hour", "counted_at"))
    older = [this - number * HOUR for number in range(2, KEPT_FRESH + 1)]
    never = datetime.min.replace(tzinfo=UTC)
    due = [hour for hour in older if known.get(hour, never) < now - AGAIN]
    return sorted(due, key=lambda hour: (known.get(hour, never), this - hour))


def count_hour(hour: datetime, now: datetime) -> None:
    """Set down how what was accepted in that hour stands."""
    first, end = first_at(hour), first_at(hour + HOUR)
    counts: Counter[str] = Counter()
    rows = Delivery.objects.filter(message_id__gte=first, message_id__lt=end).order_by()
    rows = rows.exclude(state=State.MISSED)  # another device has it, so it has arrived
    for state, owed, count in rows.values_list("state", "owed").annotate(Count("pk")):
        counts["failed" if state in GIVEN_UP else "waiting" if owed else "delivered"] += count
    fresh = HourFigures(hour=hour, latencies=_latencies(first, end), counted_at=now, **counts)
    HourFigures.objects.bulk_create(
        [fresh],
        update_conflicts=True,
        unique_fields=["hour"],
        update_fields=["delivered", "waiting", "failed", "latencies", "counted_at"],
    )


def _latencies(first: int, end: int) -> dict[str, int]:
    """How long it took until each device first confirmed: bucket → how many."""
    sql = _FIRST_CONFIRMATIONS.format(
        shift=TIME_SHIFT, table=connection.ops.quote_name(Event._meta.db_table)
    )
    buckets: Counter[str] = Counter()
    with connection.cursor() as cursor:
        kinds = (EventKind.CONFIRMED.value, EventKind.DISPLAYED.value)
        cursor.execute(sql, (first, end, *kinds))
        for milliseconds, count in cursor.fetchall():
            buckets[str(bucket(milliseconds))] += count
    return dict(buckets)


def bucket(milliseconds: int) -> int:
    return 0 if milliseconds < 1 else 1 + int(log2(milliseconds) * STEPS)


@dataclass(slots=True)
class Figures:
    """What one hour, or several together, came to."""

    delivered: int = 0
    waiting: int = 0
    failed: int = 0
    latencies: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, rows: Iterable[HourFigures]) -> Self:
        found = cls()
        for row in rows:
            found.delivered += row.delivered
            found.waiting += row.waiting
            found.failed += row.failed
            found.latencies.update({int(key): count for key, count in row.latencies.items()})
        return found

    @property
    def total(self) -> int:
        return self.delivered + self.waiting + self.failed

    @property
    def success(self) -> float | None:
        """The share of what is decided that arrived, 0 to 1; None where nothing is decided."""
        decided = self.delivered + self.failed
        return self.delivered / decided if decided else None

    def percentile(self, share: float) -> float | None:
        """So many milliseconds or less it took for that share of them."""
        total = self.latencies.total()
        if not total:
            return None
        missing = share * total
        for number, count in sorted(self.latencies.items()):
            if count >= missing:
                within = missing / count
                return 0.0 if number == 0 else float(2 ** ((number - 1 + within) / STEPS))
            missing -= count
        return None


def by_hour(hours: int, now: datetime | None = None) -> Iterator[tuple[datetime, Figures]]:
    """The last hours, the oldest first; empty ones too."""
    this = (now or timezone.now()).replace(minute=0, second=0, microsecond=0)
    first = this - (hours - 1) * HOUR
    rows = {row.hour: row for row in HourFigures.objects.filter(hour__gte=first)}
    for number in range(hours):
        hour = first + number * HOUR
        yield hour, Figures.of([rows[hour]] if hour in rows else [])
