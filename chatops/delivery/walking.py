"""Turning over the delivery log: places in it, pages of it, and how far one looks for them."""

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple, Self, TypeAlias

from django.db.models import Q, QuerySet

from chatops.core.ids import read_id
from chatops.delivery.models import Delivery

BUDGET = 100_000  # rows that an index finds and that are looked at for one page
_WINDOWS = (500, 5_000, 25_000)  # of them at a time; the last size repeats
LAST = (1 << 63) - 1  # no id is greater

Rows: TypeAlias = "QuerySet[Delivery]"


class Place(NamedTuple):
    """A row's place in the log; pages begin after one."""

    message_id: int
    delivery_id: int

    def __str__(self) -> str:
        return f"{self.message_id}-{self.delivery_id}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        message_id, _, delivery_id = text.partition("-")
        numbers = read_id(message_id), read_id(delivery_id)
        return None if None in numbers else cls(*numbers)  # type: ignore[arg-type]

    @classmethod
    def of(cls, row: Delivery) -> Self:
        return cls(row.message_id, row.pk)


class Page(NamedTuple):
    """Rows in the order of the log, and how far was looked where that was not to the end."""

    rows: list[Delivery]
    has_more: bool
    looked_to: int | None  # a message's id


class Way(NamedTuple):
    """How an index leads to rows."""

    keys: "QuerySet[Any, int]"  # message ids that the index has
    within: Callable[[int, int], Rows]  # the rows of those messages, from one id to another


def walk(
    way: Way,
    rest: Q,
    limit: int,
    *,
    low: int,
    high: int,
    after: Place | None,
    upwards: bool,
    columns: Collection[str],
) -> Page:
    """Rows along one way, in windows, until there are enough or enough was looked at."""
    order = ("message_id", "id") if upwards else ("-message_id", "-id")
    at = after.message_id if after else (low if upwards else high)
    low, high = (max(at, low), high) if upwards else (low, min(at, high))
    rows: list[Delivery] = []
    for size in _windows():
        ahead = way.keys.filter(message_id__gte=low, message_id__lte=high).order_by(order[0])
        edge = next(iter(ahead[size : size + 1]), None)
        first, last = (low, edge) if upwards else (edge, high)
        found = way.within(low if first is None else first, high if last is None else last)
        if after is not None:
            found = found.filter(_beyond(after, upwards=upwards))
        found = found.filter(rest).order_by(*order)
        found = found.only(*columns) if columns else found.select_related("recipient", "device")
        rows += found[: limit - len(rows)]
        if edge is None or len(rows) >= limit:
            return Page(rows, len(rows) >= limit, None)
        low, high = (edge + 1, high) if upwards else (low, edge - 1)
    return Page(rows, False, low - 1 if upwards else high + 1)  # noqa: FBT003 - a named tuple


def _windows() -> Iterator[int]:
    used = 0
    sizes = iter(_WINDOWS)
    size = 0
    while used < BUDGET:
        size = next(sizes, size)
        used += size
        yield size


def _beyond(place: Place, *, upwards: bool) -> Q:
    message_id, delivery_id = place
    if upwards:
        return Q(message_id__gt=message_id) | Q(message_id=message_id, id__gt=delivery_id)
    return Q(message_id__lt=message_id) | Q(message_id=message_id, id__lt=delivery_id)
