"""Who has CRS on is told that what he sent is stored, wherever he sent it."""

from datetime import datetime

from django.conf import settings

from chatops.core.wire import wire
from chatops.delivery.crs.people import switched
from chatops.delivery.crs.stanzas import stored_notice
from chatops.xmpp.jid import JID


def tell_stored(sender: JID, stanza_id: str, at: datetime) -> None:
    """After the commit; who has it off is told nothing, nor who gave the message no id."""
    if not stanza_id or not switched.has(sender.bare):
        return
    session = wire().session(sender)
    if session is not None:
        session.send(stored_notice(stanza_id, at=at, by=settings.CHATOPS_DOMAIN))
