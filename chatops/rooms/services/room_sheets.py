"""Rooms from a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from chatops.audit.services import Actor
from chatops.rooms.models import Room, Template, Tombstone
from chatops.rooms.options import COLUMNS, OPTIONS, Option
from chatops.rooms.services.ground import RoomRetired, fit, whom
from chatops.rooms.services.rooms import configure, create
from chatops.rooms.services.rules import defaults, options_of
from chatops.rooms.services.sheets import (
    CHANGE,
    NEW,
    SAME,
    WRONG,
    BadSheet,
    Line,
    Plan,
    localpart_of,
    must_be_as_shown,
    read_rows,
    write_rows,
)
from chatops.xmpp.errors import Refused

MOST_ROOMS = 500  # in one transaction, for which others wait
CLEAR = "-"  # empties a text; an empty cell leaves it as it is
ADDRESS, OWNER, TEMPLATE = "address", "owner", "template"
_ADDRESSES = (ADDRESS, "room", "localpart")
_YES, _NO = ("yes", "on", "true", "1"), ("no", "off", "false", "0")


@dataclass(frozen=True, slots=True)
class RoomWork:
    """A room to be made or changed."""

    room: Room
    owner: str
    columns: Mapping[str, Any]


class _Known:
    """What there is already, of what a table names."""

    def __init__(self, localparts: Sequence[str]) -> None:
        self.rooms = {
            room.localpart: room for room in Room.objects.filter(localpart__in=localparts)
        }
        retired = Tombstone.objects.filter(localpart__in=localparts)
        self.retired = set(retired.values_list("localpart", flat=True))
        self.templates = {each.title.casefold(): each for each in Template.objects.all()}
        self.defaults = options_of(defaults()) | {"is_persistent": True}
        self.seen: set[str] = set()

    def beginning(self, title: str) -> dict[str, Any]:
        """The options that a new room begins with. Raises BadSheet."""
        if not title:
            return self.defaults
        template = self.templates.get(title.casefold())
        if template is None:
            raise BadSheet(f"There is no template called “{title}”.")
        return options_of(template)


def plan_rooms(text: str) -> Plan:
    """What a table of rooms would do. Raises BadSheet for what is none."""
    rows = read_rows(text, most=MOST_ROOMS)
    columns = _columns(next(rows)[1])
    table = [(number, dict(zip(columns, cells, strict=False))) for number, cells in rows]
    known = _Known([name for _, cells in table if (name := _name(cells))])
    lines: list[Line] = []
    for number, cells in table:
        try:
            lines.append(_plan_room(number, cells, known))
        except Refused as refusal:
            lines.append(Line(number, cells.get(ADDRESS, ""), WRONG, error=refusal.sentence))
    return Plan(lines)


def apply_rooms(text: str, *, digest: str, by: Actor) -> Plan:
    """Do what was shown. Raises ChangedMeanwhile where it would be something else now."""
    plan = must_be_as_shown(plan_rooms(text), digest)
    with transaction.atomic():
        for line in plan.lines:
            work: RoomWork = line.work
            if line.verb == NEW:
                create(work.room.localpart, by=by, owner=work.owner, **work.columns)
            elif line.verb == CHANGE:
                room = work.room
                configure(room, by=by, changes=dict(work.columns), seen=room.version)
    return plan


def write_rooms(rooms: Iterable[Room]) -> str:
    """A table that can be changed and read again; passwords are not in it."""
    options = [option for option in OPTIONS if option.column != "password"]
    head = [ADDRESS, *(option.label for option in options)]
    rows = ([room.localpart, *(_cell(option, room) for option in options)] for room in rooms)
    return write_rows([head, *rows])


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


def _name(cells: Mapping[Option | str, str]) -> str:
    try:
        return localpart_of(cells.get(ADDRESS, ""))
    except BadSheet:  # told when the line is planned
        return ""


def _plan_room(number: int, cells: Mapping[Option | str, str], known: _Known) -> Line:
    localpart = localpart_of(cells.get(ADDRESS, ""))
    if localpart in known.seen:
        raise BadSheet("The room stands on another line, too.")
    known.seen.add(localpart)
    given = fit(
        {
            option.column: _value(option, text)
            for option, text in cells.items()
            if isinstance(option, Option) and text
        }
    )
    owner = whom(cells[OWNER]) if cells.get(OWNER) else ""
    beginning = known.beginning(cells.get(TEMPLATE, ""))
    room = known.rooms.get(localpart)
    is_new = room is None
    if room is None:
        if localpart in known.retired:
            raise RoomRetired
        room = Room(localpart=localpart, **beginning)
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
