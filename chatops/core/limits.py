"""Limits: what one may do only so much of.

Each is declared once, beside what enforces it, and shown in the console with how often it was met:

    ROSTER = Limit("CHATOPS_MAX_ROSTER_ITEMS", "contacts", "Contacts in one roster.", "not-allowed")
    if ROSTER.is_exceeded_by(count + 1):
        raise RosterFull
"""

import time
from dataclasses import dataclass, field

from django.conf import settings


@dataclass
class Limit:
    """One setting that bounds something; 0 lifts it."""

    setting: str
    unit: str  # "bytes", "sessions", "stanzas a second"
    meaning: str  # a sentence for administrators
    error: str  # what who exceeds it gets: a stanza's, a stream's or SASL's condition
    hits: int = field(default=0, init=False)  # since the service started
    last_hit: float | None = field(default=None, init=False)  # time.time()

    def __post_init__(self) -> None:
        limits.append(self)

    @property
    def value(self) -> int:
        return int(getattr(settings, self.setting))

    def is_exceeded_by(self, amount: float) -> bool:
        """Whether that is too much; if so, it is counted."""
        if not 0 < self.value < amount:
            return False
        self.hit()
        return True

    def is_half_met_by(self, amount: float) -> bool:
        """Whether it is time to slow down."""
        return 0 < self.value < 2 * amount

    def hit(self) -> None:
        """Count that somebody met it."""
        self.hits += 1
        self.last_hit = time.time()


limits: list[Limit] = []
