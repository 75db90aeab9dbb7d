"""What is offered again, how often and for how long; and what becomes of the rest: dead letters."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists

from chatops.audit.services import Actor, record_each
from chatops.core.ids import LARGEST, later, new_id
from chatops.core.limits import Limit
from chatops.core.live import ring
from chatops.delivery.copies import HAS_IT, OPEN, settle, twins
from chatops.delivery.events import append_for
from chatops.delivery.models import Delivery, EventKind, State
from chatops.delivery.news import Waiting
from chatops.xmpp.errors import BadRequest

_A_DAY = later(0, timedelta(days=1))
FREE = 3  # attempts without a pause: connections break, and come back
BATCH = 500
BESIDE = Exists(twins().filter(OPEN))  # a device may still confirm it
GIVEN_UP = "given up after too many attempts: "

ATTEMPTS = Limit(
    "CHATOPS_DELIVERY_ATTEMPTS",
    "attempts",
    "How often a message is sent to devices that do not confirm it; then it is a dead letter.",
    "none",
)


class NoReason(BadRequest):
    """Say why, for the audit trail."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How often and for how long a message is offered; None is what the settings say."""

    attempts: int | None = None  # 0: without a limit
    lifetime_days: int | None = None  # 0: for ever

    def end_of_life(self, message_id: int) -> int | None:
        """Until when it is offered, as an id; None for ever."""
        days = self.lifetime_days
        if days is None:
            days = settings.CHATOPS_MESSAGE_LIFETIME_DAYS
        return min(message_id + days * _A_DAY, LARGEST) if days else None


USUAL = Allowance()


def pause(attempts: int) -> timedelta:
    """How long a message waits after so many attempts."""
    if attempts <= FREE:
        return timedelta(0)
    seconds = settings.CHATOPS_RETRY_SECONDS * 2.0 ** min(attempts - FREE - 1, 30)
    return timedelta(seconds=min(seconds, settings.CHATOPS_RETRY_LONGEST_SECONDS))


def is_last(delivery: Delivery) -> bool:
    """Whether there is no further attempt."""
    most = ATTEMPTS.value if delivery.most_attempts is None else delivery.most_attempts
    return 0 < most <= delivery.attempts


def due_after(attempts: int) -> int:
    """When it may be offered again, as an id; 0 for at once."""
    wait = pause(attempts)
    return later(new_id(), wait) if wait else 0


def sweep() -> None:
    """What its time is over is given up; whose pause is over is offered, unless a device has it.

    May run twice, also at the same time and after a crash: each row is decided in one transaction.
    """
    while _offer() == BATCH:
        """More of them wait."""
    while _expire() == BATCH:
        """More of them wait."""


@transaction.atomic
def _expire() -> int:
    now = new_id()
    rows = list(
        Delivery.objects.filter(~BESIDE, owed=True, state=State.QUEUED, expires__lt=now)
        .select_for_update(skip_locked=True)
        .order_by("expires")[:BATCH]
    )
    _decide(rows, State.EXPIRED, EventKind.EXPIRED, "nobody fetched it in its time")
    return len(rows)


@transaction.atomic
def _offer() -> int:
    """What is due; what waits beside a copy that a device may still confirm is left until then."""
    had = Exists(twins().filter(HAS_IT))
    rows = list(
        Delivery.objects.filter(
            had | ~BESIDE, owed=True, state=State.QUEUED, due__gt=0, due__lt=new_id()
        )
        .select_for_update(skip_locked=True)
        .order_by("due")[:BATCH]
    )
    covered = Delivery.objects.filter(had, pk__in=[row.pk for row in rows])
    numbers = set(covered.values_list("pk", flat=True))
    settle([row for row in rows if row.pk in numbers])
    offered = [row for row in rows if row.pk not in numbers]
    Delivery.objects.filter(pk__in=[row.pk for row in offered]).update(due=0)
    if offered:
        ring(Waiting(tuple({row.recipient_id for row in offered})))
    return len(rows)


@transaction.atomic
def revive(delivery_ids: Collection[int], *, by: Actor, reason: str) -> int:
    """Dead letters are offered again, as if they were new; returns how many they are."""
    rows = _letters(delivery_ids, reason)
    for row in rows:
        row.attempts, row.due, row.device = 0, 0, None
        row.expires = USUAL.end_of_life(new_id())
    _decide(rows, State.QUEUED, EventKind.REQUEUED, f"{by.name} wanted it: {reason}", owed=True)
    record_each(by, "delivery.requeue", rows, reason=reason)
    if rows:
        ring(Waiting(tuple({row.recipient_id for row in rows})))
    return len(rows)


@transaction.atomic
def discard(delivery_ids: Collection[int], *, by: Actor, reason: str) -> int:
    """Dead letters are done with; returns how many they were."""
    rows = _letters(delivery_ids, reason)
    _decide(rows, State.DISCARDED, EventKind.DISCARDED, f"{by.name}: {reason}")
    record_each(by, "delivery.discard", rows, reason=reason)
    return len(rows)


def _letters(delivery_ids: Collection[int], reason: str) -> list[Delivery]:
    if not reason.strip():
        raise NoReason
    found = Delivery.objects.dead().filter(pk__in=delivery_ids).select_for_update(of=("self",))
    return list(found.select_related("recipient").order_by("message_id"))


def give_up(rows: Collection[Delivery], *, detail: str) -> None:
    """No device confirmed them, however often; in the caller's transaction."""
    for _ in rows:
        ATTEMPTS.hit()
    _decide(rows, State.FAILED, EventKind.FAILED, f"{GIVEN_UP}{detail}")


def _decide(
    rows: Collection[Delivery], state: State, kind: EventKind, detail: str, *, owed: bool = False
) -> None:
    """One event each, and the state that follows from it."""
    events = append_for(rows, kind, detail=detail)
    for row, event in zip(rows, events, strict=True):
        row.state, row.owed, row.changed = state, owed, event.pk
    Delivery.objects.bulk_update(
        rows,
        ["state", "owed", "changed", "attempts", "due", "expires", "device"],
        batch_size=200,
    )
