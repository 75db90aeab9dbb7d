"""The part of privacy lists in the message pipeline."""

from functools import partial

from chatops.contacts.privacy import guard, passes
from chatops.contacts.rules import MESSAGE
from chatops.contacts.services import Privacy
from chatops.core.envelope import Dropped, Envelope
from chatops.core.wire import Session
from chatops.xmpp.errors import Unavailable
from chatops.xmpp.jid import JID, InvalidJID, parse
from chatops.xmpp.names import MUC_USER

_ROOM = f"{{{MUC_USER}}}x"
_INVITE = f"{_ROOM}/{{{MUC_USER}}}invite"


class NotHere(Unavailable):
    """Nothing here takes that."""


def refuse_blocked(envelope: Envelope) -> None:
    """Take away the devices that do not want to hear of the sender (XEP-0016, XEP-0191).

    Who is kept away from all of them learns what he would of somebody who is not there.
    """
    privacy = guard.of(envelope.to.bare)
    if privacy is None or envelope.undeliverable is not None:
        return
    if not _hears_from(privacy, envelope):
        envelope.copies.clear()
        envelope.carbons.clear()
        envelope.undeliverable = Dropped() if envelope.type == "error" else NotHere()


def _hears_from(privacy: Privacy, envelope: Envelope) -> bool:
    senders = [envelope.sender]
    inviter = _inviter(envelope)
    if inviter is not None:
        senders.append(inviter)
    if envelope.offline:
        return all(passes(privacy, sender, MESSAGE, None) for sender in senders)
    welcome = partial(_welcome, privacy, senders)
    envelope.copies[:] = [copy for copy in envelope.copies if welcome(copy.session)]
    envelope.carbons[:] = [session for session in envelope.carbons if welcome(session)]
    return bool(envelope.copies)


def _welcome(privacy: Privacy, senders: list[JID], session: Session) -> bool:
    return all(passes(privacy, sender, MESSAGE, session) for sender in senders)


def _inviter(envelope: Envelope) -> JID | None:
    """Who is behind a room's invitation (XEP-0045 section 7.8.2)."""
    if _ROOM not in envelope.tags:
        return None
    invite = envelope.element.find(_INVITE)
    if invite is None:
        return None
    try:
        return parse(invite.get("from"))
    except InvalidJID:
        return None
