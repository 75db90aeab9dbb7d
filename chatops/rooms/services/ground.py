"""What the services for rooms share: addresses, names, refusals, and the row that is changed."""

from collections.abc import Container
from typing import Any

from django.conf import settings

from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.rooms.models import Room, Tombstone
from chatops.xmpp.errors import Condition, Conflict, Malformed, NotFound, Refused
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.text import fit_for_xml

HOST = f"conference.{settings.CHATOPS_DOMAIN}"
NONE, OUTCAST, OWNER = "none", "outcast", "owner"
LONGEST_REASON = 500


class RoomThere(Conflict):
    """There is a room of that name already."""


class RoomRetired(Refused):
    """There was a room of that name; its address is not used again."""

    condition = Condition.GONE


class NicknameReserved(Conflict):
    """Somebody else has registered this nickname."""


class NobodyThere(NotFound):
    """Nobody here has that address."""


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


def whom(text: str, *, rank: str = "member", known: Container[str] | None = None) -> str:
    """Who is meant by what an administrator writes, to become `rank`: an address, or a username.

    Whole domains are banned only. `known`: the usernames among those that are asked about, where
    many are. Raises Malformed or NobodyThere.
    """
    text = text.strip()
    is_whole = "@" in text or ("." in text and not _is_somebody(text.casefold(), known))
    jid = bare(text if is_whole else f"{text}@{settings.CHATOPS_DOMAIN}")
    name, at, domain = jid.rpartition("@")
    if not at and rank not in (OUTCAST, NONE):
        raise Malformed(f"{jid} is a domain: its people can be banned, and nothing else.")
    ours = at and domain == settings.CHATOPS_DOMAIN and rank not in (OUTCAST, NONE)
    if ours and not _is_somebody(name, known):
        raise NobodyThere(f"Nobody here has the address {jid}.")
    return jid


def _is_somebody(name: str, known: Container[str] | None) -> bool:
    return User.objects.filter(username=name).exists() if known is None else name in known


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
