"""Receipts, XEP-0184, and chat markers, XEP-0333, for what the service itself sent.

Those between people pass the message pipeline (`delivery.policies`); notices come from the domain,
so their receipts go there.
"""

import asyncio

from chatops.core.features import ACCOUNT, DOMAIN, Feature
from chatops.core.wire import Session, wire
from chatops.delivery.receipts import read_receipts, tell_pages
from chatops.xmpp.elements import Element
from chatops.xmpp.errors import Overloaded, Unavailable
from chatops.xmpp.jid import JID
from chatops.xmpp.names import CLIENT, MARKERS, RECEIPTS

receipts = Feature("XEP-0184", (RECEIPTS,), at=(DOMAIN, ACCOUNT))
markers = Feature("XEP-0333", (MARKERS,), at=(ACCOUNT,))


class NobodyReads(Unavailable):
    """The service itself reads no messages, only receipts for its notices."""


@receipts.message(DOMAIN)
def take_receipt(
    element: Element, sender: JID, to: JID, session: Session | None
) -> "asyncio.Future[None] | None":
    """Note a receipt for a notice; the stanza counts as handled when it is stored."""
    if session is None or element.find(f"{{{CLIENT}}}body") is not None:
        raise NobodyReads
    writes, message_ids = [], []
    for message_id, rows in read_receipts(element, original_sender=to.bare, session=session):
        writes.extend(rows)
        message_ids.append(message_id)
    if not writes:
        return None
    stored: asyncio.Future[None] = wire().loop.create_future()

    def done() -> None:
        stored.set_result(None)
        for message_id in message_ids:
            tell_pages(message_id)

    wire().commit(writes, done, lambda: stored.set_exception(Overloaded()))
    return stored
