"""Receipts, XEP-0184, and chat markers, XEP-0333, for what the service itself sent.

Those between people pass the message pipeline (`delivery.policies`); notices come from the domain,
so their receipts go there.
"""

from collections.abc import Awaitable

from chatops.core.features import ACCOUNT, DOMAIN, Feature
from chatops.core.wire import Session
from chatops.delivery.crs.confirming import confirm
from chatops.delivery.crs.people import switched
from chatops.delivery.crs.stanzas import read_confirmation
from chatops.delivery.receipts import Receipts, read_receipts, stored
from chatops.xmpp.elements import Element
from chatops.xmpp.errors import Unavailable
from chatops.xmpp.jid import JID
from chatops.xmpp.names import CLIENT, MARKERS, RECEIPTS

receipts = Feature("XEP-0184", (RECEIPTS,), at=(DOMAIN, ACCOUNT))
markers = Feature("XEP-0333", (MARKERS,), at=(ACCOUNT,))


class NobodyReads(Unavailable):
    """The service itself reads no messages, only receipts for its notices."""


@receipts.message(DOMAIN)
def take_receipt(
    element: Element, sender: JID, to: JID, session: Session | None
) -> Awaitable[None] | None:
    """Note a receipt for a notice; the stanza counts as handled when it is stored.

    Who has CRS on tells the domain of all that he gets (docs/crs.md).
    """
    if session is not None and switched.has(session.bare):
        confirmation = read_confirmation(element)
        if confirmation is not None:
            return confirm(session, confirmation)
    if session is None or element.find(f"{{{CLIENT}}}body") is not None:
        raise NobodyReads
    receipts = read_receipts(element, original_sender=to.bare, session=session)
    if receipts.unknown:
        return _store_all(receipts)
    return stored(receipts.found) if receipts.found else None


async def _store_all(receipts: Receipts) -> None:
    if receipts.found:
        await stored(receipts.found)
    await receipts.look_up()
