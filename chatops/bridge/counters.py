"""What the service has seen since it started, by name; the console shows it."""

from collections import Counter, deque
from time import monotonic

counters: Counter[str] = Counter()


class Rate:
    """How many a minute, from samples of a counter; asked every few seconds."""

    def __init__(self, name: str, seconds: float = 60) -> None:
        self._name, self._seconds = name, seconds
        self._samples: deque[tuple[float, int]] = deque()

    def per_minute(self) -> float:
        now, count = monotonic(), counters[self._name]
        self._samples.append((now, count))
        while now - self._samples[0][0] > self._seconds:
            self._samples.popleft()
        since, before = self._samples[0]
        # Of a service that has just started, the first seconds say nothing about a minute.
        return (count - before) / max(now - since, self._seconds) * 60


messages_a_minute = Rate("messages")
