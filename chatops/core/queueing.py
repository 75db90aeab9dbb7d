"""Messages keep their order around the queue of who is absent (RFC 6120 section 10.1).

Who comes is handed what waited; what comes meanwhile goes into the queue, behind the rest, until
nothing of it is left, nor on its way into it.
"""

import asyncio

# Noted on a session from its becoming available until its queue is handed over: a Flush.
FLUSHING = "flushing"


class Flush:
    """The handing over of a queue to one session."""

    def __init__(self) -> None:
        self.running = False
        self.again = False  # more was queued since it last looked


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
