"""Dates and times on the wire, XEP-0082."""

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """A moment as ``2026-11-20T22:40:01.123Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_stamp(text: str) -> datetime:
    """The moment that an XEP-0082 DateTime names. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone.")
    return moment.astimezone(UTC)
