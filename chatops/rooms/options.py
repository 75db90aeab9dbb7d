"""A room's settings, each once: client's form, browser's form and disco are made of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatops.rooms.models import PrivateMessages, Room, WhoSeesJids
from chatops.xmpp.errors import BadRequest, NotAcceptable
from chatops.xmpp.forms import FormField, Submission, read_boolean

CONFIG = "http://jabber.org/protocol/muc#roomconfig"
ROLES = (("moderator", "Moderators"), ("participant", "Participants"), ("visitor", "Visitors"))


@dataclass(frozen=True, slots=True)
class Option:
    """One setting. `disco` are the features that say it is on and off (XEP-0045 section 6.4)."""

    var: str
    column: str
    kind: str  # boolean, text-single, text-private, list-single, list-multi
    label: str
    section: str
    choices: Sequence[tuple[str, str]] = ()
    disco: tuple[str, str] = ("", "")
    codes: tuple[int, int] = (0, 0)  # status when it is switched on, and off

    def shown(self, room: Room) -> list[str]:
        """Its value in a form."""
        value = getattr(room, self.column)
        if self.kind == "boolean":
            return ["1" if value else "0"]
        if self.kind == "list-multi":
            return list(value) or [choice for choice, _ in self.choices]
        return [str(value)]

    def field(self, room: Room) -> FormField:
        return FormField(
            f"muc#roomconfig_{self.var}", self.kind, self.label, self.shown(room), self.choices
        )

    def read(self, values: list[str]) -> Any:
        """What was submitted, as the column holds it. Raises BadRequest or NotAcceptable."""
        text = values[0] if values else ""
        if self.kind == "boolean":
            return read_boolean(text)
        if self.kind == "list-multi":
            known = [choice for choice, _ in self.choices]
            if not set(values) <= set(known):
                raise NotAcceptable(f"{self.label}: that is not one of the choices.")
            return [] if set(values) == set(known) else values
        if self.column in ("max_occupants", "history_length"):
            if not text.isascii() or not text.isdecimal() or int(text) > 100_000:
                raise BadRequest(f"{self.label}: a number is needed.")
            return int(text)
        if self.choices and text not in [choice for choice, _ in self.choices]:
            raise NotAcceptable(f"{self.label}: that is not one of the choices.")
        return text


INFORMATION = "Room information"
ACCESS = "Access to the room"
PERMISSIONS = "Permissions in the room"
OTHER = "Other options"

OPTIONS = (
    Option("roomname", "name", "text-single", "Name", INFORMATION),
    Option("roomdesc", "description", "text-single", "Description", INFORMATION),
    Option("lang", "language", "text-single", "Language", INFORMATION),
    Option(
        "persistentroom",
        "is_persistent",
        "boolean",
        "Stays when the last one leaves",
        INFORMATION,
        disco=("muc_persistent", "muc_temporary"),
    ),
    Option(
        "publicroom",
        "is_public",
        "boolean",
        "Listed in the directory",
        INFORMATION,
        disco=("muc_public", "muc_hidden"),
    ),
    Option(
        "membersonly",
        "is_members_only",
        "boolean",
        "Members only",
        ACCESS,
        disco=("muc_membersonly", "muc_open"),
    ),
    Option("allowinvites", "members_may_invite", "boolean", "Members may invite", ACCESS),
    Option(
        "maxusers",
        "max_occupants",
        "list-single",
        "Most people at once",
        ACCESS,
        choices=(
            *((str(n), str(n)) for n in (10, 20, 30, 50, 100, 200, 500, 1000, 5000)),
            ("0", "No limit"),
        ),
    ),
    Option("roomsecret", "password", "text-private", "Password", ACCESS),
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
        disco=("muc_moderated", "muc_unmoderated"),
    ),
    Option(
        "changesubject",
        "occupants_may_change_subject",
        "boolean",
        "Everybody may change the subject",
        PERMISSIONS,
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
        choices=ROLES,
    ),
    Option(
        "getmemberlist",
        "member_list_visible_to",
        "list-multi",
        "Who may see the member list",
        PERMISSIONS,
        choices=ROLES,
    ),
    Option(
        "enablelogging", "is_logged", "boolean", "Archive the messages", OTHER, codes=(170, 171)
    ),
    Option("historylength", "history_length", "text-single", "Messages shown to newcomers", OTHER),
)
BY_VAR = {f"muc#roomconfig_{option.var}": option for option in OPTIONS}
PASSWORD_PROTECTED = "muc#roomconfig_passwordprotectedroom"  # noqa: S105 - a field's name


def form_fields(room: Room) -> list[FormField]:
    """The owner's form (section 10.2)."""
    fields = [option.field(room) for option in OPTIONS]
    protected = FormField(
        PASSWORD_PROTECTED, "boolean", "A password is needed", ["1" if room.password else "0"]
    )
    position = next(n for n, each in enumerate(fields) if each.var.endswith("roomsecret"))
    return [*fields[:position], protected, *fields[position:]]


def read_submission(submission: Submission) -> dict[str, Any]:
    """The columns that a submitted form changes; fields that we do not know are ignored."""
    changes = {
        BY_VAR[var].column: BY_VAR[var].read(values)
        for var, values in submission.values.items()
        if var in BY_VAR
    }
    protected = submission.text(PASSWORD_PROTECTED)
    if protected is not None:
        if not read_boolean(protected):
            changes["password"] = ""
        elif not changes.get("password"):
            raise NotAcceptable("A room with a password needs one.")
    return changes


def disco_features(room: Room) -> set[str]:
    """What disco#info says of the room's kind."""
    found = {"muc_passwordprotected" if room.password else "muc_unsecured"}
    for option in OPTIONS:
        if option.disco[0]:
            found.add(option.disco[0 if is_on(option, room) else 1])
    return found


def status_codes(before: dict[str, Any], room: Room) -> list[int]:
    """The codes that tell occupants of a change (section 10.2.1)."""
    changed = [
        option for option in OPTIONS if before[option.column] != getattr(room, option.column)
    ]
    special = {
        option.codes[0 if is_on(option, room) else 1] for option in changed if option.codes[0]
    }
    general = any(not option.codes[0] for option in changed)
    return sorted(special) + ([104] if general else [])


def is_on(option: Option, room: Room) -> bool:
    """Whether a switch is on; the one about addresses is when everybody sees them."""
    value = getattr(room, option.column)
    return bool(value == WhoSeesJids.ANYONE if option.column == "who_sees_jids" else value)
