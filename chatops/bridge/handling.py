"""What a session's client has sent, and how much of it is handled: XEP-0198's ``h``, inbound."""

import asyncio
from collections import deque
from collections.abc import Awaitable
from typing import Protocol

from chatops.xmpp.elements import make, serialise
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.names import SM

COUNTER = 2**32  # where XEP-0198's counters begin again
MOST_IN_FLIGHT = 1_000  # messages of one session on their way into the journal


class Link(Protocol):
    """The stream that carries a session, as the session sees it."""

    door: str
    address: str

    def write(self, data: bytes) -> None: ...
    def ask_for_life(self) -> None:
        """Have the client say something soon; one that does not is gone."""

    def fault(self, fault: StreamFault) -> None:
        """Send a stream error and close."""

    def is_drained(self) -> bool:
        """Whether nothing that was written waits here or, as far as one can know, in the kernel."""

    async def drained(self) -> None: ...
    def pump(self) -> None:
        """Go on with what the client sent; the session's messages have been stored."""


class Handling:
    """The inbound half of a session: stanzas under way, and the count of those that are handled."""

    def __init__(self) -> None:
        self.link: Link | None = None
        self.begun = 0
        self.inflight = 0
        self.handled = 0
        self._behind: deque[int] = deque()  # refused at once, while messages were under way
        self._answering = 0  # requests and presence that take their time
        self._quiet: asyncio.Event | None = None  # somebody waits until nothing is under way
        self._acks_owed: deque[int] = deque()

    def begin(self) -> None:
        self.begun += 1
        self.inflight += 1

    def finish(self) -> None:
        """The oldest message under way is handled: the journal calls back in its order."""
        self.inflight -= 1
        self._count()
        while self._behind and self._behind[0] <= self.begun - self.inflight:
            self._behind.popleft()
            self._count()
        self._tell_quiet()
        if self.link is not None:
            self.link.pump()

    def count(self) -> None:
        """A stanza is handled that never was under way; its turn comes after those before it."""
        if self.inflight:
            self._behind.append(self.begun)
        else:
            self._count()

    async def attend(self, pending: Awaitable[None]) -> None:
        """A request or presence that takes its time; it counts as handled at its end."""
        self._answering += 1
        try:
            await pending
        finally:
            self._answering -= 1
            self.count()
            self._tell_quiet()

    async def quiet(self) -> None:
        """Wait until nothing that came is under way any more, so that `handled` is final."""
        while self.inflight or self._answering:
            self._quiet = self._quiet or asyncio.Event()
            await self._quiet.wait()

    def asked(self) -> None:
        """The client's ``<r/>``: answered when all that it sent before is handled (section 4)."""
        before = self.inflight + len(self._behind)
        if before:
            self._acks_owed.append((self.handled + before) % COUNTER)
        else:
            self._acknowledge()

    def _tell_quiet(self) -> None:
        if self._quiet is not None and not self.inflight and not self._answering:
            self._quiet.set()
            self._quiet = None

    def _count(self) -> None:
        """One more stanza is handled; owed acknowledgements may be due."""
        self.handled = (self.handled + 1) % COUNTER
        while self._acks_owed and not (self._acks_owed[0] - self.handled) % COUNTER:
            self._acks_owed.popleft()
            self._acknowledge()

    def _acknowledge(self) -> None:
        if self.link is not None:
            self.link.write(serialise(make(f"{{{SM}}}a", h=str(self.handled))))
