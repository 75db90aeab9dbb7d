"""Messages keep their order around the queue of who is absent (RFC 6120 section 10.1).

Who comes is handed what waited; what comes meanwhile goes into the queue, behind the rest, until
nothing of it is left, nor on its way into it.
"""

import asyncio

from django.conf import settings

from chatops.core.wire import Session, Tracked

# Noted on a session from its becoming available until its queue is handed over: a Flush.
FLUSHING = "flushing"


class Flush:
    """The handing over of a queue to one session."""

    def __init__(self) -> None:
        self.running = False
        self.again = False  # more was queued since it last looked
        self.missed: int | None = None  # from that id on, others may have what this one has not

    def look_from(self, message_id: int) -> None:
        """Other devices may have got that message, or later ones, and this one has not."""
        self.again = True
        self.missed = message_id if self.missed is None else min(self.missed, message_id)


class Underway:
    """How many messages are on their way into each account's queue."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._waiting: dict[str, asyncio.Event] = {}

    def begin(self, bare: str) -> None:
        """A message will be queued; `end` is called once it is, or never will be."""
        self._counts[bare] = self._counts.get(bare, 0) + 1

    def end(self, bare: str) -> None:
        left = self._counts[bare] - 1
        if left:
            self._counts[bare] = left
            return
        del self._counts[bare]
        event = self._waiting.pop(bare, None)
        if event is not None:
            event.set()

    def __contains__(self, bare: str) -> bool:
        return bare in self._counts

    async def none_left(self, bare: str) -> None:
        while bare in self._counts:
            await self._waiting.setdefault(bare, asyncio.Event()).wait()


underway = Underway()  # new ones, which come behind all that is queued
returning = Underway()  # those that a lost session leaves, which come before what is newer


class Outflow:
    """Much for one session, sent no faster than its client takes it: nobody is cut off for that."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bytes = 0  # since the client last kept up

    async def send(self, stanza: bytes, tracked: Tracked | None = None) -> None:
        """One more; the session may be gone afterwards."""
        self._session.send(stanza, tracked)
        self._bytes += len(stanza)
        if self._bytes > settings.CHATOPS_SEND_BUFFER_BYTES // 4:
            self._bytes = 0
            await self._session.drained()
