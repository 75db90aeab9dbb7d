"""What the ledger knows for server acknowledgements ("CRS"): the questions and the one verb."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from chatops.accounts.models import User
from chatops.core.ids import first_at, later, moment_of
from chatops.delivery import confirmations
from chatops.delivery.models import Delivery, Event, EventKind, State

# Before the last line of the ledger, when the service went down: what was sent earlier has been
# told of, also where it went down several times.
LOOK_BACK = timedelta(hours=1)
SLACK = timedelta(seconds=5)  # timers are late when much is to be done


@dataclass(frozen=True, slots=True)
class Overdue:
    """A message that nobody has confirmed, and that is still owed to its recipient."""

    message_id: int
    sender: str
    sender_bare: str
    stanza_id: str
    xml: str


def people() -> list[str]:
    """The addresses of those who have it switched on for themselves."""
    return [user.jid for user in User.objects.filter(uses_crs=True).only("username")]


def has_it_on(*, user_id: int) -> bool:
    return User.objects.filter(pk=user_id, uses_crs=True).exists()


@transaction.atomic
def confirm(*, user_id: int, device_id: int, stanza_id: str, door: str, detail: str) -> int | None:
    """Note that a device has a message, found by what it is owed; returns the message's id.

    The oldest with that id which was sent to the device, or waits for the account. None where
    there is none: it is unknown, or was confirmed before.
    """
    delivery = (
        Delivery.objects.filter(recipient=user_id, owed=True, message__stanza_id=stanza_id)
        .filter(Q(device=device_id) | Q(device=None))
        .select_for_update(of=("self",))
        .order_by("message_id", "id")
        .first()
    )
    if delivery is None:
        return None
    confirmations.note(
        message_id=delivery.message_id,
        recipient_id=user_id,
        device_id=device_id,
        kind=EventKind.CONFIRMED,
        door=door,
        detail=detail,
    )
    return delivery.message_id


def overdue(*, message_ids: Sequence[int], patience: timedelta) -> list[Overdue]:
    """Those of the messages that no device has confirmed, though they are still owed."""
    rows = (
        Delivery.objects.filter(message__in=message_ids, owed=True)
        .exclude(Exists(_confirmed()))
        .exclude(_for_who_is_absent(patience))
        .select_related("message")
        .order_by("message_id", "id")
    )
    found: dict[int, Overdue] = {}
    for row in rows:
        message = row.message
        found.setdefault(
            row.message_id,
            Overdue(
                row.message_id,
                message.sender,
                message.sender_bare,
                message.stanza_id,
                message.xml,
            ),
        )
    return list(found.values())


def left_waiting(*, patience: timedelta) -> Iterable[tuple[int, str]]:
    """What had been sent to a device and was neither confirmed nor told of: message, sender.

    For the start of the service, when all that was under way has gone back to the queue.
    """
    last = Event.objects.exclude(kind=EventKind.REQUEUED).order_by("-pk").first()
    if last is None:
        return []
    since = moment_of(last.pk) - max(LOOK_BACK, 2 * patience)
    told = Event.objects.filter(message_id=OuterRef("message_id"), kind=EventKind.OVERDUE)
    rows = (
        Delivery.objects.filter(message_id__gte=first_at(since), owed=True, state=State.QUEUED)
        .exclude(message__stanza_id="")
        .exclude(message__sender_bare=settings.CHATOPS_DOMAIN)
        .exclude(Exists(told))
        .exclude(Exists(_confirmed()))
        .exclude(_for_who_is_absent(patience))
        .order_by("message_id")
        .values_list("message_id", "message__sender_bare")
    )
    return dict(rows).items()


def _confirmed() -> "QuerySet[Delivery]":
    return Delivery.objects.filter(
        message=OuterRef("message"), state__in=(State.CONFIRMED, State.DISPLAYED)
    )


def _for_who_is_absent(patience: timedelta) -> Q:
    """Queued, and not sent to anybody in that time: there was nothing to confirm."""
    events = Event.objects.filter(message_id=OuterRef("message_id"))
    sent = events.filter(
        kind=EventKind.SENT, pk__lt=OuterRef("message_id") + later(0, patience + SLACK)
    )
    return Q(Exists(events.filter(kind=EventKind.QUEUED))) & ~Q(Exists(sent))
