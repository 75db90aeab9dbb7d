"""Tables: planned line by line, shown, and then done as a whole or not at all."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from chatops.rooms.services.ground import HOST
from chatops.rooms.services.meanwhile import ChangedMeanwhile
from chatops.xmpp.errors import NotAcceptable
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.text import fit_for_xml

MOST_BYTES = 1_000_000
NEW, CHANGE, SAME, WRONG = VERBS = ("new", "change", "same", "wrong")
# What a spreadsheet would take for a formula has an apostrophe before it.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


class BadSheet(NotAcceptable):
    """The table cannot be read."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of a table would do; `work` is how."""

    number: int
    what: str
    verb: str
    changes: Sequence[str] = ()
    error: str = ""
    work: Any = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a table would do."""

    lines: list[Line] = field(default_factory=list)

    def count(self, verb: str) -> int:
        return sum(line.verb == verb for line in self.lines)

    @property
    def can_be_done(self) -> bool:
        return not self.count(WRONG) and bool(self.count(NEW) + self.count(CHANGE))

    @property
    def digest(self) -> str:
        """The same for what was looked at and what is done."""
        told = [(line.number, line.what, line.verb, list(line.changes)) for line in self.lines]
        return hashlib.sha256(repr(told).encode()).hexdigest()


def must_be_as_shown(plan: Plan, digest: str) -> Plan:
    """Raises ChangedMeanwhile, or BadSheet where a line is wrong."""
    if plan.digest != digest:
        raise ChangedMeanwhile(
            "Nothing was done: something has changed since you looked. This is how it is now."
        )
    if not plan.can_be_done:
        raise BadSheet("Nothing was done: lines are wrong, or there is nothing to do.")
    return plan


def read_rows(text: str, *, most: int) -> Iterator[tuple[int, list[str]]]:
    """The lines that have something, with their numbers, the headings first. Raises BadSheet."""
    text = fit_for_xml(text)
    if len(text.encode()) > MOST_BYTES:
        raise BadSheet(f"A table may have {MOST_BYTES:,} bytes at most.")
    first = text.lstrip("\ufeff").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, [_plain(cell) for cell in row]) for row in reader]
    except csv.Error as error:
        raise BadSheet(f"Line {reader.line_num} is no CSV: {error}.") from error
    rows = [row for row in rows if any(row[1])]
    if len(rows) < 2:
        raise BadSheet("There has to be a line of headings, and one more.")
    if len(rows) > most + 1:
        raise BadSheet(f"A table may have {most:,} lines at most; this has {len(rows) - 1:,}.")
    return iter(rows)


def write_rows(rows: Iterable[Sequence[str]]) -> str:
    """As CSV that no spreadsheet takes for formulas."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULAS) else cell for cell in row])
    return out.getvalue()


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULAS) else cell


def localpart_of(text: str) -> str:
    """Of a room's address, or of what stands before its @. Raises BadSheet."""
    try:
        jid = parse(text if "@" in text else f"{text}@{HOST}")
    except InvalidJID as error:
        raise BadSheet(f"“{text}” cannot be the address of a room.") from error
    if jid.domain != HOST or not jid.local:
        raise BadSheet(f"Rooms here have addresses like name@{HOST}.")
    return jid.local
