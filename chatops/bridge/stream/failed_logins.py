"""Failed logins on their way into the database: many at once, and none twice at a time."""

from collections import Counter

from chatops.accounts import services
from chatops.accounts.services import Attempt
from chatops.bridge.counters import counters
from chatops.core.database import in_db
from chatops.core.wire import wire
from chatops.xmpp.errors import Overloaded

MOST_WAITING = 10_000  # kinds of failure; what comes beyond is only counted


class FailedLogins:
    """Collects while it writes: a flood of guesses costs one transaction at a time."""

    def __init__(self) -> None:
        self._waiting: Counter[Attempt] = Counter()
        self._writing = False

    def add(self, attempt: Attempt) -> None:
        """Note one more."""
        if attempt not in self._waiting and len(self._waiting) >= MOST_WAITING:
            counters["failed logins not noted"] += 1
            return
        self._waiting[attempt] += 1
        if not self._writing:
            self._writing = True
            wire().spawn(self._write())

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, Counter()
                try:
                    await in_db(services.note_failed_logins, batch)
                except Overloaded:
                    self._waiting.update(batch)
                    return  # with the next one
        finally:
            self._writing = False


failed_logins = FailedLogins()
