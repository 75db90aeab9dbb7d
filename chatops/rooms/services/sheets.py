"""Rooms from a table: planned line by line, shown, and then done as a whole or not at all."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from chatops.audit.services import Actor
from chatops.rooms.models import Room, Template
from chatops.rooms.options import COLUMNS, OPTIONS, Option
from chatops.rooms.services.ground import HOST, address, fit, must_be_free
from chatops.rooms.services.meanwhile import ChangedMeanwhile
from chatops.rooms.services.rooms import configure, create
from chatops.rooms.services.rules import defaults, options_of
from chatops.xmpp.errors import NotAcceptable, Refused
from chatops.xmpp.jid import InvalidJID, parse

MOST_LINES, MOST_BYTES = 5_000, 1_000_000
CLEAR = "-"  # empties a text; an empty cell leaves it as it is
NEW, CHANGE, SAME, WRONG = VERBS = ("new", "change", "same", "wrong")
ADDRESS, OWNER, TEMPLATE = "address", "owner", "template"
_ADDRESSES = (ADDRESS, "room", "localpart")
# What a spreadsheet would take for a formula has an apostrophe before it.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_YES, _NO = ("yes", "on", "true", "1"), ("no", "off", "false", "0")


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


@dataclass(frozen=True, slots=True)
class RoomWork:
    """A room to be made or changed."""

    room: Room
    owner: str
    columns: Mapping[str, Any]


def plan_rooms(text: str) -> Plan:
    """What a table of rooms would do. Raises BadSheet for what is none."""
    rows = read_rows(text)
    columns = _columns(next(rows)[1])
    lines: list[Line] = []
    seen: set[str] = set()
    for number, cells in rows:
        try:
            lines.append(_plan_room(number, dict(zip(columns, cells, strict=False)), seen))
        except Refused as refusal:
            lines.append(Line(number, cells[0], WRONG, error=refusal.sentence))
    return Plan(lines)


@transaction.atomic
def apply_rooms(text: str, *, digest: str, by: Actor) -> Plan:
    """Do what was shown. Raises ChangedMeanwhile where it would be something else now."""
    plan = must_be_as_shown(plan_rooms(text), digest)
    for line in plan.lines:
        work: RoomWork = line.work
        if line.verb == NEW:
            create(work.room.localpart, by=by, owner=work.owner, **work.columns)
        elif line.verb == CHANGE:
            configure(work.room, by=by, changes=dict(work.columns))
    return plan


def must_be_as_shown(plan: Plan, digest: str) -> Plan:
    """Raises ChangedMeanwhile, or BadSheet where a line is wrong."""
    if plan.digest != digest:
        raise ChangedMeanwhile(
            "Nothing was done: something has changed since you looked. This is how it is now."
        )
    if not plan.can_be_done:
        raise BadSheet("Nothing was done: lines are wrong, or there is nothing to do.")
    return plan


def write_rooms(rooms: Iterable[Room]) -> str:
    """A table that can be changed and read again; passwords are not in it."""
    options = [option for option in OPTIONS if option.column != "password"]
    head = [ADDRESS, *(option.label for option in options)]
    rows = ([room.localpart, *(_cell(option, room) for option in options)] for room in rooms)
    return write_rows([head, *rows])


def read_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that have something, with their numbers, the headings first. Raises BadSheet."""
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
    if len(rows) > MOST_LINES + 1:
        raise BadSheet(
            f"A table may have {MOST_LINES:,} lines at most; this has {len(rows) - 1:,}."
        )
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


def _columns(headings: Sequence[str]) -> list[Option | str]:
    """What each column is: an option under any of its names, or one of ours. Raises BadSheet."""
    known: dict[str, Option | str] = {OWNER: OWNER, TEMPLATE: TEMPLATE}
    known |= dict.fromkeys(_ADDRESSES, ADDRESS)
    for option in OPTIONS:
        for name in (option.label, option.column, option.var, option.name, *option.aliases):
            known.setdefault(name.casefold(), option)
    columns = [known.get(heading.casefold()) for heading in headings]
    for heading, column in zip(headings, columns, strict=True):
        if column is None:
            raise BadSheet(f"There is no option called “{heading}”.")
        if columns.count(column) > 1:
            raise BadSheet(f"Two columns are “{heading}”.")
    if ADDRESS not in columns:
        raise BadSheet("One column has to be called “address”.")
    return [column for column in columns if column is not None]


def _plan_room(number: int, cells: Mapping[Option | str, str], seen: set[str]) -> Line:
    localpart = localpart_of(cells.get(ADDRESS, ""))
    if localpart in seen:
        raise BadSheet("The room stands on another line, too.")
    seen.add(localpart)
    room = Room.objects.filter(localpart=localpart).first()
    is_new = room is None
    template = _template(cells.get(TEMPLATE, ""))
    given = fit(
        {
            option.column: _value(option, text)
            for option, text in cells.items()
            if isinstance(option, Option) and text
        }
    )
    owner = address(cells[OWNER]) if cells.get(OWNER) else ""
    if room is None:
        must_be_free(localpart)
        room = Room(localpart=localpart, **_beginning(template))
    elif owner or cells.get(TEMPLATE):
        raise BadSheet("Owner and template are for new rooms; this one is there already.")
    before = {column: getattr(room, column) for column in COLUMNS}
    for column, value in given.items():
        setattr(room, column, value)
    _must_be_fit(room)
    changes = [
        f"{option.label}: {_secret(option, before)} → {_secret(option, given)}"
        for option in OPTIONS
        if option.column in given and given[option.column] != before[option.column]
    ]
    if is_new:
        columns = {column: getattr(room, column) for column in COLUMNS}
        changes = [*([f"Owner: {owner}"] if owner else []), *changes]
        return Line(number, localpart, NEW, changes, work=RoomWork(room, owner, columns))
    verb = CHANGE if changes else SAME
    return Line(number, localpart, verb, changes, work=RoomWork(room, "", given))


def localpart_of(text: str) -> str:
    """Of a room's address, or of what stands before its @. Raises BadSheet."""
    try:
        jid = parse(text if "@" in text else f"{text}@{HOST}")
    except InvalidJID as error:
        raise BadSheet(f"“{text}” cannot be the address of a room.") from error
    if jid.domain != HOST or not jid.local:
        raise BadSheet(f"Rooms here have addresses like name@{HOST}.")
    return jid.local


def _beginning(template: Template | None) -> dict[str, Any]:
    source = template or defaults()
    return options_of(source) | ({} if template else {"is_persistent": True})


def _template(title: str) -> Template | None:
    if not title:
        return None
    found = Template.objects.filter(title__iexact=title).first()
    if found is None:
        raise BadSheet(f"There is no template called “{title}”.")
    return found


def _must_be_fit(room: Room) -> None:
    try:
        room.clean_fields()
    except ValidationError as error:
        raise BadSheet(" ".join(error.messages)) from error


def _value(option: Option, text: str) -> Any:
    """A cell as a person writes it. Raises a refusal in plain words."""
    if option.kind == "boolean":
        word = text.casefold()
        if word not in _YES + _NO:
            raise BadSheet(f"{option.label}: write yes or no, not “{text}”.")
        return word in _YES
    labels = {label.casefold(): value for value, label in option.choices}
    if option.kind == "list-multi":
        words = text.replace(";", " ").replace(",", " ").casefold().split()
        return option.read([labels.get(word, word) for word in words])
    if option.kind in ("text-single", "text-private"):
        return "" if text == CLEAR else text
    return option.read([labels.get(text.casefold(), text)])


def _cell(option: Option, room: Room) -> str:
    value = getattr(room, option.column)
    if option.kind == "boolean":
        return "yes" if value else "no"
    return " ".join(option.shown(room)) if option.kind == "list-multi" else str(value)


def _secret(option: Option, values: Mapping[str, Any]) -> str:
    value = values[option.column]
    return "(secret)" if option.kind == "text-private" and value else option.words(value)
