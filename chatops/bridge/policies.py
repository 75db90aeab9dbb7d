"""The bridge's part of the message pipeline: who gets a message now, and which copies go along."""

from collections.abc import Awaitable, Iterable

from chatops.bridge.directory import directory
from chatops.core.envelope import Copy, Dropped, Envelope
from chatops.core.queueing import FLUSHING, underway
from chatops.core.wire import Session, wire
from chatops.delivery.catching_up import is_offered_later
from chatops.xmpp.content import BODY, NO_COPY, NO_STORE, PRIVATE, STORE, is_momentary
from chatops.xmpp.errors import Unavailable
from chatops.xmpp.names import CHAT_STATES, MARKERS, RECEIPTS

_CHAT_STATE = f"{{{CHAT_STATES}}}"
# What makes a body-less message part of a conversation: worth a carbon (XEP-0280 section 6.1).
_CONVERSATIONAL = (f"{{{RECEIPTS}}}", f"{{{MARKERS}}}", _CHAT_STATE)


class NobodyThere(Unavailable):
    """There is no such account, or nobody there to take this."""


def choose_sessions(envelope: Envelope) -> Awaitable[None] | None:
    """Decide, by type and priority, which sessions get it now or that it waits (RFC 6121 §8.5).

    Where it can go nowhere the envelope says so: the message's own rules (XEP-0079) come first.
    """
    if envelope.sender_id is None and envelope.session is not None:
        envelope.sender_id = envelope.session.user_id
    sessions = wire().sessions_of(envelope.to.bare)
    known = next((session.user_id for session in sessions), None) or directory.known(
        envelope.to.local
    )
    if known is None:
        return _choose_slowly(envelope)
    envelope.recipient_id = known
    envelope.undeliverable = _find_places(envelope, sessions)
    return None


async def _choose_slowly(envelope: Envelope) -> None:
    envelope.recipient_id = await directory.find(envelope.to.local)
    if envelope.recipient_id is None:
        if envelope.type in ("error", "headline"):
            envelope.undeliverable = Dropped()
        else:
            envelope.undeliverable = NobodyThere(f"There is no account {envelope.to.bare}.")
        return
    envelope.undeliverable = _find_places(envelope, wire().sessions_of(envelope.to.bare))


def stop_undeliverable(envelope: Envelope) -> None:
    """What can go nowhere ends here, with an error where its type allows one."""
    if envelope.undeliverable is not None:
        raise envelope.undeliverable


def _find_places(envelope: Envelope, sessions: Iterable[Session]) -> Exception | None:
    """Where it goes, put into the envelope; or why it goes nowhere."""
    type_ = envelope.type
    if envelope.to.resource:
        addressee = wire().session(envelope.to)
        if addressee is not None:
            envelope.copies.append(Copy(addressee))
            envelope.carbons.extend(
                session for session in sessions if session.carbons and session is not addressee
            )
            return None
        # RFC 6121 section 8.5.3.2.1: only a chat goes on to the account as a whole.
        if type_ in ("error", "headline"):
            return Dropped()
        if type_ != "chat":
            return NobodyThere("That device is not connected.")
    elif type_ == "groupchat":
        return NobodyThere("A person is not a room.")
    elif type_ == "error":
        return Dropped()
    for session in sessions:
        if session.presence is not None and session.priority >= 0:
            envelope.copies.append(Copy(session))
        elif session.carbons:
            envelope.carbons.append(session)
    waits = type_ != "headline" and _is_stored_offline(envelope)
    if not envelope.copies:
        if not waits:
            return Dropped()
        _queue(envelope)
    elif waits:
        flushes = [
            copy.session.notes[FLUSHING]
            for copy in envelope.copies
            if FLUSHING in copy.session.notes
        ]
        if len(flushes) == len(envelope.copies):
            # While older messages are being handed over, a new one takes its place behind them.
            envelope.copies.clear()
            _queue(envelope)
            for flush in flushes:
                flush.again = True
        elif flushes and is_offered_later(envelope):
            # They are handed it behind what they have missed (delivery.catching_up).
            envelope.copies[:] = [
                copy for copy in envelope.copies if FLUSHING not in copy.session.notes
            ]
            envelope.queueing = True
            underway.begin(envelope.to.bare)
            for flush in flushes:
                flush.look_from(envelope.message_id)
    return None


def _queue(envelope: Envelope) -> None:
    envelope.offline = envelope.queueing = True
    underway.begin(envelope.to.bare)


def _is_stored_offline(envelope: Envelope) -> bool:
    """XEP-0160 section 3: everything but what says nothing once it is late."""
    tags = envelope.tags
    if NO_STORE in tags:
        return False
    if BODY in tags or STORE in tags:
        return True
    return not is_momentary(envelope.element, tags)


def copy_to_own_devices(envelope: Envelope) -> None:
    """Keep the carbon copies only where the message qualifies (XEP-0280 section 6)."""
    if PRIVATE in envelope.tags:
        for private in envelope.element.findall(PRIVATE):
            envelope.element.remove(private)
    if not _may_be_copied(envelope):
        envelope.carbons.clear()
        return
    if envelope.session is not None:
        covered = {copy.session for copy in envelope.copies}
        envelope.own_copies.extend(
            session
            for session in wire().sessions_of(envelope.sender.bare)
            if session.carbons and session is not envelope.session and session not in covered
        )


def _may_be_copied(envelope: Envelope) -> bool:
    tags = envelope.tags
    if envelope.type not in ("chat", "normal") or PRIVATE in tags or NO_COPY in tags:
        return False
    return BODY in tags or any(tag.startswith(_CONVERSATIONAL) for tag in tags)
