"""One setting of a room: how it is called, shown and read, through whichever door."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatops.rooms.models import RoomOptions, WhoSeesJids
from chatops.xmpp.errors import BadRequest, NotAcceptable
from chatops.xmpp.forms import FormField, read_boolean


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """One setting, under its name in the muc#roomconfig form (XEP-0045 section 15.5.3).

    `disco` are the features that say it is on and off (section 6.4); `codes` the statuses that tell
    occupants so (section 10.2.1), 104 where there are none.
    """

    var: str
    column: str
    kind: str  # boolean, number, text-single, text-private, list-single, list-multi
    label: str
    section: str
    desc: str = ""
    choices: Sequence[tuple[str, str]] = ()
    disco: tuple[str, str] = ("", "")
    codes: tuple[int, int] = (0, 0)
    most: int = 0  # of a number
    prefix: str = "muc#roomconfig_"
    aliases: tuple[str, ...] = ()  # under which other servers' clients know it

    @property
    def name(self) -> str:
        """The field's name on the wire."""
        return self.prefix + self.var

    def shown(self, room: RoomOptions) -> list[str]:
        """Its value in a form."""
        value = getattr(room, self.column)
        if self.kind == "boolean":
            return ["1" if value else "0"]
        if self.kind == "list-multi":
            return list(value) or [choice for choice, _ in self.choices]
        return [str(value)]

    def field(self, room: RoomOptions) -> FormField:
        kind, values = self.kind, self.shown(room)
        choices = list(self.choices)
        if kind == "number":
            kind = "list-single" if choices else "text-single"
            if choices and values[0] not in dict(choices):
                choices.insert(0, (values[0], values[0]))
        return FormField(self.name, kind, self.label, values, choices, self.desc)

    def words(self, value: Any) -> str:
        """A value as a sentence has it."""
        if self.kind == "boolean":
            return "on" if value else "off"
        if self.kind == "list-multi":
            return ", ".join(dict(self.choices)[each] for each in value) or "everybody"
        if self.kind == "list-single":
            return dict(self.choices).get(value, str(value))
        return f"“{value}”" if value != "" else "nothing"

    def read(self, values: list[str]) -> Any:
        """What was submitted, as the column holds it. Raises BadRequest or NotAcceptable."""
        text = values[0] if values else ""
        if self.kind == "boolean":
            return read_boolean(text)
        if self.kind == "list-multi":
            known = [choice for choice, _ in self.choices]
            if not set(values) <= set(known):
                raise NotAcceptable(f"{self.label}: that is not one of the choices.")
            return [] if set(values) == set(known) else [each for each in known if each in values]
        if self.kind == "number":
            return self._read_number(text)
        if self.choices and text not in dict(self.choices):
            raise NotAcceptable(f"{self.label}: that is not one of the choices.")
        return text

    def _read_number(self, text: str) -> int:
        text = text.strip()
        if text in ("", "none"):
            return 0
        if not text.isascii() or not text.isdecimal() or len(text) > 9:
            raise BadRequest(f"{self.label}: a number is needed.")
        if int(text) > self.most:
            raise NotAcceptable(f"{self.label}: {self.most} at most.")
        return int(text)

    def is_on(self, room: RoomOptions) -> bool:
        """Whether a switch is on; the one about addresses is when everybody sees them."""
        value = getattr(room, self.column)
        return bool(value == WhoSeesJids.ANYONE if self.column == "who_sees_jids" else value)
