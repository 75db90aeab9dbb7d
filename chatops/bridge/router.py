"""Where a stanza goes, RFC 6120 section 10 and RFC 6121 section 8."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from django.conf import settings

from chatops.accounts import services as accounts
from chatops.bridge.answers import Answers, Pending, place_of
from chatops.bridge.messages import MessagePath
from chatops.bridge.questions import give_up
from chatops.bridge.requests import Requests
from chatops.contacts.privacy import Blocked, guard
from chatops.core.database import in_db_at_last
from chatops.core.features import (
    ACCOUNT,
    DOMAIN,
    ELSEWHERE,
    ITSELF,
    Address,
    registry,
    run_hooks,
)
from chatops.core.wire import FAREWELL, Session, wire
from chatops.xmpp.elements import Element, local_name
from chatops.xmpp.errors import (
    Malformed,
    Refused,
    RemoteServerNotFound,
    TooMuch,
    Unavailable,
    answerable,
    error_reply,
)
from chatops.xmpp.jid import JID, InvalidJID, parse

logger = logging.getLogger(__name__)

# How a message's sender is told that it is under way, and that it is done.
Flight = tuple[Callable[[], None], Callable[[], None]]

SUBSCRIPTIONS = frozenset(("subscribe", "subscribed", "unsubscribe", "unsubscribed"))
MOST_DIRECTED = 1_000  # addresses that one session has sent presence to, and not withdrawn


class Router:
    """Takes stanzas from sessions (`handle`) and from the service itself (`route`)."""

    def __init__(self, messages: MessagePath) -> None:
        self.domain: str = settings.CHATOPS_DOMAIN
        self._messages = messages
        self._answers = Answers(self.route)
        self._requests = Requests(self._answers)

    # From a client

    def handle(self, session: Session, element: Element) -> Pending:
        """One stanza of a bound session, `from` already true.

        Returns None when it is done or goes on by itself; else what the stream waits for before
        the session's next stanza.
        """
        kind = local_name(element)
        try:
            to = self._addressee(element, session)
        except InvalidJID:
            if answerable(element):
                session.send(error_reply(element, Malformed(), by=self.domain))
            return None
        try:
            if not guard.may_send(session, element, to):
                return None
        except Blocked as refusal:
            self._answers.refuse(element, session, refusal)
            return None
        if kind == "message":
            return self._message(session, element, session.jid, to, _in_flight(session))
        if kind == "iq":
            return self._requests.take(element, session.jid, to, session)
        return self._presence(element, session.jid, to, session)

    def _addressee(self, element: Element, session: Session) -> JID:
        text = element.get("to")
        if text is None:
            # RFC 6120 section 10.3: without an address it is for the account itself.
            return parse(session.bare)
        return parse(text)

    def send_for(self, session: Session, element: Element, finished: Callable[[], None]) -> Pending:
        """A stanza that a session lets the service send for it: as `handle`, but not counted.

        `finished` is called once, when it is stored, refused or dropped.
        """
        to, begun = parse(element.get("to")), False

        def begin() -> None:
            nonlocal begun
            begun = True

        if local_name(element) == "message":
            pending = self._message(session, element, session.jid, to, (begin, finished))
        else:
            pending = self._presence(element, session.jid, to, session)
        if not begun:
            finished()
        return pending

    # From the service

    def route(self, element: Element) -> None:
        """Send on what the service or a sub-service says, `from` and `to` set."""
        try:
            sender, to = parse(element.get("from")), parse(element.get("to"))
        except InvalidJID:
            logger.exception("the service made a stanza with a malformed address")
            return
        kind = local_name(element)
        if to.domain == self.domain and kind != "message" and to.resource:
            session = wire().session(to)
            if session is not None:
                if kind == "iq" or guard.takes_presence(element, sender, to):
                    session.send(element)
                return
        if kind == "message":
            pending = self._message(None, element, sender, to, _in_flight(None))
        elif kind == "iq":
            pending = self._requests.take(element, sender, to, None)
        else:
            pending = self._presence(element, sender, to, None)
        if pending is not None:
            wire().spawn(_awaited(pending))

    # Messages

    def _message(
        self, session: Session | None, element: Element, sender: JID, to: JID, flight: Flight
    ) -> Pending:
        begin, finished = flight
        if to.domain == self.domain and to.local:
            begin()
            return self._messages.take(element, sender, to, session, finished)
        address = place_of(to)
        handler = registry.message_handler(address, element) if address is not None else None
        if handler is None:
            self._answers.refuse(element, session, _nobody(to, address))
            return None
        begin()
        pending = self._answers.call(handler, element, sender, to, session)
        if isinstance(pending, asyncio.Future):
            # It is on its way to the journal; the sender's next message need not wait for it.
            pending.add_done_callback(
                lambda future: self._finished(future, element, session, finished)
            )
            return None
        if pending is None:
            finished()
            return None
        return self._finishing(pending, finished)

    def _finished(
        self,
        future: "asyncio.Future[None]",
        element: Element,
        session: Session | None,
        finished: Callable[[], None],
    ) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self._answers.fail(element, session, error)
        finished()

    async def _finishing(self, pending: Awaitable[None], finished: Callable[[], None]) -> None:
        try:
            await pending
        finally:
            finished()

    # Presence

    def _presence(self, element: Element, sender: JID, to: JID, session: Session | None) -> Pending:
        if element.get("to") is None:
            address: Address | None = DOMAIN
        elif to.domain == self.domain:
            address = ACCOUNT if to.local else ITSELF
            if address is ACCOUNT and not self._takes_presence(element, sender, to):
                return None
            if address is ITSELF:  # it has no presence of its own
                handler = registry.presences.get(ITSELF)
                return handler and self._answers.call(handler, element, sender, to, session)
        else:
            address = place_of(to)
        if session is not None and element.get("to") is not None:
            if address is not ACCOUNT and element.get("type") in SUBSCRIPTIONS:
                address = ELSEWHERE  # the sender's own roster first, RFC 6121 section 3.1.2
            elif not _note_directed(session, to, element.get("type")):
                self._answers.refuse(
                    element, session, TooMuch("You have greeted too many already.")
                )
                return None
        handler = registry.presences.get(address) if address is not None else None
        if handler is None:
            if element.get("type") not in ("unavailable", "error"):
                self._answers.refuse(element, session, _nobody(to, address))
            return None
        return self._answers.call(handler, element, sender, to, session)

    @staticmethod
    def _takes_presence(element: Element, sender: JID, to: JID) -> bool:
        """Whether the account wants it; of requests its side of the subscription decides."""
        return element.get("type") in SUBSCRIPTIONS or guard.takes_presence(element, sender, to)

    # Addresses

    def reaches(self, jid: JID) -> bool:
        """Whether anything for that address has a way to go."""
        return place_of(jid) is not None

    # Sessions

    async def session_bound(self, session: Session) -> None:
        await run_hooks("bound", session)

    async def session_ended(self, session: Session) -> None:
        """Let go of it everywhere, and remember until when the device was there."""
        give_up(session)
        await run_hooks("ended", session)
        await in_db_at_last(
            accounts.note_logout,
            user_id=session.user_id,
            device_id=session.device_id,
            status=session.notes.get(FAREWELL, ""),
        )


def _note_directed(session: Session, to: JID, type_: str | None) -> bool:
    """Who was told, has to be told when the session goes (RFC 6121 section 4.6.3).

    False where it has told as many as one session may.
    """
    if type_ is None:
        if len(session.directed) >= MOST_DIRECTED and to.full not in session.directed:
            return False
        session.directed[to.full] = None
    elif type_ == "unavailable":
        session.directed.pop(to.full, None)
    return True


def _in_flight(session: Session | None) -> Flight:
    if session is None:
        return _nothing, _nothing
    return session.begin, session.finish


def _nobody(to: JID, address: Address | None) -> Refused:
    if address is None:
        return RemoteServerNotFound(f"This service does not reach {to.domain}.")
    return Unavailable("Nothing here takes that.")


async def _awaited(pending: Awaitable[None]) -> None:
    await pending


def _nothing() -> None:
    """The service itself waits for nothing."""
