"""The owner's form, XEP-0045 sections 10.1.3 and 10.2: made from the options, read back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from chatops.rooms.models import Room
from chatops.rooms.options import ACCESS, COLUMNS, OPTIONS
from chatops.xmpp.errors import NotAcceptable
from chatops.xmpp.forms import FormField, Submission, read_boolean
from chatops.xmpp.jid import InvalidJID, parse

CONFIG = "http://jabber.org/protocol/muc#roomconfig"

# COMPAT: ejabberd's and Prosody's clients know some options under other names.
_ALIASES = {alias: option.name for option in OPTIONS for alias in option.aliases}
_BY_NAME = {option.name: option for option in OPTIONS}
_PASSWORD_PROTECTED = "muc#roomconfig_passwordprotectedroom"  # noqa: S105 - a field's name
_LISTS = {
    "admin": ("muc#roomconfig_roomadmins", "Admins"),
    "owner": ("muc#roomconfig_roomowners", "Owners"),
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a submitted form asks for: columns to change, and whole lists of addresses by rank."""

    columns: dict[str, Any]
    lists: dict[str, set[str]] = field(default_factory=dict)


@dataclass
class ShownForm:
    """The form as a client was shown it: what it sends back unchanged, it has not touched.

    So an owner does not undo what somebody else has changed since.
    """

    room_id: int
    columns: dict[str, Any]
    ranks: dict[str, str]

    @classmethod
    def of(cls, room: Room, ranks: Mapping[str, str]) -> "ShownForm":
        return cls(room.pk, {column: getattr(room, column) for column in COLUMNS}, dict(ranks))

    def touched(self, wishes: Wishes) -> tuple[dict[str, Any], dict[str, str]]:
        """Columns, and ranks by address, that are to be others; what it sent is what it knows."""
        columns = {
            column: value
            for column, value in wishes.columns.items()
            if value != self.columns[column]
        }
        ranks = rank_changes(wishes.lists, self.ranks)
        self.columns |= wishes.columns
        self.ranks |= ranks
        return columns, ranks


def form_fields(room: Room, ranks: Mapping[str, str]) -> list[FormField]:
    """All fields, under the headings of their sections; `ranks` are the affiliations by JID."""
    fields: list[FormField] = []
    section = ""
    for option in OPTIONS:
        if option.section != section:
            section = option.section
            fields.append(FormField("", "fixed", values=[section]))
        if option.var == "roomsecret":
            on = "1" if room.password else "0"
            fields.append(FormField(_PASSWORD_PROTECTED, "boolean", "A password is needed", [on]))
        fields.append(option.field(room))
        if option.section == ACCESS and option.var == "whois":
            fields += [
                FormField(name, "jid-multi", label, _with_rank(ranks, rank))
                for rank, (name, label) in _LISTS.items()
            ]
    return fields


def read_form(submission: Submission) -> Wishes:
    """Fields that we do not know are ignored. Raises BadRequest or NotAcceptable."""
    columns: dict[str, Any] = {}
    for name, values in submission.values.items():
        option = _BY_NAME.get(_ALIASES.get(name, name))
        if option is not None and (name in _BY_NAME or option.name not in submission.values):
            columns[option.column] = option.read(values)
    protected = submission.text(_PASSWORD_PROTECTED)
    if protected is not None:
        if not read_boolean(protected):
            columns["password"] = ""
        elif not columns.get("password"):
            raise NotAcceptable("A room with a password needs one.")
    lists = {
        rank: _addresses(submission.values[name])
        for rank, (name, _) in _LISTS.items()
        if name in submission.values
    }
    if lists.get("owner") == set():
        raise NotAcceptable("A room needs an owner.")
    return Wishes(columns, lists)


def rank_changes(lists: Mapping[str, Collection[str]], ranks: Mapping[str, str]) -> dict[str, str]:
    """Which address becomes what, so that the lists hold; who is taken off one becomes a member."""
    wanted = {
        jid: "member" for jid, rank in ranks.items() if rank in lists and jid not in lists[rank]
    }
    for jid in lists.get("admin", ()):
        if "owner" in lists or ranks.get(jid) != "owner":
            wanted[jid] = "admin"
    for jid in lists.get("owner", ()):  # who is on both lists is an owner
        wanted[jid] = "owner"
    return {jid: rank for jid, rank in wanted.items() if ranks.get(jid) != rank}


def _with_rank(ranks: Mapping[str, str], rank: str) -> list[str]:
    return sorted(jid for jid, each in ranks.items() if each == rank)


def _addresses(values: list[str]) -> set[str]:
    try:
        return {parse(value.strip()).bare for value in values if value.strip()}
    except InvalidJID as error:
        raise NotAcceptable("One of the lists has something that is no address.") from error
