"""A message's timeline as a drawing: a track a device over one axis of time.

The axis is logarithmic: what happens in milliseconds and what waits for days are both seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import log10
from typing import Protocol

# Milliseconds that the axis may be marked with.
_MARKS = (
    (10, "10 ms"), (100, "100 ms"), (1_000, "1 s"), (10_000, "10 s"), (60_000, "1 min"),
    (600_000, "10 min"), (3_600_000, "1 h"), (86_400_000, "1 day"), (864_000_000, "10 days"),
)  # fmt: skip
_SHORTEST = 10.0  # milliseconds that an axis has at least
_APART = 9.0  # percent between marks


class Happening(Protocol):
    """What is drawn as a dot."""

    @property
    def at(self) -> datetime: ...
    @property
    def what(self) -> str: ...
    @property
    def tone(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Dot:
    x: float  # percent of the axis
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one dot to the next, in the tone of the first; an open one leads to now."""

    start: float
    end: float
    tone: str
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    dots: list[Dot]
    stretches: list[Stretch]


@dataclass(frozen=True, slots=True)
class Axis:
    """From the acceptance to the last of what is drawn."""

    accepted: datetime
    longest: float  # milliseconds

    @classmethod
    def over(cls, accepted: datetime, moments: Sequence[datetime]) -> "Axis":
        return cls(accepted, max([_SHORTEST, *(_milliseconds(at, accepted) for at in moments)]))

    @property
    def marks(self) -> list[tuple[float, str]]:
        """Where the axis is marked; the widest spans first, none over another."""
        marks: list[tuple[float, str]] = []
        for milliseconds, label in reversed(_MARKS):
            x = self._place(milliseconds)
            if milliseconds <= self.longest and all(abs(x - other) >= _APART for other, _ in marks):
                marks.append((x, label))
        return [(0.0, "0"), *[mark for mark in reversed(marks) if mark[0] >= _APART]]

    def track(self, lines: Sequence[Happening], *, until: datetime | None = None) -> Track:
        """One device's; `until` now where it is not at its end yet."""
        dots = [
            Dot(self._place(_milliseconds(line.at, self.accepted)), line.tone, line.what)
            for line in lines
        ]
        stretches = [Stretch(0.0, dots[0].x, "")] if dots else []
        stretches += [Stretch(one.x, other.x, one.tone) for one, other in pairwise(dots)]
        if dots and until is not None:
            end = self._place(_milliseconds(until, self.accepted))
            stretches.append(Stretch(dots[-1].x, end, dots[-1].tone, is_open=True))
        return Track(dots, stretches)

    def _place(self, milliseconds: float) -> float:
        return round(100 * log10(1 + max(0.0, milliseconds)) / log10(1 + self.longest), 3)


def _milliseconds(at: datetime, accepted: datetime) -> float:
    return (at - accepted).total_seconds() * 1000
