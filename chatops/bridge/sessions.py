"""A bound resource (RFC 6120 section 7): a device that is logged in, and what waits for it."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from django.conf import settings

from chatops.bridge.counters import counters
from chatops.bridge.handling import COUNTER, Handling, Link
from chatops.bridge.holdback import Holdback
from chatops.bridge.unconfirmed import Unconfirmed
from chatops.core.limits import Limit
from chatops.core.wire import Tracked
from chatops.xmpp.elements import Element, make, serialise
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.jid import JID
from chatops.xmpp.names import SM

ACK_SECONDS = 0.1  # how long stanzas collect before the client is asked to acknowledge them

REQUEST = serialise(make(f"{{{SM}}}r"))

UNACKNOWLEDGED = Limit(
    "CHATOPS_MAX_UNACKNOWLEDGED",
    "stanzas",
    "Stanzas that a client with stream management may leave unacknowledged; then its session ends,"
    " and messages go back to the queue.",
    "resource-constraint",
)
SEND_BUFFER = Limit(
    "CHATOPS_SEND_BUFFER_BYTES",
    "bytes",
    "What may wait for a client that reads slowly, or acknowledges late; then its connection is"
    " cut, and messages go back to the queue.",
    "resource-constraint",
)


class LiveSession(Handling):
    """A device that is logged in; core.wire.Session. Lives on the loop."""

    def __init__(
        self, jid: JID, user_id: int, device_id: int, over: Callable[["LiveSession"], None]
    ) -> None:
        super().__init__()
        self.jid, self.bare = jid, jid.bare
        self.user_id, self.device_id = user_id, device_id
        self.door = self.address = self.client = ""
        self.since = self.last_active = time.time()
        self.priority = 0
        self.presence: Element | None = None
        self.carbons = self.interested = False
        self.directed: dict[str, None] = {}
        self.notes: dict[str, Any] = {}
        self.ended = False
        self._over = over
        self.holdback: Holdback | None = None  # while nobody is there to look, or to read
        # Outbound, with XEP-0198: everything since the client's last h.
        self.managed = False
        self.resumption_id = ""
        self.acknowledged = 0
        self.queue: deque[tuple[bytes, Tracked | None]] = deque()
        self.queued_bytes = 0
        self._fewer: asyncio.Event | None = None  # somebody waits for acknowledgements
        self._ack_timer: asyncio.TimerHandle | None = None
        self._expiry: asyncio.TimerHandle | None = None
        # Outbound, without it: what nothing has shown to be received.
        self._unsettled: list[Tracked] = []
        self._unconfirmed = Unconfirmed(self)

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
        if self.holdback is not None and self.holdback.takes(data, tracked):
            return
        self._send(data, tracked)

    def _send(self, data: bytes, tracked: Tracked | None) -> None:
        counters["stanzas out"] += 1
        if self.managed:
            if not self._enqueue(data, tracked):
                return
        elif tracked is not None:
            (self._unconfirmed if tracked.insists else self._unsettled).append(tracked)
        if self.link is not None:
            self.link.write(data)
            if tracked is not None and not self.ended:  # a full connection is cut by writing
                tracked.sent(self)

    def _enqueue(self, data: bytes, tracked: Tracked | None) -> bool:
        """Keep it until it is acknowledged; False where too much waits already."""
        self.queue.append((data, tracked))
        self.queued_bytes += len(data)
        if UNACKNOWLEDGED.is_exceeded_by(len(self.queue)):
            self.end("resource-constraint", "Too many stanzas were not acknowledged.")
            return False
        if SEND_BUFFER.is_exceeded_by(self.queued_bytes):
            self.end("resource-constraint", "Too much was not acknowledged.")
            return False
        if self._ack_timer is None:
            self._ack_timer = asyncio.get_running_loop().call_later(ACK_SECONDS, self._ask)
        return True

    async def drained(self) -> None:
        if self.link is not None:
            await self.link.drained()
        while not self.ended and (
            UNACKNOWLEDGED.is_half_met_by(len(self.queue))
            or SEND_BUFFER.is_half_met_by(self.queued_bytes)
        ):
            self._fewer = self._fewer or asyncio.Event()
            await self._fewer.wait()

    def rest(self) -> None:
        """Nobody looks: what is not urgent waits, what says nothing goes nowhere."""
        self.holdback = self.holdback or Holdback(self._hold_over)

    def wake(self) -> None:
        """Somebody looks: what has waited is sent."""
        holdback, self.holdback = self.holdback, None
        if holdback is not None:
            holdback.release()

    def _hold_over(self, data: bytes, tracked: Tracked | None) -> None:
        """What has waited long enough; the session may have ended by what went before it."""
        if not self.ended:
            self._send(data, tracked)
        elif tracked is not None:
            tracked.lost(self)

    def end(self, condition: str, text: str = "") -> None:
        """Close the stream with an error, and be over: there is no resumption."""
        link, self.link = self.link, None
        self.finish_session()
        if link is not None:
            link.fault(StreamFault(condition, text))

    # Inbound

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
            data, tracked = self.queue.popleft()
            self.queued_bytes -= len(data)
            if tracked is not None:
                tracked.confirmed(self)
        self._tell_fewer()

    def _tell_fewer(self) -> None:
        if self._fewer is not None:
            self._fewer.set()
            self._fewer = None

    def _ask(self) -> None:
        self._ack_timer = None
        if self.link is not None and self.queue:
            self.link.ask_for_life()

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
        self.wake()  # a resumed stream begins active (XEP-0352 section 5.2)

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
        self.rest()
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
        lost += self._unconfirmed.owed()
        if self.holdback is not None:
            lost += self.holdback.tracked()
        self.queue.clear()
        self._tell_fewer()
        self._unsettled = []
        for tracked in lost:
            tracked.lost(self)
        self._over(self)
