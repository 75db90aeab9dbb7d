"""A room's settings, each once: the clients' form, the browser's form, disco and status codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatops.rooms.models import PrivateMessages, Room, WhoSeesJids
from chatops.xmpp.errors import BadRequest, NotAcceptable
from chatops.xmpp.forms import FormField, read_boolean

ROLES = (("moderator", "Moderators"), ("participant", "Participants"), ("visitor", "Visitors"))

INFORMATION = "Room information"
ACCESS = "Access to the room"
PERMISSIONS = "Permissions in the room"
OTHER = "Other options"


@dataclass(frozen=True, slots=True)
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

    @property
    def name(self) -> str:
        """The field's name on the wire."""
        return f"muc#roomconfig_{self.var}"

    def shown(self, room: Room) -> list[str]:
        """Its value in a form."""
        value = getattr(room, self.column)
        if self.kind == "boolean":
            return ["1" if value else "0"]
        if self.kind == "list-multi":
            return list(value) or [choice for choice, _ in self.choices]
        return [str(value)]

    def field(self, room: Room) -> FormField:
        kind, values = self.kind, self.shown(room)
        choices = list(self.choices)
        if kind == "number":
            kind = "list-single" if choices else "text-single"
            if choices and values[0] not in dict(choices):
                choices.insert(0, (values[0], values[0]))
        return FormField(self.name, kind, self.label, values, choices, self.desc)

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

    def is_on(self, room: Room) -> bool:
        """Whether a switch is on; the one about addresses is when everybody sees them."""
        value = getattr(room, self.column)
        return bool(value == WhoSeesJids.ANYONE if self.column == "who_sees_jids" else value)


OPTIONS = (
    Option(
        "roomname",
        "name",
        "text-single",
        "Name",
        INFORMATION,
        desc="What people see in place of the address.",
    ),
    Option("roomdesc", "description", "text-single", "Description", INFORMATION),
    Option(
        "lang",
        "language",
        "text-single",
        "Language",
        INFORMATION,
        desc="What is mostly spoken here, as a tag like en or pt-BR.",
    ),
    Option(
        "persistentroom",
        "is_persistent",
        "boolean",
        "Stays when the last one leaves",
        INFORMATION,
        desc="Otherwise the room, its settings and its members are gone with the last occupant.",
        disco=("muc_persistent", "muc_temporary"),
    ),
    Option(
        "publicroom",
        "is_public",
        "boolean",
        "Listed in the directory",
        INFORMATION,
        desc="A room that is not listed can be entered by those who know its address.",
        disco=("muc_public", "muc_hidden"),
    ),
    Option(
        "membersonly",
        "is_members_only",
        "boolean",
        "Members only",
        ACCESS,
        desc="When it is switched on, people inside who are not members have to leave.",
        disco=("muc_membersonly", "muc_open"),
    ),
    Option(
        "allowinvites",
        "members_may_invite",
        "boolean",
        "Members may invite",
        ACCESS,
        desc="In a members-only room; an invitation makes a member. Admins may always invite.",
    ),
    Option(
        "maxusers",
        "max_occupants",
        "number",
        "Most people at once",
        ACCESS,
        desc="Owners and admins get in all the same. 0 is no limit.",
        choices=(
            *((str(n), str(n)) for n in (10, 20, 30, 50, 100, 200, 500, 1000, 5000)),
            ("0", "No limit"),
        ),
        most=100_000,
    ),
    Option(
        "roomsecret",
        "password",
        "text-private",
        "Password",
        ACCESS,
        desc="Needed to enter, except by owners. Empty for none.",
    ),
    Option(
        "whois",
        "who_sees_jids",
        "list-single",
        "Who sees real addresses",
        ACCESS,
        choices=WhoSeesJids.choices,
        disco=("muc_nonanonymous", "muc_semianonymous"),
        codes=(172, 173),
    ),
    Option(
        "moderatedroom",
        "is_moderated",
        "boolean",
        "Only those with voice may speak",
        PERMISSIONS,
        desc="Who is not a member comes in as a visitor, and may ask for voice.",
        disco=("muc_moderated", "muc_unmoderated"),
    ),
    Option(
        "changesubject",
        "occupants_may_change_subject",
        "boolean",
        "Everybody may change the subject",
        PERMISSIONS,
        desc="Everybody with voice; otherwise moderators only.",
    ),
    Option(
        "allowpm",
        "private_messages",
        "list-single",
        "Who may send private messages",
        PERMISSIONS,
        choices=PrivateMessages.choices,
    ),
    Option(
        "presencebroadcast",
        "presence_broadcast",
        "list-multi",
        "Whose presence is shown",
        PERMISSIONS,
        desc="In large rooms it saves much traffic to leave out those who only listen.",
        choices=ROLES,
    ),
    Option(
        "getmemberlist",
        "member_list_visible_to",
        "list-multi",
        "Who may see the member list",
        PERMISSIONS,
        desc="Owners and admins always may; others only where everybody sees real addresses.",
        choices=ROLES,
    ),
    Option(
        "enablelogging",
        "is_logged",
        "boolean",
        "Archive the messages",
        OTHER,
        desc="People are told whether the room keeps what they say.",
        codes=(170, 171),
    ),
    Option(
        "trackdelivery",
        "tracks_delivery",
        "boolean",
        "Track delivery",
        OTHER,
        desc="The delivery log then tells for each message which device inside has it.",
    ),
    Option(
        "historylength",
        "history_length",
        "number",
        "Messages shown to newcomers",
        OTHER,
        most=1_000,
    ),
)
COLUMNS = frozenset(option.column for option in OPTIONS)


def disco_features(room: Room) -> set[str]:
    """What disco#info says of the room's kind (section 6.4)."""
    found = {"muc_passwordprotected" if room.password else "muc_unsecured"}
    for option in OPTIONS:
        if option.disco[0]:
            found.add(option.disco[0 if option.is_on(room) else 1])
    return found


def status_codes(before: dict[str, Any], room: Room) -> list[int]:
    """The codes that tell occupants of a change (section 10.2.1)."""
    changed = [
        option for option in OPTIONS if before[option.column] != getattr(room, option.column)
    ]
    special = {
        option.codes[0 if option.is_on(room) else 1] for option in changed if option.codes[0]
    }
    general = any(not option.codes[0] for option in changed)
    return sorted(special) + ([104] if general else [])
