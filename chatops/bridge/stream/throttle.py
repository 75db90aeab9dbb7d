"""Failed logins by address and by account: the more there were, the longer the next takes."""

import time
from collections import OrderedDict

REMEMBERED = 20_000
FREE = 10  # failures that cost nothing: people mistype
LONGEST_SECONDS = 8.0
FORGET_SECONDS = 300.0


class Throttle:
    """How long somebody has to wait for the answer to his next attempt."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def failed(self, *keys: str) -> None:
        now = time.monotonic()
        for key in keys:
            count = self._count(key, now)
            self._failures[key] = (count + 1, now)
            self._failures.move_to_end(key)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, *keys: str) -> None:
        for key in keys:
            self._failures.pop(key, None)

    def pause(self, *keys: str) -> float:
        """Seconds: doubles from a quarter of one with each failure beyond the free ones."""
        now = time.monotonic()
        worst = max(self._count(key, now) for key in keys)
        return 0.0 if worst < FREE else min(LONGEST_SECONDS, 0.25 * 2 ** min(worst - FREE, 10))

    def _count(self, key: str, now: float) -> int:
        count, last = self._failures.get(key, (0, now))
        return count if now - last < FORGET_SECONDS else 0


throttle = Throttle()
