"""Bound resources (RFC 6120 section 7) and the table of them."""

import asyncio
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Protocol

from django.conf import settings

from chatops.bridge.counters import counters
from chatops.core.wire import Tracked
from chatops.xmpp.elements import Element, make, serialise
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.jid import JID
from chatops.xmpp.names import SM

ACK_SECONDS = 0.1  # how long stanzas collect before the client is asked to acknowledge them
COUNTER = 2**32  # where XEP-0198's counters begin again
MOST_IN_FLIGHT = 1_000  # messages of one session on their way into the journal
REMEMBERED = 10_000  # sessions that are over, for those who still want to resume them

REQUEST = serialise(make(f"{{{SM}}}r"))


class Link(Protocol):
    """The stream that carries a session, as the session sees it."""

    door: str
    address: str

    def write(self, data: bytes) -> None: ...
    def fault(self, fault: StreamFault) -> None:
        """Send a stream error and close."""

    def is_drained(self) -> bool:
        """Whether nothing that was written waits here or, as far as one can know, in the kernel."""

    async def drained(self) -> None: ...
    def pump(self) -> None:
        """Go on with what the client sent; the session's messages have been stored."""


class LiveSession:
    """A device that is logged in; core.wire.Session. Lives on the loop."""

    def __init__(
        self, jid: JID, user_id: int, device_id: int, over: Callable[["LiveSession"], None]
    ) -> None:
        self.jid, self.bare = jid, str(jid.bare)
        self.user_id, self.device_id = user_id, device_id
        self.link: Link | None = None
        self.door = self.address = self.client = ""
        self.since = self.last_active = time.time()
        self.priority = 0
        self.presence: Element | None = None
        self.carbons = self.interested = False
        self.directed: dict[str, None] = {}
        self.notes: dict[str, Any] = {}
        self.ended = False
        self._over = over
        # Inbound: messages under way, and what XEP-0198 calls h.
        self.begun = 0
        self.inflight = 0
        self.handled = 0
        self._behind: deque[int] = deque()  # refused at once, while messages were under way
        self._answering = 0  # requests and presence that take their time
        self._quiet: asyncio.Event | None = None  # somebody waits until nothing is under way
        self._acks_owed: deque[int] = deque()
        # Outbound, with XEP-0198: everything since the client's last h.
        self.managed = False
        self.resumption_id = ""
        self.acknowledged = 0
        self.queue: deque[tuple[bytes, Tracked | None]] = deque()
        self._fewer: asyncio.Event | None = None  # somebody waits for acknowledgements
        self._ack_timer: asyncio.TimerHandle | None = None
        self._expiry: asyncio.TimerHandle | None = None
        # Outbound, without it: what nothing has shown to be received.
        self._unsettled: list[Tracked] = []

    @property
    def blocked_until_resumed(self) -> bool:
        return self.link is None and not self.ended

    # Outbound

    def send(self, stanza: bytes | Element, tracked: Tracked | None = None) -> None:
        """Write a stanza; while the connection is cut it waits for the resumption."""
        if self.ended:
            if tracked is not None:
                tracked.lost(self)
            return
        data = stanza if isinstance(stanza, bytes) else serialise(stanza)
        counters["stanzas out"] += 1
        if self.managed:
            self.queue.append((data, tracked))
            if len(self.queue) > settings.CHATOPS_MAX_UNACKNOWLEDGED:
                self.end("resource-constraint", "Too many stanzas were not acknowledged.")
                return
            if self._ack_timer is None:
                self._ack_timer = asyncio.get_running_loop().call_later(ACK_SECONDS, self._ask)
        elif tracked is not None:
            self._unsettled.append(tracked)
        if self.link is not None:
            self.link.write(data)
            if tracked is not None and not self.ended:  # a full connection is cut by writing
                tracked.sent(self)

    async def drained(self) -> None:
        if self.link is not None:
            await self.link.drained()
        while len(self.queue) > settings.CHATOPS_MAX_UNACKNOWLEDGED // 2 and not self.ended:
            self._fewer = self._fewer or asyncio.Event()
            await self._fewer.wait()

    def end(self, condition: str, text: str = "") -> None:
        """Close the stream with an error, and be over: there is no resumption."""
        link, self.link = self.link, None
        self.finish_session()
        if link is not None:
            link.fault(StreamFault(condition, text))

    # Inbound

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

    def showed_life(self) -> None:
        """The client sent something: what it must have received by then is settled."""
        self.last_active = time.time()
        if self._unsettled and self.link is not None and self.link.is_drained():
            self._settle()

    def _settle(self) -> None:
        settled, self._unsettled = self._unsettled, []
        for tracked in settled:
            tracked.settled(self)

    # XEP-0198

    def manage(self, *, resumable: bool) -> None:
        """From here on stanzas are counted (section 3)."""
        self.managed = True
        self.handled = 0
        if resumable:
            self.resumption_id = secrets.token_urlsafe(18)

    def asked(self) -> None:
        """The client's ``<r/>``: answered when all that it sent before is handled (section 4)."""
        before = self.inflight + len(self._behind)
        if before:
            self._acks_owed.append((self.handled + before) % COUNTER)
        else:
            self._acknowledge()

    def acknowledge(self, handled: int) -> None:
        """The client's ``h``. Raises StreamFault for more than was sent (section 4)."""
        count = (handled - self.acknowledged) % COUNTER
        if count > len(self.queue):
            details = make(f"{{{SM}}}handled-count-too-high")
            details.set("h", str(handled))
            details.set("send-count", str((self.acknowledged + len(self.queue)) % COUNTER))
            raise StreamFault("undefined-condition", "More than was sent.", details=details)
        self.acknowledged = handled
        for _ in range(count):
            _, tracked = self.queue.popleft()
            if tracked is not None:
                tracked.confirmed(self)
        self._tell_fewer()

    def _tell_fewer(self) -> None:
        if self._fewer is not None:
            self._fewer.set()
            self._fewer = None

    def _acknowledge(self) -> None:
        if self.link is not None:
            self.link.write(serialise(make(f"{{{SM}}}a", h=str(self.handled))))

    def _ask(self) -> None:
        self._ack_timer = None
        if self.link is not None and self.queue:
            self.link.write(REQUEST)

    # Its connection

    def attach(self, link: Link) -> None:
        self.link, self.door, self.address = link, link.door, link.address
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def resend(self) -> None:
        """After a resumption: what the client has not acknowledged, in its order (section 5)."""
        for data, tracked in self.queue:
            if self.link is None:
                return
            self.link.write(data)
            if tracked is not None:
                tracked.sent(self)
        self._ask()

    def detach(self, link: Link, *, clean: bool) -> None:
        """The connection is gone; `clean` if the client closed its stream."""
        if self.link is not link or self.ended:
            return
        if clean and link.is_drained() and not self.managed:
            self._settle()
        self.link = None
        self._acks_owed.clear()
        if clean or not self.resumption_id:
            self.finish_session()
            return
        self._hibernate()

    def cut(self) -> None:
        """Somebody resumes it: an older connection, if it is still there, has lost it."""
        link, self.link = self.link, None
        if link is not None:
            self._acks_owed.clear()
            self._hibernate()
            link.fault(StreamFault("conflict", "The session was resumed elsewhere."))

    def _hibernate(self) -> None:
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(settings.CHATOPS_RESUME_SECONDS, self.finish_session)

    def finish_session(self) -> None:
        """It is over: what was not confirmed goes back to where it came from."""
        if self.ended:
            return
        self.ended = True
        for timer in (self._ack_timer, self._expiry):
            if timer is not None:
                timer.cancel()
        lost = [tracked for _, tracked in self.queue if tracked is not None] + self._unsettled
        self.queue.clear()
        self._tell_fewer()
        self._unsettled = []
        for tracked in lost:
            tracked.lost(self)
        self._over(self)


class SessionTable:
    """All sessions of this node, by account and by full JID."""

    def __init__(self) -> None:
        self._by_bare: dict[str, dict[str, LiveSession]] = {}
        self._resumable: dict[str, LiveSession] = {}
        self._over: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def of(self, bare: str) -> Collection[LiveSession]:
        found = self._by_bare.get(bare)
        return found.values() if found else ()

    def get(self, jid: JID) -> LiveSession | None:
        found = self._by_bare.get(jid.bare)
        return found.get(jid.resource) if found else None

    def all(self) -> list[LiveSession]:
        return [session for found in self._by_bare.values() for session in found.values()]

    def add(self, session: LiveSession) -> None:
        self._by_bare.setdefault(session.bare, {})[str(session.jid.resource)] = session

    def remove(self, session: LiveSession) -> None:
        found = self._by_bare.get(session.bare, {})
        if found.get(str(session.jid.resource)) is session:
            del found[str(session.jid.resource)]
            if not found:
                del self._by_bare[session.bare]
        if self._resumable.pop(session.resumption_id, None) is not None:
            self._over[session.resumption_id] = (session.user_id, session.handled)
            if len(self._over) > REMEMBERED:
                self._over.popitem(last=False)

    def let_resume(self, session: LiveSession) -> None:
        self._resumable[session.resumption_id] = session

    def resumable(self, resumption_id: str) -> LiveSession | None:
        return self._resumable.get(resumption_id)

    def handled_before_end(self, resumption_id: str, user_id: int) -> int | None:
        """The last `h` of that person's session, which is over; None where nobody remembers."""
        owner, handled = self._over.get(resumption_id, (None, 0))
        return handled if owner == user_id else None
