"""Flood control: how fast a stream is read.

A client may send so many stanzas and bytes a second, and more at once after a silence. Who sends
faster is not read for a while, so that the network holds him back; nothing that he sent is lost.
Only where nothing holds a client back is there a bound to what may wait, and who exceeds it goes.
"""

import asyncio
import math
import time
from collections.abc import Callable

from chatops.core.limits import Limit

STANZAS = Limit(
    "CHATOPS_STANZAS_PER_SECOND",
    "stanzas a second",
    "What one session may send; who is faster is read more slowly.",
    "none",
)
STANZA_BURST = Limit(
    "CHATOPS_STANZA_BURST", "stanzas", "What one session may send at once after a silence.", "none"
)
BYTES = Limit(
    "CHATOPS_BYTES_PER_SECOND",
    "bytes a second",
    "What one session may send; who is faster is read more slowly.",
    "none",
)
BYTE_BURST = Limit(
    "CHATOPS_BYTE_BURST", "bytes", "What one session may send at once after a silence.", "none"
)
STRANGERS_STANZAS = Limit(
    "CHATOPS_STANZAS_PER_SECOND_UNAUTHENTICATED",
    "elements a second",
    "What a connection may send before the login; the burst is five times that.",
    "none",
)
STRANGERS_BYTES = Limit(
    "CHATOPS_BYTES_PER_SECOND_UNAUTHENTICATED",
    "bytes a second",
    "What a connection may send before the login; the burst is five times that.",
    "none",
)
BACKLOG = Limit(
    "CHATOPS_MAX_BACKLOG_BYTES",
    "bytes",
    "What may wait to be handled of one client that cannot be held back; from a quarter of it on,"
    " a client is not read until all is handled.",
    "policy-violation",
)
STANZA_SIZE = Limit("CHATOPS_MAX_STANZA_BYTES", "bytes", "The largest stanza.", "policy-violation")
STRANGERS_STANZA_SIZE = Limit(
    "CHATOPS_MAX_STANZA_BYTES_UNAUTHENTICATED",
    "bytes",
    "The largest element before the login.",
    "policy-violation",
)
STRANGERS_BURST = 5


class Pace:
    """Two token buckets. `tick` fills them; who takes from them looks whether something is left."""

    __slots__ = (
        "_at",
        "_burst",
        "_byte_burst",
        "_byte_rate",
        "_limits",
        "_rate",
        "bytes",
        "stanzas",
    )

    def __init__(self, now: float, *, stranger: bool) -> None:
        self._at = now
        if stranger:
            self._limits = STRANGERS_STANZAS, STRANGERS_BYTES
            burst, byte_burst = (limit.value * STRANGERS_BURST for limit in self._limits)
        else:
            self._limits = STANZAS, BYTES
            burst, byte_burst = STANZA_BURST.value, BYTE_BURST.value
        self._rate, self._byte_rate = (limit.value for limit in self._limits)
        # Without a rate there is no end to the bucket; without a burst it holds a second's worth.
        self._burst = max(burst or self._rate, 1) if self._rate else math.inf
        self._byte_burst = max(byte_burst or self._byte_rate, 1) if self._byte_rate else math.inf
        self.stanzas: float = self._burst
        self.bytes: float = self._byte_burst

    def tick(self, now: float) -> None:
        """Time has passed."""
        passed, self._at = now - self._at, now
        self.stanzas = min(self._burst, self.stanzas + passed * self._rate)
        self.bytes = min(self._byte_burst, self.bytes + passed * self._byte_rate)

    def exceeded(self) -> float:
        """Somebody has to wait; returns how many seconds. To be asked right after a `tick`."""
        seconds = 0.0
        stanza_limit, byte_limit = self._limits
        if self.stanzas < 1:
            stanza_limit.hit()
            seconds = (1 - self.stanzas) / self._rate
        if self.bytes < 0:
            byte_limit.hit()
            seconds = max(seconds, -self.bytes / self._byte_rate)
        return seconds


class Valve:
    """How one stream is read: shut while its client has to wait, `go_on` is called afterwards."""

    def __init__(self, go_on: Callable[[], None], *, stranger: bool) -> None:
        self._go_on = go_on
        self._pace = Pace(time.monotonic(), stranger=stranger)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def shut(self) -> bool:
        return self._timer is not None

    def came(self, size: int) -> None:
        """Bytes were read."""
        self._pace.bytes -= size

    def handled(self) -> None:
        """An element was taken up."""
        self._pace.stanzas -= 1

    def is_too_fast(self) -> bool:
        """Whether no more may be taken up now; costs nothing while the buckets hold something."""
        if self._timer is not None:
            return True
        pace = self._pace
        if pace.stanzas >= 1 and pace.bytes >= 0:
            return False
        pace.tick(time.monotonic())
        seconds = pace.exceeded()
        if seconds:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._open)
        return bool(seconds)

    def close(self) -> None:
        """The stream is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _open(self) -> None:
        self._timer = None
        self._go_on()
