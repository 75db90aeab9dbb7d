"""Whom people keep away, in memory, for the loop: whoever passes stanzas on asks here first.

All lists of all people are held: few have one, and whether somebody has must be known at once.
"""

import asyncio
from collections import defaultdict
from typing import Final

from django.conf import settings

from chatops.contacts import services
from chatops.contacts.news import REMOVE, RosterChanged
from chatops.contacts.rules import ALL, IQ, PRESENCE_IN, PRESENCE_OUT, Contact, RuleList
from chatops.contacts.services import Privacy
from chatops.core.database import in_db
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element, local_name, make
from chatops.xmpp.errors import NotAcceptable
from chatops.xmpp.jid import JID

# Noted on a session: the name of the list that applies to it instead of the default one.
ACTIVE: Final = "active privacy list"
ERRORS = "urn:xmpp:blocking:errors"


class Blocked(NotAcceptable):
    """You have blocked this address, so nothing goes to it."""

    type = "cancel"  # as XEP-0191 section 3.3 has it

    def __init__(self) -> None:
        super().__init__(details=make(f"{{{ERRORS}}}blocked"))


class Guard:
    """Everybody's lists, by the owner's bare JID."""

    def __init__(self) -> None:
        self._known: dict[str, Privacy] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def of(self, bare: str) -> Privacy | None:
        return self._known.get(bare)

    async def load_all(self) -> None:
        """At the start of the service."""
        self._known = {each.bare: each for each in await in_db(_read_all)}

    async def read_again(self, user_id: int, bare: str) -> tuple[Privacy | None, Privacy | None]:
        """Take in what the database has now; returns what was known, and what is.

        Whoever reads does so after the other, so that the newest rows stay.
        """
        async with self._turns[bare]:
            fresh = await in_db(services.privacy_of, user_id=user_id)
            old = self._known.pop(bare, None)
            if fresh is not None:
                self._known[bare] = fresh
        if not self._turns[bare].locked():
            del self._turns[bare]
        return old, fresh

    def forget(self, bare: str) -> None:
        self._known.pop(bare, None)

    def roster_changed(self, change: RosterChanged) -> None:
        """Rules about groups and subscriptions follow the roster (XEP-0016 section 2.2)."""
        privacy = self._known.get(change.bare)
        if privacy is None or not change.shown:
            return
        if change.subscription == REMOVE:
            privacy.contacts.pop(change.jid, None)
        else:
            privacy.contacts[change.jid] = Contact(change.subscription, frozenset(change.groups))

    def lets_in(self, bare: str, sender: JID, kind: str, session: Session | None = None) -> bool:
        """Whether an account, or one session of it, gets what comes from there."""
        privacy = self._known.get(bare)
        return privacy is None or passes(privacy, sender, kind, session)

    def lets_out(self, session: Session, to: JID, kind: str) -> bool:
        """Whether a session's stanza goes there."""
        privacy = self._known.get(session.bare)
        return privacy is None or passes(privacy, to, kind, session)

    def may_send(self, session: Session, element: Element, to: JID) -> bool:
        """Whether a stanza of the session's client goes on. Raises Blocked; answers just vanish."""
        if session.bare not in self._known or element.get("to") is None:
            return True
        kind, type_ = local_name(element), element.get("type")
        shows = kind == "presence" and type_ in (None, "unavailable")
        if self.lets_out(session, to, PRESENCE_OUT if shows else ALL):
            return True
        if type_ in ("result", "error", "unavailable"):
            return False
        raise Blocked

    def takes_iq(self, sender: JID, to: JID, addressee: Session | None) -> bool:
        """Whether somebody may ask or answer an account of ours, or a device of it."""
        return self.lets_in(to.bare, sender, IQ, addressee)

    def takes_presence(self, element: Element, sender: JID, to: JID) -> bool:
        """Whether directed presence or a probe comes in; requests are for the roster to judge."""
        if to.bare not in self._known:
            return True
        shows = element.get("type") in (None, "unavailable")
        addressee = wire().session(to) if to.resource else None
        return self.lets_in(to.bare, sender, PRESENCE_IN if shows else ALL, addressee)


def passes(privacy: Privacy, other: JID, kind: str, session: Session | None) -> bool:
    """What the list that applies says; never of oneself, nor of the service itself."""
    if other.bare == privacy.bare or _is_service(other):
        return True
    rules = applying(privacy, session)
    return rules is None or rules.allows(other, kind, privacy.contacts)


def applying(privacy: Privacy, session: Session | None) -> RuleList | None:
    """Section 2.2: the list that is active on the session, else the default one."""
    name = session.notes.get(ACTIVE) if session is not None else None
    if name is not None and name in privacy.lists:
        return privacy.lists[name]
    return None if privacy.default is None else privacy.lists[privacy.default]


def _is_service(jid: JID) -> bool:
    domain = settings.CHATOPS_DOMAIN
    return not jid.local and (jid.domain == domain or jid.domain.endswith(f".{domain}"))


def _read_all() -> list[Privacy]:
    return list(services.privacy_of_all())


guard = Guard()
