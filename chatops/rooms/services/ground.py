"""What the services for rooms share: addresses, names, refusals, and the row that is changed."""

from typing import Any

from django.conf import settings

from chatops.audit.services import Actor
from chatops.rooms.models import Room, Tombstone
from chatops.xmpp.errors import Condition, Conflict, Malformed, NotFound, Refused
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.text import fit_for_xml

HOST = f"conference.{settings.CHATOPS_DOMAIN}"
NONE, OWNER = "none", "owner"
LONGEST_REASON = 500


class RoomThere(Conflict):
    """There is a room of that name already."""


class RoomRetired(Refused):
    """There was a room of that name; its address is not used again."""

    condition = Condition.GONE


class NicknameReserved(Conflict):
    """Somebody else has registered this nickname."""


class NoSuchRoom(NotFound):
    """There is no such room."""


def fit(columns: dict[str, Any]) -> dict[str, Any]:
    """The same settings with texts that a stanza can carry: each newcomer is told them."""
    return {
        name: fit_for_xml(value) if isinstance(value, str) else value
        for name, value in columns.items()
    }


def bare(jid: str) -> str:
    """The normalised bare JID. Raises Malformed."""
    try:
        return parse(jid.strip()).bare
    except InvalidJID as error:
        raise Malformed(f"{jid!r} is not an address.") from error


def address(text: str) -> str:
    """Somebody's bare JID; a name without @ is an account of this service. Raises Malformed."""
    text = text.strip()
    return bare(text if "@" in text else f"{text}@{settings.CHATOPS_DOMAIN}")


def must_be_free(localpart: str) -> None:
    """Whether a room may be made there. Raises RoomThere or RoomRetired."""
    if Room.objects.filter(localpart=localpart).exists():
        raise RoomThere
    if (stone := Tombstone.objects.filter(localpart=localpart).first()) is not None:
        raise RoomRetired(f"It is gone; go to {stone.alternate}." if stone.alternate else "")


def shown_name(by: Actor) -> str:
    """How occupants may know who it was: a client's JID, which the room turns into a nickname,
    or an administrator's name."""
    return by.name if by.door == "xmpp" else by.name.partition("@")[0]


def locked(room: Room) -> Room:
    """The row as it is now, nobody else changing it. Raises NoSuchRoom."""
    found = Room.objects.select_for_update().filter(pk=room.pk).first()
    if found is None:
        raise NoSuchRoom
    return found
