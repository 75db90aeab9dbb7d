"""What devices did not confirm goes back to the queue: once for each account, until one has it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

from django.db import transaction
from django.db.models import Exists

from chatops.core.ids import new_id
from chatops.core.live import ring
from chatops.delivery import missing, retries
from chatops.delivery.copies import HAS_IT, has_it, is_open, lock, settle, twins, waits
from chatops.delivery.events import append_for
from chatops.delivery.models import Delivery, Event, EventKind, State
from chatops.delivery.news import Beside, Waiting

CONNECTION_LOST = "the connection was lost"


@transaction.atomic
def requeue(
    *, delivery_ids: Iterable[int], detail: str = CONNECTION_LOST, tried: bool = True
) -> None:
    """Give back what devices did not confirm before their sessions were gone.

    What another device of the account has is not owed any more: these have missed it (`missing`).
    What waits already is not owed twice: the copies become one. `tried`: it counts as an attempt
    where the device was sent it; the next one may have to wait, and after the last one it is given
    up.
    """
    wanted = set(delivery_ids)
    covered: list[Delivery] = []
    joined: list[Delivery] = []
    back: list[Delivery] = []
    beside: set[tuple[int, int]] = set()
    people: set[int] = set()
    for copies in _by_account(wanted):
        lost = [copy for copy in copies if copy.pk in wanted and is_open(copy)]
        others = [copy for copy in copies if copy not in lost]
        if not lost or any(map(has_it, others)):
            covered += lost
            continue
        for copy in lost:
            copy.attempts += tried and copy.state == State.SENT
        if not any(map(waits, others)):
            first = lost.pop(0)
            first.attempts = max(copy.attempts for copy in (first, *lost))
            back.append(first)
        joined += lost
        people.add(copies[0].recipient_id)
        if any(map(is_open, others)):
            beside.add((copies[0].message_id, copies[0].recipient_id))
    missing.note(covered, detail=detail, tried=tried)
    _join(joined, detail)
    if tried:
        last = [
            copy
            for copy in back
            if retries.is_last(copy) and (copy.message_id, copy.recipient_id) not in beside
        ]
        retries.give_up(last, detail=detail)
    _put_back([copy for copy in back if copy.owed], detail, beside)
    if beside:
        ring(Beside(tuple(beside)))
    if people:
        ring(Waiting(tuple(people)))


def _by_account(delivery_ids: Collection[int]) -> Iterator[list[Delivery]]:
    """Those that are owed, each with all other copies of its message for its recipient; locked."""
    owed = Delivery.objects.filter(pk__in=delivery_ids, owed=True)
    pairs = list(owed.values_list("message_id", "recipient_id"))
    rows = lock({message_id for message_id, _ in pairs}, {user_id for _, user_id in pairs})
    for _, copies in groupby(rows, key=lambda row: (row.message_id, row.recipient_id)):
        yield list(copies)


def _join(copies: Sequence[Delivery], detail: str) -> None:
    """The queue has the message for their account: one row of it is enough."""
    _returned(copies, detail)
    Delivery.objects.filter(pk__in=[copy.pk for copy in copies]).delete()


def _put_back(copies: Sequence[Delivery], detail: str, beside: Collection[tuple[int, int]]) -> None:
    """Where another device may still confirm it, it is due at once: so the sweep looks after it."""
    for copy, event in zip(copies, _returned(copies, detail), strict=True):
        copy.state, copy.device, copy.changed = State.QUEUED, None, event.pk
        copy.due = retries.due_after(copy.attempts)
        if not copy.due and (copy.message_id, copy.recipient_id) in beside:
            copy.due = new_id()
    columns = ["state", "device", "changed", "attempts", "due"]
    Delivery.objects.bulk_update(copies, columns, batch_size=200)


def _returned(copies: Sequence[Delivery], detail: str) -> list[Event]:
    return append_for(copies, EventKind.REQUEUED, detail=detail)


@transaction.atomic
def settle_answered(pairs: Collection[tuple[int, int]]) -> None:
    """What came back to the queue, and a device has confirmed since: nobody else is offered it.

    `pairs` of message and recipient.
    """
    waiting = Delivery.objects.filter(
        Exists(twins().filter(HAS_IT)),
        message__in={message_id for message_id, _ in pairs},
        recipient__in={user_id for _, user_id in pairs},
        owed=True,
        state=State.QUEUED,
    )
    settle(list(waiting.select_for_update().order_by("message_id", "recipient_id", "id")))


def recover(*, batch: int = 500) -> int:
    """After a start: what was on its way to sessions that are gone goes back to the queue."""
    underway = Delivery.objects.filter(owed=True, device__isnull=False)  # as their index has them
    stale = underway.filter(state__in=(State.STORED, State.SENT))
    count = 0
    while found := list(stale.order_by("message_id").values_list("pk", flat=True)[:batch]):
        requeue(delivery_ids=found, detail="the service was restarted", tried=False)
        count += len(found)
    return count
