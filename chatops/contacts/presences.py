"""Who hears of whose presence: fan-out over the rosters in memory and the live sessions."""

from collections.abc import Callable
from typing import cast

from django.conf import settings

from chatops.contacts.privacy import guard
from chatops.contacts.rosters import CachedRoster
from chatops.contacts.rules import PRESENCE_IN, PRESENCE_OUT
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element, parse, stanza
from chatops.xmpp.jid import JID
from chatops.xmpp.jid import parse as parse_jid
from chatops.xmpp.stanzas import Packed

# Noted on a session: its presence, ready to be addressed, and its account's roster.
PACKED, ROSTER = "packed presence", "roster"
PROBE = "probe"  # the id of our probes: an error that answers one is nobody's news

_OURS = f"@{settings.CHATOPS_DOMAIN}"
UNAVAILABLE = Packed.pack(stanza("presence", type_="unavailable"))


def is_ours(bare: str) -> bool:
    """Whether that is an account of this service's domain."""
    return bare.endswith(_OURS)


def roster_of(session: Session) -> CachedRoster | None:
    """The roster that the session holds on to, once it has been available or asked for it."""
    return cast("CachedRoster | None", session.notes.get(ROSTER))


def packed_presence(session: Session) -> Packed:
    """Of an available session."""
    return cast(Packed, session.notes[PACKED])


def available(bare: str) -> list[Session]:
    """The account's sessions that are available."""
    return [session for session in wire().sessions_of(bare) if session.presence is not None]


def attentive(bare: str) -> list[Session]:
    """The account's sessions that are available or have asked for the roster."""
    return [
        session
        for session in wire().sessions_of(bare)
        if session.interested or session.presence is not None
    ]


def broadcast(session: Session, packed: Packed, roster: CachedRoster) -> None:
    """To everybody who is subscribed, and to the account's own devices (section 4.2.2)."""
    sender, keeps_away = session.jid.full, guard.of(session.bare) is not None
    for contact in roster.seen_by:
        if keeps_away and not guard.lets_out(session, parse_jid(contact), PRESENCE_OUT):
            continue
        send_to(contact, packed, sender)
    send_to(session.bare, packed, sender)


def send_to(bare: str, packed: Packed, sender: str) -> None:
    """To an account's available sessions, or on to where the address belongs."""
    if not is_ours(bare):
        wire().route(parse(packed.addressed(to=bare, sender=sender)))
        return
    data: bytes | None = None
    keeps_away = guard.of(bare) is not None
    for session in wire().sessions_of(bare):
        if session.presence is not None:
            if keeps_away and not guard.lets_in(bare, parse_jid(sender), PRESENCE_IN, session):
                continue
            data = data or packed.addressed(to=bare, sender=sender)
            session.send(data)


def greet(newcomer: Session, roster: CachedRoster) -> list[str]:
    """The newcomer hears of its contacts and of the account's other devices (section 4.3).

    Returns contacts whose own roster says that the newcomer does not see them.
    """
    to, bare, stale = newcomer.jid.full, newcomer.bare, []
    sessions_of = wire().sessions_of
    for contact in roster.sees:
        if not is_ours(contact):
            wire().route(stanza("presence", type_="probe", id_=PROBE, from_=bare, to=contact))
            continue
        # Both ends are here: the probe's answer without the probe.
        for session in sessions_of(contact):
            if session.presence is None:
                continue
            theirs = roster_of(session)
            if theirs is not None and not theirs.is_seen_by(bare):
                stale.append(contact)
                break
            if not _may_see(newcomer, session):
                continue
            newcomer.send(packed_presence(session).addressed(to=to, sender=session.jid.full))
    for session in sessions_of(bare):
        if session is not newcomer and session.presence is not None:
            newcomer.send(packed_presence(session).addressed(to=to, sender=session.jid.full))
    return stale


def _may_see(newcomer: Session, other: Session) -> bool:
    """Whether neither keeps the other away."""
    return guard.lets_out(other, newcomer.jid, PRESENCE_OUT) and guard.lets_in(
        newcomer.bare, other.jid, PRESENCE_IN, newcomer
    )


def tell_presence_of(owner: str, listener: str) -> None:
    """Each available device's presence, for who has just been allowed to see it."""
    for session in available(owner):
        if guard.lets_out(session, parse_jid(listener), PRESENCE_OUT):
            send_to(listener, packed_presence(session), session.jid.full)


def tell_unavailable(owner: str, listener: str) -> None:
    """Each device's absence, for who may see its presence no longer (section 3.2.2)."""
    for session in available(owner):
        send_to(listener, UNAVAILABLE, session.jid.full)


def answer_probe(asked: JID, asking: JID, send: Callable[[Packed, str], None]) -> None:
    """Section 4.3.2: the presence of each device, or that there is none."""
    sessions = [
        session
        for session in available(asked.bare)
        if (not asked.resource or session.jid.resource == asked.resource)
        and guard.lets_out(session, asking, PRESENCE_OUT)
    ]
    for session in sessions:
        send(packed_presence(session), session.jid.full)
    if not sessions:
        send(UNAVAILABLE, asked.full)


def withdraw_directed(session: Session, packed: Packed, roster: CachedRoster | None) -> None:
    """Tell those who were told directly (section 4.6.3), unless the broadcast reaches them."""
    targets, session.directed = session.directed, {}
    if not targets:
        return
    successor = wire().session(session.jid)  # a new connection that took this one's resource
    kept = successor.directed if successor is not None and successor is not session else {}
    for target in targets:
        if target in kept or (roster is not None and roster.is_seen_by(target.partition("/")[0])):
            continue
        wire().route(parse(packed.addressed(to=target, sender=session.jid.full)))


def element_to(element: Element, *, sender: str, to: str) -> bytes:
    """A stanza with other addresses, ready to be sent."""
    return Packed.pack(element).addressed(to=to, sender=sender)
