"""Who sees whom, before and after privacy lists change: whoever is hidden goes, or comes back."""

from dataclasses import dataclass, field

from chatops.contacts.presences import (
    UNAVAILABLE,
    available,
    is_ours,
    packed_presence,
    roster_of,
    send_to,
)
from chatops.contacts.privacy import guard
from chatops.contacts.rules import PRESENCE_IN, PRESENCE_OUT
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import parse
from chatops.xmpp.jid import parse as parse_jid


@dataclass
class Reach:
    """Who may see one session, and whom it may see, of those whom it concerns."""

    session: Session
    seen_by: set[str] = field(default_factory=set)  # bare JIDs, and those told directly
    sees: set[str] = field(default_factory=set)  # bare JIDs

    @classmethod
    def of(cls, session: Session) -> "Reach":
        reach, roster = cls(session), roster_of(session)
        concerned = set(session.directed)
        if roster is not None:
            concerned |= roster.seen_by
            reach.sees = {
                contact
                for contact in roster.sees
                if guard.lets_in(session.bare, parse_jid(contact), PRESENCE_IN, session)
            }
        reach.seen_by = {
            jid for jid in concerned if guard.lets_out(session, parse_jid(jid), PRESENCE_OUT)
        }
        return reach


def reaches_of(bare: str) -> list[Reach]:
    """Of each available device of an account."""
    return [Reach.of(session) for session in available(bare)]


def tell_changes(before: list[Reach]) -> None:
    """Both sides see what privacy lists have changed since (XEP-0016 sections 2.10, 2.11)."""
    for old in before:
        session = old.session
        if session.presence is None:
            continue
        new = Reach.of(session)
        for jid in old.seen_by - new.seen_by:
            _show(session, jid, hidden=True)
        roster = roster_of(session)
        for jid in new.seen_by - old.seen_by:
            if roster is not None and roster.is_seen_by(jid):
                _show(session, jid, hidden=False)
        for jid in old.sees - new.sees:
            _look(session, jid, hidden=True)
        for jid in new.sees - old.sees:
            _look(session, jid, hidden=False)


def _show(session: Session, jid: str, *, hidden: bool) -> None:
    packed = UNAVAILABLE if hidden else packed_presence(session)
    if "/" in jid:
        wire().route(parse(packed.addressed(to=jid, sender=session.jid.full)))
    else:
        send_to(jid, packed, session.jid.full)


def _look(session: Session, contact: str, *, hidden: bool) -> None:
    if not is_ours(contact):
        return  # its own server tells what it has to tell when it is asked again
    for theirs in available(contact):
        roster = roster_of(theirs)
        if roster is None or not roster.is_seen_by(session.bare):
            continue
        if guard.lets_out(theirs, session.jid, PRESENCE_OUT):
            packed = UNAVAILABLE if hidden else packed_presence(theirs)
            session.send(packed.addressed(to=session.jid.full, sender=theirs.jid.full))
