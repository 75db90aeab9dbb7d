"""What may happen to deliveries: queued, taken by a device, ended; `returns` gives them back."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef

from chatops.archive import services as archive
from chatops.archive.models import Passing
from chatops.core.ids import new_id
from chatops.core.live import ring
from chatops.delivery import retries
from chatops.delivery.copies import HAS_IT, OPEN, twins
from chatops.delivery.events import append
from chatops.delivery.models import NODE, Delivery, Event, EventKind, State
from chatops.delivery.news import Waiting
from chatops.delivery.retries import Allowance


@dataclass(frozen=True, slots=True)
class Owed:
    """A queued message, taken for one device."""

    delivery_id: int
    message_id: int
    sender: str
    sender_bare: str
    recipient: str  # as its sender wrote it, a bare or full JID; a notice names nobody
    stanza_id: str
    xml: str

    def address(self, bare: str) -> str:
        """Where the account's copy goes: nothing rewrites it (RFC 6121 section 8.5.2.1.1)."""
        return self.recipient if self.recipient.partition("/")[0] == bare else bare


VIEWED = "shown from the queue"  # XEP-0013


@transaction.atomic
def queue(
    message_id: int, *, user_ids: Collection[int], allowance: Allowance = retries.USUAL
) -> None:
    """Owe a message to these people: online ones are told at once, the others at login.

    Who is owed it already is left alone, so a job may run twice.
    """
    already = set(
        Delivery.objects.of_message(message_id)
        .filter(recipient__in=user_ids)
        .values_list("recipient_id", flat=True)
    )
    fresh = [user_id for user_id in user_ids if user_id not in already]
    Delivery.objects.bulk_create(
        Delivery(
            id=(number := new_id()),
            message_id=message_id,
            recipient_id=user_id,
            state=State.QUEUED,
            changed=number,
            expires=allowance.end_of_life(message_id),
            most_attempts=allowance.attempts,
        )
        for user_id in fresh
    )
    _events(message_id, fresh, EventKind.QUEUED)
    ring(Waiting(tuple(fresh)))


def take(
    *, user_id: int, device_id: int, limit: int, after: int = 0, paused: bool = False
) -> list[Owed]:
    """Take queued messages for a device that is there, oldest first; they are its from now on.

    What the device has got, or has a copy of that it may still confirm, stays for others.
    `after`: only those with a greater id. `paused`: also those that are to wait for a while.
    """
    queued = Delivery.objects.queued_for(user_id).filter(message_id__gt=after)
    queued = queued.exclude(Exists(twins().filter(HAS_IT | OPEN, device=device_id)))
    if not paused:
        queued = queued.filter(due__lt=new_id())
    if not queued.exists():  # the usual case, and it takes no lock
        return []
    with transaction.atomic():
        found = (
            queued.select_for_update(skip_locked=True, of=("self",))
            .select_related("message")
            .order_by("message_id", "id")[:limit]
        )
        # Two of one message have been dead letters of two devices.
        rows = list({row.message_id: row for row in found}.values())
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            device=device_id, state=State.STORED, due=0
        )
        _note_retries([row for row in rows if row.attempts], device_id)
    return [_owed(row) for row in rows]


def _note_retries(rows: Sequence[Delivery], device_id: int) -> None:
    append(
        Event(
            id=new_id(),
            message_id=row.message_id,
            recipient_id=row.recipient_id,
            device_id=device_id,
            kind=EventKind.RETRIED,
            node=NODE,
            detail=f"attempt {row.attempts + 1}",
        )
        for row in rows
    )


def count_waiting(*, user_id: int) -> int:
    """How many messages are in somebody's queue."""
    return Delivery.objects.queued_for(user_id).count()


def waiting(*, user_id: int, limit: int, message_ids: Collection[int] | None = None) -> list[Owed]:
    """Somebody's queue, oldest first, or those messages of it; nothing is taken."""
    rows = Delivery.objects.queued_for(user_id).select_related("message")
    if message_ids is not None:
        rows = rows.filter(message__in=message_ids)
    return [_owed(row) for row in rows.order_by("message_id", "id")[:limit]]


@transaction.atomic
def note_viewed(*, user_id: int, device_id: int, message_ids: Collection[int]) -> None:
    """A device was shown queued messages, which stay in the queue (XEP-0013 section 2.4)."""
    append(
        Event(
            id=new_id(),
            message_id=message_id,
            recipient_id=user_id,
            device_id=device_id,
            kind=EventKind.SENT,
            node=NODE,
            detail=VIEWED,
        )
        for message_id in message_ids
    )


@transaction.atomic
def remove_waiting(
    *, user_id: int, device_id: int, message_ids: Collection[int] | None = None
) -> None:
    """Take messages out of somebody's queue, as he wants it: those, or all (XEP-0013).

    What a device of his has been shown counts as received; the rest he has thrown away unseen.
    """
    rows = Delivery.objects.queued_for(user_id)
    if message_ids is not None:
        rows = rows.filter(message__in=message_ids)
    found = dict(rows.values_list("message_id", "pk"))
    seen = set(
        Event.objects.filter(
            message_id__in=found, recipient_id=user_id, kind=EventKind.SENT, detail=VIEWED
        ).values_list("message_id", flat=True)
    )
    close(
        delivery_ids=[pk for message_id, pk in found.items() if message_id in seen],
        state=State.CONFIRMED,
        kind=EventKind.CONFIRMED,
        detail="fetched and removed by its recipient",
        device_id=device_id,
    )
    close(
        delivery_ids=[pk for message_id, pk in found.items() if message_id not in seen],
        state=State.DISCARDED,
        kind=EventKind.DISCARDED,
        detail="removed by its recipient",
        device_id=device_id,
    )


def _owed(row: Delivery) -> Owed:
    message = row.message
    return Owed(
        row.pk,
        row.message_id,
        message.sender,
        message.sender_bare,
        message.recipient,
        message.stanza_id,
        message.xml,
    )


@transaction.atomic
def withdraw(message_id: int, *, detail: str) -> int:
    """Take a message back from all who have not got it yet; returns how many they are.

    One event stands for all of them: they may be a hundred thousand.
    """
    number = new_id()
    waiting = Delivery.objects.of_message(message_id).filter(state=State.QUEUED)
    count = waiting.update(state=State.DISCARDED, owed=False, changed=number)
    if count:
        kind = EventKind.DISCARDED
        append([Event(id=number, message_id=message_id, kind=kind, node=NODE, detail=detail)])
    return count


@transaction.atomic
def close(
    *, delivery_ids: Sequence[int], state: State, kind: EventKind, detail: str, device_id: int = 0
) -> int:
    """End what is owed: it expired, or its recipient removed it; returns how many they were."""
    open_ones = Delivery.objects.filter(pk__in=delivery_ids, owed=True).select_for_update()
    rows = list(open_ones.values_list("pk", "message_id", "recipient_id"))
    events = append(
        Event(
            id=new_id(),
            message_id=message_id,
            recipient_id=recipient_id,
            device_id=device_id or None,
            kind=kind,
            node=NODE,
            detail=detail,
        )
        for _, message_id, recipient_id in rows
    )
    for (pk, _, _), event in zip(rows, events, strict=True):
        Delivery.objects.filter(pk=pk).update(state=state, owed=False, changed=event.pk)
    return len(rows)


@transaction.atomic
def leave_to_archive(*, user_id: int, bare: str, device_id: int) -> int:
    """A client that reads its archive anyway is not sent what lies there (XEP-0386 section 3.2).

    What no archive has stays in the queue. Returns how many messages they were.
    """
    archived = Delivery.objects.queued_for(user_id).filter(message__entries__archive__jid=bare)
    return close(
        delivery_ids=list(archived.values_list("pk", flat=True)),
        state=State.STORED,
        kind=EventKind.STORED,
        detail="left for the device to read in its archive",
        device_id=device_id,
    )


def empty_passing(*, batch: int = 500) -> int:
    """Let go of messages that were to be kept only until they had arrived (XEP-0334 section 4.1).

    Returns how many they were; what is still owed to somebody stays.
    """
    owed = Delivery.objects.filter(message=OuterRef("message"), owed=True)
    arrived = Passing.objects.exclude(Exists(owed)).values_list("message_id", flat=True)
    count = 0
    while found := list(arrived.order_by("message_id")[:batch]):
        archive.empty(found)
        count += len(found)
    return count


def _events(message_id: int, user_ids: Iterable[int], kind: EventKind) -> None:
    append(
        Event(id=new_id(), message_id=message_id, recipient_id=user_id, kind=kind, node=NODE)
        for user_id in user_ids
    )
