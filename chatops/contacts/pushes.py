"""Roster pushes, RFC 6121 section 2.1.6: every interested resource hears of each change once."""

from typing import Protocol

from chatops.contacts.news import REMOVE, RosterChanged
from chatops.contacts.privacy import guard
from chatops.contacts.rosters import rosters
from chatops.core.wire import wire
from chatops.xmpp.elements import Element, add, stanza
from chatops.xmpp.names import ROSTER
from chatops.xmpp.stanzas import Packed

QUERY, ITEM, GROUP = f"{{{ROSTER}}}query", f"{{{ROSTER}}}item", f"{{{ROSTER}}}group"


class Versioned(Protocol):
    """Whatever knows a version of somebody's roster."""

    @property
    def user_id(self) -> int: ...
    @property
    def version(self) -> int: ...


def tell(change: RosterChanged | None) -> None:
    """Take a committed change into memory and push what the clients do not know yet."""
    if change is None:
        return
    guard.roster_changed(change)
    for news in rosters.take(change):
        if news.shown:
            _push(news)


def _push(change: RosterChanged) -> None:
    listeners = [session for session in wire().sessions_of(change.bare) if session.interested]
    if not listeners:
        return
    request = stanza("iq", type_="set", id_=f"push-{change.version}")
    add_item(add(request, QUERY, ver=version_of(change)), change)
    packed = Packed.pack(request)
    for session in listeners:
        session.send(packed.addressed(to=session.jid.full, sender=""))


def version_of(roster: Versioned) -> str:
    """As clients keep it; an account that was made anew has versions of its own (section 2.6)."""
    return f"{roster.user_id}.{roster.version}"


def add_item(query: Element, item: RosterChanged) -> None:
    """One contact as the client sees it (section 2.1.2)."""
    element = add(
        query,
        ITEM,
        jid=item.jid,
        name=item.name or None,
        subscription=item.subscription,
        ask="subscribe" if item.ask else None,
        approved="true" if item.approved else None,
    )
    if item.subscription != REMOVE:
        for group in item.groups:
            add(element, GROUP, group)
