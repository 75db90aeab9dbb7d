"""The one way into the ledger: events are added together with the seal over them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from chatops.core.ids import new_id
from chatops.core.journal import Insert, Row
from chatops.core.live import ring
from chatops.delivery.chain import EVENT_FIELDS, seal
from chatops.delivery.models import NODE, Delivery, Event, EventKind
from chatops.delivery.news import LedgerGrew

LONGEST_DETAIL = 500  # letters, as the column has it
TOLD_AT_ONCE = 500  # messages whose pages are told that something has happened


@dataclass(eq=False, slots=True)
class SealedInsert(Insert):
    """INSERT of events, and of the seal over them."""

    def write(self, cursor: CursorWrapper, rows: Sequence[Row]) -> None:
        Insert.write(self, cursor, rows)
        seal(cursor, rows)


EVENT_INSERT = SealedInsert(Event, order=40, fields=EVENT_FIELDS, stamped=True)


@transaction.atomic
def append(events: Iterable[Event]) -> list[Event]:
    """Add events to the ledger in the caller's transaction: the way in for services."""
    added = list(events)
    if added:
        with connection.cursor() as cursor:
            EVENT_INSERT.run(cursor, [row_of(event) for event in added])
        messages = list({event.message_id for event in added})
        for first in range(0, len(messages), TOLD_AT_ONCE):
            ring(LedgerGrew(tuple(messages[first : first + TOLD_AT_ONCE])))
    return added


def append_for(
    deliveries: Iterable[Delivery], kind: EventKind, *, detail: str, door: str = ""
) -> list[Event]:
    """Add an event for each delivery, about the device that it is with."""
    return append(
        Event(
            id=new_id(),
            message_id=each.message_id,
            recipient_id=each.recipient_id,
            device_id=each.device_id,
            kind=kind,
            node=NODE,
            door=door,
            detail=detail[:LONGEST_DETAIL],
        )
        for each in deliveries
    )


def row_of(event: Event) -> Row:
    """Its fields in the order of EVENT_FIELDS."""
    return (
        event.pk,
        event.message_id,
        event.recipient_id,
        event.device_id,
        int(event.kind),
        event.node,
        event.door,
        event.detail,
        event.sent,
    )
