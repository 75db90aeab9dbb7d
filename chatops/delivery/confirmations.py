"""What devices say of the messages that they have, where memory does not know them any more."""

from collections.abc import Sequence

from django.db import transaction

from chatops.archive.models import Message
from chatops.core.ids import new_id, read_id
from chatops.delivery.copies import lock, settle, waits
from chatops.delivery.events import append, append_for
from chatops.delivery.models import NODE, Delivery, Event, EventKind, State


@transaction.atomic
def confirm(
    *,
    sender: str,
    recipient_id: int,
    recipient: str,
    device_id: int,
    stanza_id: str,
    kind: EventKind,
    door: str,
    detail: str,
    in_room: bool = False,
) -> int | None:
    """Note a receipt or marker for a message found by its sender and stanza id.

    `in_room`: the sender is a room that tracks delivery, and the id the one that it gave. Returns
    the message's id; None where there is no such message, which is nobody's error: the receipt may
    be for one that was not kept.
    """
    if in_room:
        message_id = _tracked_in(sender, recipient_id=recipient_id, stanza_id=stanza_id)
    else:
        message_id = _message_id(
            sender=sender, recipient_id=recipient_id, recipient=recipient, stanza_id=stanza_id
        )
    if message_id is None:
        return None
    note(
        message_id=message_id,
        recipient_id=recipient_id,
        device_id=device_id,
        kind=kind,
        door=door,
        detail=detail,
    )
    return message_id


def note(
    *,
    message_id: int,
    recipient_id: int,
    device_id: int,
    kind: EventKind,
    door: str,
    detail: str,
) -> None:
    """Write down, within a transaction, that a device has a message or has shown it."""
    event_id = new_id()
    state = State.DISPLAYED if kind == EventKind.DISPLAYED else State.CONFIRMED
    copies = lock([message_id], [recipient_id])
    delivery = _of_device(copies, device_id)
    if delivery is None:  # the device has it from a carbon or from its archive
        Delivery.objects.create(
            id=event_id,
            message_id=message_id,
            recipient_id=recipient_id,
            device_id=device_id,
            state=state,
            owed=False,
            changed=event_id,
        )
    else:
        Delivery.objects.filter(pk=delivery.pk).update(
            device_id=device_id, state=max(delivery.state, state), owed=False, changed=event_id
        )
    settle([copy for copy in copies if waits(copy) and copy != delivery])
    append(
        [
            Event(
                id=event_id,
                message_id=message_id,
                recipient_id=recipient_id,
                device_id=device_id,
                kind=kind,
                node=NODE,
                door=door,
                detail=detail,
            )
        ]
    )


@transaction.atomic
def refuse(
    *,
    sender: str,
    recipient_id: int,
    recipient: str,
    device_id: int,
    stanza_id: str,
    door: str,
    detail: str,
) -> int | None:
    """Note that a device answered a message that it was sent with an error.

    Returns the message's id; None where the device was sent no such message.
    """
    message_id = _message_id(
        sender=sender, recipient_id=recipient_id, recipient=recipient, stanza_id=stanza_id
    )
    if message_id is None:
        return None
    own = Delivery.objects.of_message(message_id).filter(recipient=recipient_id, device=device_id)
    row = own.filter(state__lt=State.FAILED).select_for_update().first()
    if row is None:
        return None
    event = append_for([row], EventKind.FAILED, detail=detail, door=door)[0]
    row.state, row.owed, row.changed = State.FAILED, False, event.pk
    row.save(update_fields=["state", "owed", "changed"])
    return message_id


def _of_device(copies: Sequence[Delivery], device_id: int) -> Delivery | None:
    """What it has; else what waits for whichever device comes; else what waited once."""
    own = [copy for copy in copies if copy.device_id == device_id]
    anybodys = [copy for copy in copies if copy.device_id is None]
    found = sorted(own or anybodys, key=lambda copy: (waits(copy), copy.owed, copy.pk))
    return found[-1] if found else None


def _tracked_in(room: str, *, recipient_id: int, stanza_id: str) -> int | None:
    """A message of that room which this recipient was sent."""
    found = Delivery.objects.filter(
        message=read_id(stanza_id), recipient=recipient_id, message__recipient_bare=room
    )
    return found.values_list("message_id", flat=True).first()


def _message_id(*, sender: str, recipient_id: int, recipient: str, stanza_id: str) -> int | None:
    """The newest message of that sender with that id which this recipient was sent.

    The sender is a bare address, or that of an occupant of a room.
    """
    bare, _, nickname = sender.partition("/")
    found = Message.objects.filter(sender_bare=bare, stanza_id=stanza_id).order_by("-id")
    if nickname:
        found = found.filter(sender=sender)
    for message in found[:10]:
        if (
            message.recipient_bare == recipient
            or message.deliveries.filter(recipient_id=recipient_id).exists()
        ):
            return message.pk
    return None
