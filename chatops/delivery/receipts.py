"""What says that a message arrived or was read becomes rows of the ledger where it passes.

Receipts (XEP-0184), chat markers (XEP-0333) and message events (XEP-0022).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from chatops.core.database import in_db
from chatops.core.wire import Session, wire
from chatops.delivery import confirmations
from chatops.delivery.events import LONGEST_DETAIL
from chatops.delivery.models import EventKind
from chatops.delivery.tracking import Receipt, ledger
from chatops.xmpp.content import EVENT
from chatops.xmpp.elements import Element, local_name, namespace_of, tag_of, text_of
from chatops.xmpp.errors import Overloaded
from chatops.xmpp.names import CLIENT, EVENTS, MARKERS, RECEIPTS, STANZA_ERRORS

# Child element → what it means, and how the timeline names it.
_MEANINGS = {
    f"{{{RECEIPTS}}}received": (EventKind.CONFIRMED, "receipt"),
    f"{{{MARKERS}}}received": (EventKind.CONFIRMED, "chat marker: received"),
    f"{{{MARKERS}}}displayed": (EventKind.DISPLAYED, "chat marker: displayed"),
    f"{{{MARKERS}}}acknowledged": (EventKind.DISPLAYED, "chat marker: acknowledged"),
}
_EVENTS = {
    f"{{{EVENTS}}}displayed": (EventKind.DISPLAYED, "message event: displayed"),
    f"{{{EVENTS}}}delivered": (EventKind.CONFIRMED, "message event: delivered"),
}
CONFIRMATIONS = frozenset((*_MEANINGS, EVENT))
_ERROR = f"{{{CLIENT}}}error"


@dataclass(slots=True)
class Receipts:
    """What a stanza confirms: `found` in memory, or still to be looked up in the database."""

    found: list[Receipt]
    unknown: list[Awaitable[None]]

    async def look_up(self) -> None:
        for pending in self.unknown:
            await pending


def read_receipts(
    element: Element, *, original_sender: str, session: Session, in_room: bool = False
) -> Receipts:
    """The receipts and markers in a stanza of `session`.

    `in_room`: `original_sender` is a room, which gave the messages their ids.
    """
    found: list[Receipt] = []
    unknown: list[Awaitable[None]] = []
    for child in element:
        meaning, stanza_id = _meaning(child)
        if meaning is None or not stanza_id:
            continue
        delivery = ledger.recall(original_sender, session.bare, stanza_id, session.device_id)
        if delivery is not None:
            found.append(delivery.confirm_now(*meaning, session.door))
        else:
            unknown.append(_look_up(original_sender, stanza_id, *meaning, session, in_room))
    return Receipts(found, unknown)


def read_error(element: Element, *, original_sender: str, session: Session) -> Receipts:
    """What an error stanza of `session` says: its device will not have the message of that id."""
    stanza_id = element.get("id")
    if not stanza_id:
        return Receipts([], [])
    detail = _named(element.find(_ERROR))
    delivery = ledger.recall(original_sender, session.bare, stanza_id, session.device_id)
    if delivery is not None:
        return Receipts([delivery.confirm_now(EventKind.FAILED, detail, session.door)], [])
    return Receipts([], [_look_up_refused(original_sender, stanza_id, detail, session)])


def _named(error: Element | None) -> str:
    """The condition of a stanza error, and its text (RFC 6120 section 8.3)."""
    if error is None:
        return "an error without a condition"
    conditions = [local_name(child) for child in error if namespace_of(child) == STANZA_ERRORS]
    condition = next((name for name in conditions if name != "text"), "undefined-condition")
    text = (text_of(error, "text", STANZA_ERRORS) or "").strip()
    return f"{condition}: {text}"[:LONGEST_DETAIL] if text else condition


def _meaning(child: Element) -> tuple[tuple[EventKind, str] | None, str | None]:
    """What is confirmed, how the timeline names it, and the id of the message that it is about."""
    tag = tag_of(child)
    if tag != EVENT:
        return _MEANINGS.get(tag), child.get("id")
    meaning = next((_EVENTS[tag] for tag in _EVENTS if child.find(tag) is not None), None)
    return meaning, text_of(child, "id", EVENTS)


async def _look_up(
    original_sender: str,
    stanza_id: str,
    kind: EventKind,
    detail: str,
    session: Session,
    in_room: bool,  # noqa: FBT001
) -> None:
    ledger.flush()  # what is known of it goes first
    message_id = await in_db(
        confirmations.confirm,
        sender=original_sender,
        recipient_id=session.user_id,
        recipient=session.bare,
        device_id=session.device_id,
        stanza_id=stanza_id,
        kind=kind,
        door=session.door,
        detail=detail,
        in_room=in_room,
    )
    if message_id is not None:
        tell_pages(message_id)


async def _look_up_refused(
    original_sender: str, stanza_id: str, detail: str, session: Session
) -> None:
    ledger.flush()  # what is known of it goes first
    message_id = await in_db(
        confirmations.refuse,
        sender=original_sender,
        recipient_id=session.user_id,
        recipient=session.bare,
        device_id=session.device_id,
        stanza_id=stanza_id,
        door=session.door,
        detail=detail,
    )
    if message_id is not None:
        tell_pages(message_id)


def stored(
    receipts: Sequence[Receipt], failed: Callable[[], None] | None = None
) -> "asyncio.Future[None]":
    """Have them written; done, or Overloaded, when the stanza counts as handled."""
    future: asyncio.Future[None] = wire().loop.create_future()

    def done() -> None:
        for receipt in receipts:
            count(receipt)
        if not future.done():  # its session may have been told to wait already
            future.set_result(None)

    def refuse() -> None:
        for receipt in receipts:
            take_back(receipt)
        if failed is not None:
            failed()
        if not future.done():
            future.set_exception(Overloaded())

    wire().commit([write for receipt in receipts for write in receipt.writes], done, refuse)
    return future


def count(receipt: Receipt) -> None:
    """It is stored, so it counts."""
    receipt.delivery.stand_by(receipt)
    tell_pages(receipt.delivery.message_id)


def take_back(receipt: Receipt) -> None:
    """The database was away, and the device hears of that: it may say so again."""
    receipt.delivery.take_back(receipt)


def tell_pages(message_id: int) -> None:
    """Whoever looks at the message's timeline sees that it grew."""
    wire().page(f"message-{message_id}", {"message": str(message_id)})
