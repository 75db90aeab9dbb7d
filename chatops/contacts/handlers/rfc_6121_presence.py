"""Presence, RFC 6121 section 4: availability, broadcast, probes, directed presence, going away."""

from functools import partial

from chatops.contacts import services
from chatops.contacts.handlers.rfc_6121_subscriptions import correct, handle_subscription
from chatops.contacts.handlers.xep_0153 import tell_photo
from chatops.contacts.presences import (
    PACKED,
    PROBE,
    ROSTER,
    answer_probe,
    attentive,
    available,
    broadcast,
    element_to,
    greet,
    roster_of,
    send_to,
    withdraw_directed,
)
from chatops.contacts.rosters import rosters
from chatops.contacts.subscriptions import Kind
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, DOMAIN, Feature, run_hooks
from chatops.core.queueing import FLUSHING, Flush
from chatops.core.wire import FAREWELL, Session, wire
from chatops.xmpp.elements import Element, stanza, text_of
from chatops.xmpp.errors import BadRequest
from chatops.xmpp.jid import JID
from chatops.xmpp.names import CLIENT
from chatops.xmpp.stanzas import Packed

presence = Feature("RFC 6121 §4", (), at=())

SUBSCRIPTIONS = frozenset(kind.value for kind in Kind)
SHOWS = frozenset(("away", "chat", "dnd", "xa"))


@presence.presence(DOMAIN)
async def take_undirected(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """A session says that it is there, how it is, or that it goes."""
    if session is None:
        return
    type_ = element.get("type")
    if type_ is None:
        await _become_available(session, element)
    elif type_ == "unavailable":
        session.notes[FAREWELL] = text_of(element, "status") or ""
        _become_unavailable(session, Packed.pack(element), tell_itself=True)
    else:
        raise BadRequest("Presence of that type needs an address.")


async def _become_available(session: Session, element: Element) -> None:
    """Sections 4.2 and 4.4."""
    priority = _priority(element)
    _must_be_well_formed(element)
    roster = roster_of(session) or await rosters.of(session.bare)
    if roster is None or wire().session(session.jid) is not session:
        return  # it ended meanwhile
    initial, before = session.presence is None, session.priority
    tell_photo(session, element, roster)
    packed = Packed.pack(element)
    session.presence, session.priority = element, priority
    session.notes[PACKED], session.notes[ROSTER] = packed, roster
    comes = priority >= 0 and (initial or before < 0)
    if comes:  # from here on what is sent to it goes behind what waits for it
        session.notes.setdefault(FLUSHING, Flush())
    broadcast(session, packed, roster)
    stale = greet(session, roster) if initial else []
    await run_hooks("presence", session)
    if comes:
        await run_hooks("available", session)
    for contact in stale:
        await correct(session.bare, contact)
    if initial and roster.waiting:  # section 3.1.3: at every login until they are answered
        for request in await in_db(services.waiting_requests, user_id=session.user_id):
            session.send(request.encode())


def _become_unavailable(session: Session, packed: Packed, *, tell_itself: bool) -> None:
    """Section 4.5."""
    roster = roster_of(session) if session.presence is not None else None
    session.presence, session.priority = None, 0
    session.notes.pop(PACKED, None)
    if roster is not None:
        broadcast(session, packed, roster)
        if tell_itself:
            session.send(packed.addressed(to=session.bare, sender=session.jid.full))
    withdraw_directed(session, packed, roster)


@presence.on_session("ended")
def go_away(session: Session) -> None:
    """Its connection is gone: those who saw it there are told (section 4.5.2)."""
    successor = wire().session(session.jid)
    if successor is not None and successor.presence is not None:
        session.presence = None  # who took its resource is there, and has said so
    if session.presence is not None or session.directed:
        gone = Packed.pack(stanza("presence", type_="unavailable"))
        _become_unavailable(session, gone, tell_itself=False)


@presence.presence(ACCOUNT)
async def take_directed(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """Presence addressed to an account of ours."""
    type_ = element.get("type")
    if type_ in SUBSCRIPTIONS:
        await handle_subscription(element, sender, to, Kind(type_), session)
    elif type_ == "probe":
        await _take_probe(sender, to)
    elif type_ == "error":
        _take_error(element, sender, to)
    elif type_ is None or type_ == "unavailable":
        _must_be_well_formed(element)
        _deliver(element, sender, to)
    else:
        raise BadRequest("There is no such type of presence.")


async def _take_probe(sender: JID, to: JID) -> None:
    """Section 4.3.2: for those who may see it; others are told that they may not."""
    roster = await rosters.of(to.bare)
    if sender.bare != to.bare and (roster is None or not roster.is_seen_by(sender.bare)):
        if roster is None or sender.bare not in roster.waiting:
            await correct(sender.bare, to.bare)
        return
    asking = wire().session(sender)
    if asking is None:
        answer_probe(to, sender, partial(send_to, sender.bare))
    else:
        answer_probe(
            to,
            sender,
            lambda packed, who: asking.send(packed.addressed(to=sender.full, sender=who)),
        )


def _take_error(element: Element, sender: JID, to: JID) -> None:
    """What came of something that the account, or a device of it, has said."""
    if to.resource:
        _deliver(element, sender, to)
    elif element.get("id") != PROBE:
        data = element_to(element, sender=sender.full, to=to.full)
        for session in attentive(to.bare):
            session.send(data)


def _deliver(element: Element, sender: JID, to: JID) -> None:
    """Directed presence: to the device that is named, or to all that are available."""
    if to.resource:
        session = wire().session(to)
        if session is not None:
            session.send(element)
        return
    data = element_to(element, sender=sender.full, to=to.full)
    for session in available(to.bare):
        session.send(data)


def _must_be_well_formed(element: Element) -> None:
    """Section 4.7.2.1: one show at most, of the four that there are."""
    shows = element.findall(f"{{{CLIENT}}}show")
    if len(shows) > 1 or any(show.text not in SHOWS for show in shows):
        raise BadRequest("show is away, chat, dnd or xa.")


def _priority(element: Element) -> int:
    """Section 4.7.2.3."""
    text = text_of(element, "priority")
    if text is None:
        return 0
    try:
        priority = int(text)
    except ValueError:
        priority = 999
    if not -128 <= priority <= 127:
        raise BadRequest("priority is a number from -128 to 127.")
    return priority
