"""Who hears of whose presence: fan-out over the rosters in memory and the live sessions."""

from django.conf import settings

from chatops.contacts.rosters import CachedRoster
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element, parse, stanza
from chatops.xmpp.jid import JID
from chatops.xmpp.stanzas import Packed

PACKED = "packed presence"  # noted on a session: its presence, ready to be addressed


def available(bare: str) -> list[Session]:
    """The account's sessions that are available."""
    return [session for session in wire().sessions_of(bare) if session.presence is not None]


def broadcast(session: Session, packed: Packed, roster: CachedRoster) -> None:
    """To everybody who is subscribed, and to the account's own devices (section 4.2.2)."""
    sender = session.jid.full
    for contact in roster.seen_by():
        send_to(contact, packed, sender)
    send_to(session.bare, packed, sender)


def send_to(bare: str, packed: Packed, sender: str) -> None:
    """To an account's available sessions, or on to its own domain."""
    jid = JID(bare)
    if not is_ours(jid):
        wire().route(unpacked(packed, sender, bare))
        return
    data: bytes | None = None
    for session in wire().sessions_of(bare):
        if session.presence is not None:
            data = data or packed.addressed(to=bare, sender=sender)
            session.send(data)


def tell_presence_of(owner: str, listener: Session | str) -> None:
    """Each available device's presence, for who asks or has just been allowed to see it."""
    for session in available(owner):
        packed = packed_presence(session)
        if isinstance(listener, str):
            send_to(listener, packed, session.jid.full)
        else:
            listener.send(packed.addressed(to=listener.jid.full, sender=session.jid.full))


def tell_unavailable(owner: str, listener: str) -> None:
    """Each device's absence, for who may see its presence no longer (section 3.2.2)."""
    packed = Packed.pack(stanza("presence", type_="unavailable"))
    for session in available(owner):
        send_to(listener, packed, session.jid.full)


def withdraw_directed(session: Session, element: Element, roster: CachedRoster | None) -> None:
    """Tell those who were told directly (section 4.6.3), unless the broadcast reaches them."""
    targets, session.directed = session.directed, {}
    for target in targets:
        bare = target.partition("/")[0]
        if roster is not None and roster.is_seen_by(bare):
            continue
        wire().route(addressed(element, sender=session.jid.full, to=target))


def packed_presence(session: Session) -> Packed:
    packed = session.notes.get(PACKED)
    if not isinstance(packed, Packed):
        raise TypeError("an available session has a presence")
    return packed


def addressed(element: Element, *, sender: str, to: str) -> Element:
    """A copy of a stanza with other addresses."""
    return unpacked(Packed.pack(element), sender, to)


def unpacked(packed: Packed, sender: str, to: str) -> Element:
    return parse(packed.addressed(to=to, sender=sender))


def is_ours(jid: JID) -> bool:
    """Whether that is an account of this service."""
    return bool(jid.domain == settings.CHATOPS_DOMAIN)
