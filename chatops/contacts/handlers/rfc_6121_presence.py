"""Presence, RFC 6121 section 4: availability, broadcast, probes, directed presence, going away."""

from chatops.contacts import services
from chatops.contacts.handlers.rfc_6121_subscriptions import handle_subscription
from chatops.contacts.presences import (
    PACKED,
    available,
    broadcast,
    is_ours,
    tell_presence_of,
    withdraw_directed,
)
from chatops.contacts.rosters import CachedRoster, rosters
from chatops.contacts.subscriptions import Kind
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, DOMAIN, Feature, run_hooks
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element, stanza, text_of
from chatops.xmpp.errors import BadRequest
from chatops.xmpp.jid import JID
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
        await _become_unavailable(session, element)
    elif type_ != "error":
        raise BadRequest("Presence of that type needs an address.")


async def _become_available(session: Session, element: Element) -> None:
    priority = _priority(element)
    show = text_of(element, "show")
    if show is not None and show not in SHOWS:
        raise BadRequest("show is away, chat, dnd or xa.")
    roster = await rosters.of(session.bare)
    if roster is None:
        return
    initial, before = session.presence is None, session.priority
    packed = Packed.pack(element)
    session.presence, session.priority = element, priority
    session.notes[PACKED] = packed
    broadcast(session, packed, roster)
    if initial:
        _meet_contacts(session, roster)
        for request in await in_db(services.waiting_requests, user_id=session.user_id):
            session.send(request.encode())
    if priority >= 0 and (initial or before < 0):
        await run_hooks("available", session)


def _meet_contacts(session: Session, roster: CachedRoster) -> None:
    """The newcomer hears of its contacts and of the account's other devices (section 4.3)."""
    for contact in roster.sees():
        if is_ours(JID(contact)):
            # The probe's answer, without the probe: both ends are here. The contact's roster agrees
            # because each change of one side is a change of the other.
            tell_presence_of(contact, session)
        else:
            wire().route(stanza("presence", type_="probe", from_=session.bare, to=contact))
    for other in available(session.bare):
        if other is not session:
            packed = other.notes[PACKED]
            session.send(packed.addressed(to=session.jid.full, sender=other.jid.full))


async def _become_unavailable(session: Session, element: Element) -> None:
    roster = await rosters.of(session.bare)
    was_available = session.presence is not None
    session.presence, session.priority = None, 0
    session.notes.pop(PACKED, None)
    if was_available and roster is not None:
        broadcast(session, Packed.pack(element), roster)
    withdraw_directed(session, element, roster if was_available else None)


@presence.on_session("ended")
async def go_away(session: Session) -> None:
    """Its connection is gone: those who saw it there are told (section 4.5.2)."""
    if session.presence is not None or session.directed:
        await _become_unavailable(
            session, stanza("presence", type_="unavailable", from_=session.jid.full)
        )


@presence.presence(ACCOUNT)
async def take_directed(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """Presence addressed to an account of ours."""
    type_ = element.get("type")
    if type_ in SUBSCRIPTIONS:
        await handle_subscription(element, sender, to, Kind(type_), session)
    elif type_ == "probe":
        await _answer_probe(sender, to)
    elif type_ is None or type_ in ("unavailable", "error"):
        _deliver(element, sender, to)
    else:
        raise BadRequest("There is no such type of presence.")


async def _answer_probe(sender: JID, to: JID) -> None:
    """Section 4.3.2: to those who may see it; others are told that they may not."""
    roster = await rosters.of(to.bare)
    if roster is not None and (roster.is_seen_by(sender.bare) or sender.bare == to.bare):
        listener = wire().session(sender)
        tell_presence_of(to.bare, listener or str(sender.bare))
        return
    wire().route(stanza("presence", type_="unsubscribed", from_=to.bare, to=sender.bare))


def _deliver(element: Element, sender: JID, to: JID) -> None:
    """Directed presence: to the device that is named, or to all that are available."""
    if to.resource:
        session = wire().session(to)
        if session is not None:
            session.send(element)
        return
    data = Packed.pack(element).addressed(to=to.full, sender=sender.full)
    for session in available(to.bare):
        session.send(data)


def _priority(element: Element) -> int:
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
