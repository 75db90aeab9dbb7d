"""Copies of one message on several devices of its recipient: what one means for the rest."""

from collections.abc import Collection, Sequence

from django.db.models import OuterRef, Q

from chatops.accounts.models import Device
from chatops.core.live import ring
from chatops.delivery.models import Delivery, DeliveryQuerySet, Event, EventKind, State
from chatops.delivery.news import LedgerGrew

# The device said so, or, without stream management, its connection lived on after the writing.
HAS_IT = Q(state__in=(State.CONFIRMED, State.DISPLAYED)) | Q(state=State.SENT, owed=False)
# On its way to the device, which may still confirm it.
OPEN = Q(state__in=(State.STORED, State.SENT), owed=True)


def has_it(copy: Delivery) -> bool:
    """HAS_IT, of a row that has been read."""
    return copy.state in (State.CONFIRMED, State.DISPLAYED) or (
        copy.state == State.SENT and not copy.owed
    )


def is_open(copy: Delivery) -> bool:
    """OPEN, of a row that has been read."""
    return copy.owed and copy.state in (State.STORED, State.SENT)


def waits(copy: Delivery) -> bool:
    """In the queue, for whichever device comes."""
    return copy.owed and copy.state == State.QUEUED


def twins() -> DeliveryQuerySet:
    """For an Exists: all copies of the outer one's message and recipient."""
    return Delivery.objects.filter(message=OuterRef("message"), recipient=OuterRef("recipient"))


def lock(message_ids: Collection[int], user_ids: Collection[int]) -> list[Delivery]:
    """All copies that these people have of these messages, until the transaction ends.

    Everybody who decides over several takes them in this order, so nobody waits in a circle.
    """
    found = Delivery.objects.filter(message__in=message_ids, recipient__in=user_ids)
    return list(found.select_for_update().order_by("message_id", "recipient_id", "id"))


def settle(waiting: Sequence[Delivery]) -> None:
    """Another device has it, so nobody else is offered it; in the caller's transaction.

    They stand again for the devices that they came back from, as they would if those had lost
    their connections a moment later.
    """
    if not waiting:
        return
    returned = Event.objects.filter(
        pk__in=[row.changed for row in waiting], kind=EventKind.REQUEUED
    )
    devices = dict(returned.values_list("pk", "device_id"))
    known = set(Device.objects.filter(pk__in=devices.values()).values_list("pk", flat=True))
    for row in waiting:
        device_id = devices.get(row.changed)
        row.device_id = device_id if device_id in known else None
        row.state = State.STORED if row.device_id is None else State.MISSED
        row.owed, row.due = False, 0
    Delivery.objects.bulk_update(waiting, ["device", "state", "owed", "due"], batch_size=200)
    ring(LedgerGrew(tuple({row.message_id for row in waiting})))
