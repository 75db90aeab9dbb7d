"""Receipts (XEP-0184) and chat markers (XEP-0333) become rows of the ledger where they pass."""

from collections.abc import Iterator

from chatops.core.database import in_db
from chatops.core.journal import Write
from chatops.core.wire import Session, wire
from chatops.delivery import services
from chatops.delivery.models import EventKind
from chatops.delivery.tracking import ledger
from chatops.xmpp.elements import Element, tag_of
from chatops.xmpp.names import MARKERS, RECEIPTS

# Child element → what it means, and how the timeline names it.
CONFIRMATIONS = {
    f"{{{RECEIPTS}}}received": (EventKind.CONFIRMED, "receipt"),
    f"{{{MARKERS}}}received": (EventKind.CONFIRMED, "chat marker: received"),
    f"{{{MARKERS}}}displayed": (EventKind.DISPLAYED, "chat marker: displayed"),
    f"{{{MARKERS}}}acknowledged": (EventKind.DISPLAYED, "chat marker: acknowledged"),
}


def read_receipts(
    element: Element, *, original_sender: str, session: Session
) -> Iterator[tuple[int, list[Write]]]:
    """For each receipt in a stanza of `session`: the message it confirms, and the rows that say so.

    What memory no longer has is looked up, and written, in the background.
    """
    for child in element:
        meaning = CONFIRMATIONS.get(tag_of(child))
        stanza_id = child.get("id")
        if meaning is None or not stanza_id:
            continue
        kind, detail = meaning
        delivery = ledger.recall(original_sender, session.bare, stanza_id, session.device_id)
        if delivery is not None:
            yield delivery.message_id, delivery.confirm_now(kind, session, detail)
        else:
            wire().spawn(_look_up(original_sender, stanza_id, kind, detail, session))


async def _look_up(
    original_sender: str, stanza_id: str, kind: EventKind, detail: str, session: Session
) -> None:
    ledger.flush()  # what is known of it goes first
    message_id = await in_db(
        services.confirm,
        sender=original_sender,
        recipient_id=session.user_id,
        recipient=session.bare,
        device_id=session.device_id,
        stanza_id=stanza_id,
        kind=kind,
        door=session.door,
        detail=detail,
    )
    if message_id is not None:
        tell_pages(message_id)


def tell_pages(message_id: int) -> None:
    """Whoever looks at the message's timeline sees that it grew."""
    wire().page(f"message-{message_id}", {"message": str(message_id)})
