"""Shapes in which the delivery log is exported: head, rows, tail, each written as it comes.

A further one is a further entry of FORMATS: pages and jobs know no names.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Row: TypeAlias = Mapping[str, Any]

COLUMNS: Final = (
    "accepted", "message_id", "client_id", "kind", "sender", "recipient", "device", "state",
    "owed", "attempts", "changed", "seconds", "detail",
)  # fmt: skip
# A spreadsheet takes what begins with one of these for a formula, and does what it says.
_FORMULA: Final = (
    "=", "+", "-", "@", "\t", "\r", "\n",
    "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
    "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Format:
    """`rows` gets how many there were before."""

    name: str
    label: str
    content_type: str
    head: str
    rows: Callable[[Iterable[Row], int], str]
    tail: str


def _csv(rows: Iterable[Row], before: int) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return str(value)
    return f"'{value}" if value.startswith(_FORMULA) else value


def _json(rows: Iterable[Row], before: int) -> str:
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    return "".join(f"{',' if before + number else ''}\n{line}" for number, line in enumerate(lines))


FORMATS: Final[Mapping[str, Format]] = {
    each.name: each
    for each in (
        Format("csv", "CSV", "text/csv; charset=utf-8", ",".join(COLUMNS) + "\r\n", _csv, ""),
        Format("json", "JSON", "application/json", "[", _json, "\n]\n"),
    )
}
