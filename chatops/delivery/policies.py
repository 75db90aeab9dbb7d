"""The ledger's part of the message pipeline."""

from functools import partial

from chatops.archive.policies import worth_tracking
from chatops.core.envelope import Envelope
from chatops.core.ids import new_id
from chatops.core.wire import wire
from chatops.delivery.models import EventKind, State
from chatops.delivery.receipts import CONFIRMATIONS, read_receipts, tell_pages
from chatops.delivery.tracking import TrackedDelivery, ledger
from chatops.delivery.writes import delivery_write, event_write


def note_receipts(envelope: Envelope) -> None:
    """Write down what a receipt or marker confirms, in the commit of the stanza that carries it."""
    if envelope.tags.isdisjoint(CONFIRMATIONS):
        return
    if envelope.type == "error" or envelope.session is None:
        return
    for message_id, writes in read_receipts(
        envelope.element, original_sender=envelope.to.bare, session=envelope.session
    ):
        envelope.writes.extend(writes)
        envelope.after.append(partial(tell_pages, message_id))


def track(envelope: Envelope) -> None:
    """Open a line in the ledger for each device that will get it, or for the queue."""
    recipient_id = envelope.recipient_id
    if recipient_id is None:
        return
    if not envelope.offline and not worth_tracking(envelope.tags, envelope.type):
        return
    # What the sender does not want stored, and headlines, are never offered a second time.
    owed = envelope.archived and envelope.type != "headline"
    writes, message_id = envelope.writes, envelope.message_id
    writes.append(event_write(message_id, EventKind.STORED, node=wire().node))
    if envelope.offline:
        writes.append(
            delivery_write(new_id(), message_id, recipient_id, None, state=State.QUEUED, owed=True)
        )
        writes.append(
            event_write(message_id, EventKind.QUEUED, recipient_id=recipient_id, node=wire().node)
        )
        envelope.after.append(partial(tell_pages, message_id))
        return
    for copy in envelope.copies:
        delivery = TrackedDelivery(
            new_id(), message_id, recipient_id, copy.session.device_id, ledger, owed=owed
        )
        delivery.written_owed = owed
        copy.tracked = delivery
        ledger.remember(envelope.sender.bare, envelope.to.bare, envelope.id, delivery)
        writes.append(
            delivery_write(
                delivery.id,
                message_id,
                recipient_id,
                delivery.device_id,
                state=State.STORED,
                owed=owed,
            )
        )
