"""The way of a message to an account: through the policies, into the journal, to the devices."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property

from django.conf import settings
from django.utils.module_loading import import_string

from chatops.core.envelope import Dropped, Envelope, Policy
from chatops.core.ids import new_id
from chatops.core.queueing import underway
from chatops.core.wire import Session, wire
from chatops.delivery.news import Waiting
from chatops.xmpp.carbons import carbon
from chatops.xmpp.elements import Element, tag_of
from chatops.xmpp.errors import (
    InternalError,
    Overloaded,
    Refused,
    answerable,
    error_reply,
)
from chatops.xmpp.jid import JID
from chatops.xmpp.names import CLIENT
from chatops.xmpp.stanzas import Packed

logger = logging.getLogger(__name__)

TYPES = frozenset(("chat", "normal", "groupchat", "headline", "error"))


class MessagePath:
    """Takes messages for accounts of this domain."""

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        return tuple(import_string(path) for path in settings.MESSAGE_POLICY)

    def take(
        self,
        element: Element,
        sender: JID,
        to: JID,
        session: Session | None,
        finished: Callable[[], None],
    ) -> Awaitable[None] | None:
        """Send it on its way; `finished` is called once, when it is stored, refused or dropped."""
        type_ = element.get("type") or "normal"
        if type_ not in TYPES:
            type_ = "normal"  # RFC 6121 section 5.2.2
        envelope = Envelope(
            element=element,
            sender=sender,
            to=to,
            type=type_,
            id=element.get("id", ""),
            message_id=new_id(),
            session=session,
            tags=frozenset([tag_of(child) for child in element]),
        )
        return self._run(envelope, finished, 0)

    def _run(
        self, envelope: Envelope, finished: Callable[[], None], start: int
    ) -> Awaitable[None] | None:
        try:
            for number in range(start, len(self.policies)):
                pending = self.policies[number](envelope)
                if pending is not None:
                    return self._resume(envelope, finished, pending, number + 1)
        except Exception as error:  # noqa: BLE001 - _end answers, and logs what is not a refusal
            self._end(envelope, error)
            finished()
            return None
        wire().commit(
            envelope.writes,
            lambda: self._hand_over(envelope, finished),
            lambda: self._not_stored(envelope, finished),
        )
        return None

    async def _resume(
        self,
        envelope: Envelope,
        finished: Callable[[], None],
        pending: Awaitable[None],
        following: int,
    ) -> None:
        try:
            async with asyncio.timeout(settings.CHATOPS_STORE_SECONDS):
                await pending
        except TimeoutError:
            self._not_stored(envelope, finished)
            return
        except Exception as error:  # noqa: BLE001 - as in _run
            self._end(envelope, error)
            finished()
            return
        rest = self._run(envelope, finished, following)
        if rest is not None:
            await rest

    def _end(self, envelope: Envelope, error: Exception) -> None:
        _no_longer_underway(envelope)
        if isinstance(error, Dropped):
            # What a dropped stanza confirms was confirmed all the same.
            if envelope.writes:
                wire().commit(envelope.writes, lambda: _call_all(envelope.after))
            return
        if isinstance(error, Refused):
            refusal = error
            if envelope.writes:
                wire().commit(envelope.writes, lambda: _call_all(envelope.after))
        else:
            logger.error("in the message pipeline", exc_info=error)
            refusal = InternalError()
            _call_all(envelope.not_stored)
        self._refuse(envelope, refusal)

    def _refuse(self, envelope: Envelope, refusal: Refused) -> None:
        if not answerable(envelope.element):
            return
        reply = error_reply(envelope.element, refusal)
        body = envelope.element.find(f"{{{CLIENT}}}body")
        if body is not None:  # so that the sender's client can show what did not arrive
            reply.insert(0, body)
        if envelope.session is not None:
            envelope.session.send(reply)
        else:
            wire().route(reply)

    def _not_stored(self, envelope: Envelope, finished: Callable[[], None]) -> None:
        _no_longer_underway(envelope)
        _call_all(envelope.not_stored)
        self._refuse(envelope, Overloaded())
        finished()

    def _hand_over(self, envelope: Envelope, finished: Callable[[], None]) -> None:
        """It is durable: now it may be seen, by the devices first and then by the sender."""
        if envelope.copies or envelope.carbons or envelope.own_copies:
            data = envelope.data or Packed.pack(envelope.element).addressed(
                to=envelope.to.full, sender=envelope.sender.full
            )
            for copy in envelope.copies:
                copy.session.send(data, copy.tracked)
            follow = envelope.track_copy
            for session in envelope.carbons:
                session.send(
                    carbon("received", data, session.bare, session.jid.full),
                    follow and follow(session),
                )
            for session in envelope.own_copies:
                session.send(carbon("sent", data, session.bare, session.jid.full))
        _no_longer_underway(envelope)
        finished()
        _call_all(envelope.after)
        if envelope.offline and _is_somebody_there(envelope.to.bare):
            # They came while it was being stored.
            wire().tell(Waiting((envelope.recipient_id or 0,)))


def _no_longer_underway(envelope: Envelope) -> None:
    """It is in the queue, or never will be."""
    if envelope.queueing:
        envelope.queueing = False
        underway.end(envelope.to.bare)


def _is_somebody_there(bare: str) -> bool:
    return any(session.presence is not None for session in wire().sessions_of(bare))


def _call_all(calls: Iterable[Callable[[], None]]) -> None:
    for call in calls:
        call()
