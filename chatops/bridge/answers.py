"""What a sender is told: results, and errors for all that goes wrong (RFC 6120 section 8.3)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from django.conf import settings

from chatops.core.features import ACCOUNT, DOMAIN, Address, StanzaHandler, registry
from chatops.core.wire import Session
from chatops.xmpp.elements import Element, local_name
from chatops.xmpp.errors import InternalError, Refused, answerable, error_reply
from chatops.xmpp.jid import JID, parse

logger = logging.getLogger(__name__)

Pending = Awaitable[None] | None


def place_of(to: JID) -> Address | None:
    """Which kind of addressee that is; None for a domain that is not ours."""
    domain = settings.CHATOPS_DOMAIN
    if to.domain == domain:
        return ACCOUNT if to.local else DOMAIN
    label, _, parent = to.domain.partition(".")
    if parent == domain and label in registry.subservices:
        return Address(label, node=bool(to.local))
    return None


class Answers:
    """Calls handlers, and answers in their stead where they refuse or fail."""

    def __init__(self, route: Callable[[Element], None]) -> None:
        self._route = route  # for a sender that is no session here

    def call(
        self,
        handler: StanzaHandler,
        element: Element,
        sender: JID,
        to: JID,
        session: Session | None,
    ) -> Pending:
        """What the sender's next stanza waits for; a future is left to the caller."""
        try:
            pending = handler(element, sender, to, session)
        except Exception as error:  # noqa: BLE001 - fail answers, and logs what is no refusal
            self.fail(element, session, error)
            return None
        if pending is None or isinstance(pending, asyncio.Future):
            return pending
        return self._guarded(pending, element, session)

    async def _guarded(
        self, pending: Awaitable[None], element: Element, session: Session | None
    ) -> None:
        try:
            await pending
        except Exception as error:  # noqa: BLE001 - fail answers, and logs what is no refusal
            self.fail(element, session, error)

    def fail(self, element: Element, session: Session | None, error: BaseException) -> None:
        """Answer a refusal as it says; anything else is our own fault, and logged."""
        if isinstance(error, Refused):
            self.refuse(element, session, error)
            return
        logger.error("while handling a %s", local_name(element), exc_info=error)
        self.refuse(element, session, InternalError())

    def refuse(self, element: Element, session: Session | None, refusal: Refused) -> None:
        """An error, unless the stanza is itself an answer (RFC 6120 section 8.3.1)."""
        if answerable(element):
            self.reply(error_reply(element, refusal, by=self._refuser(element)), session)

    def _refuser(self, element: Element) -> str | None:
        """A room says that it was the room, and nobody in it (RFC 6120 section 8.3.1)."""
        to = parse(element.get("to") or settings.CHATOPS_DOMAIN)
        place = place_of(to)
        return to.bare if to.local and place is not ACCOUNT and place is not None else None

    def reply(self, reply: Element, session: Session | None) -> None:
        """To the session that asked, or to whichever address did."""
        if session is not None:
            session.send(reply)
        elif reply.get("to"):
            self._route(reply)
