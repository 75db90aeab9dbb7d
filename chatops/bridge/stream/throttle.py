"""Failed logins by address and by account: the more there were, the later the next is told.

Only failures wait. Whoever knows the password is not kept waiting by those who guess it, though
they come from the same address.
"""

import time
from collections import OrderedDict

from django.conf import settings

REMEMBERED = 20_000
FREE = 10  # failures that cost nothing: people mistype
FORGET_SECONDS = 300.0


class Throttle:
    """How long somebody has to wait to hear that he failed again."""

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
        """Seconds: doubles with each failure beyond the free ones, up to the setting."""
        now = time.monotonic()
        worst = max(self._count(key, now) for key in keys)
        if worst < FREE:
            return 0.0
        longest = settings.CHATOPS_AUTH_PAUSE_MILLISECONDS / 1000
        return float(min(longest, 0.01 * 2 ** min(worst - FREE, 12)))

    def _count(self, key: str, now: float) -> int:
        count, last = self._failures.get(key, (0, now))
        return count if now - last < FORGET_SECONDS else 0


throttle = Throttle()
