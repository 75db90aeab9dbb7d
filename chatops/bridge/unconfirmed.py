"""Messages that stay owed to a connected device until it says itself that it has them."""

from collections import deque

from chatops.core.limits import Limit
from chatops.core.wire import Session, Tracked

UNCONFIRMED = Limit(
    "CHATOPS_MAX_UNCONFIRMED",
    "messages",
    "Messages that a connected device may leave unconfirmed where the service waits for its word"
    " (CRS); of more, the oldest count as received.",
    "none",
)
FEW = 64


class Unconfirmed:
    """Those of one session without stream management, oldest first."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: deque[Tracked] = deque()
        self._look_at = FEW  # so many there are when those that are settled are let go

    def append(self, tracked: Tracked) -> None:
        """One more was sent."""
        self._waiting.append(tracked)
        most, count = UNCONFIRMED.value, len(self._waiting)
        if count < self._look_at and not 0 < most < count:
            return
        self._waiting = deque(self.owed())
        if UNCONFIRMED.is_exceeded_by(len(self._waiting)):
            # Some at once: what comes next need not look at all of them again.
            for _ in range(len(self._waiting) - most + most // 4):
                oldest = self._waiting.popleft()
                oldest.insists = False
                oldest.settled(self._session)
        self._look_at = max(FEW, 2 * len(self._waiting))

    def owed(self) -> list[Tracked]:
        """What the device has not confirmed in any way."""
        return [tracked for tracked in self._waiting if tracked.owed]
