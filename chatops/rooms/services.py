"""What may happen to rooms, whichever door it comes through: one transaction, one line of audit."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from chatops.audit.services import Actor, record
from chatops.core.live import bell, ring
from chatops.rooms.models import Affiliation, Room
from chatops.rooms.occupants import RANKS, Role
from chatops.rooms.options import OPTIONS, status_codes
from chatops.xmpp.errors import Conflict, Malformed, NotAcceptable, NotFound
from chatops.xmpp.jid import InvalidJID, parse

HOST = f"conference.{settings.CHATOPS_DOMAIN}"
COLUMNS = frozenset(option.column for option in OPTIONS)
NONE = "none"


@bell
class RoomChanged:
    """A room's settings changed; occupants are told by these status codes."""

    localpart: str
    codes: list[int]


@bell
class AffiliationChanged:
    """Somebody's affiliation with a room changed."""

    localpart: str
    jid: str
    rank: str
    reason: str
    by: str


@bell
class RoomDestroyed:
    """The room is gone."""

    localpart: str
    reason: str
    alternate: str


@bell
class RoleGiven:
    """An administrator gives an occupant a role; "none" is a kick."""

    localpart: str
    nick: str
    role: str
    reason: str
    by: str


@bell
class RoomSaid:
    """The service says something in a room."""

    localpart: str
    body: str


@bell
class SubjectSet:
    """An administrator set the subject."""

    localpart: str


class RoomThere(Conflict):
    """There is a room of that name already."""


class NoSuchRoom(NotFound):
    """There is no such room."""


@transaction.atomic
def create(
    localpart: str, *, by: Actor, owner: str = "", locked: bool = False, **columns: Any
) -> Room:
    """Make a room; `owner` is a bare JID. Raises RoomThere or Malformed."""
    room = Room(localpart=localpart, locked=locked, **columns)
    try:
        room.clean_fields()
    except ValidationError as error:
        raise Malformed(" ".join(error.messages)) from error
    if Room.objects.filter(localpart=localpart).exists():
        raise RoomThere
    room.save()
    if owner:
        Affiliation.objects.create(room=room, jid=bare(owner), rank=Affiliation.Rank.OWNER)
    record(by, "room.create", room.jid, owner=owner)
    return room


@transaction.atomic
def configure(room: Room, *, by: Actor, changes: dict[str, Any]) -> list[int]:
    """Change settings and unlock the room; returns the status codes. Raises NotAcceptable."""
    room = Room.objects.select_for_update().get(pk=room.pk)
    before = {column: getattr(room, column) for column in COLUMNS}
    was_locked, room.locked = room.locked, False
    for column in changes.keys() & COLUMNS:
        setattr(room, column, changes[column])
    try:
        room.clean_fields()
    except ValidationError as error:
        raise NotAcceptable("; ".join(error.messages)) from error
    room.save()
    codes = status_codes(before, room)
    if codes or was_locked:
        changed = {
            column: [before[column], getattr(room, column)]
            for column in sorted(COLUMNS - {"password"})
            if before[column] != getattr(room, column)
        }
        record(by, "room.configure", room.jid, **changed)
        ring(RoomChanged(room.localpart, codes))
    return codes


@transaction.atomic
def set_affiliation(
    room: Room, *, jid: str, rank: str, by: Actor, reason: str = "", nickname: str | None = None
) -> None:
    """Give somebody an affiliation; "none" takes it away. Who may do this the door has checked."""
    if rank not in RANKS:
        raise NotAcceptable(f"There is no affiliation {rank!r}.")
    address = bare(jid)
    known = Affiliation.objects.filter(room=room, jid=address).first()
    if rank == NONE:
        if known is None:
            return
        known.delete()
    else:
        fields: dict[str, Any] = {"rank": rank, "reason": reason}
        if nickname is not None:
            fields["nickname"] = nickname
        Affiliation.objects.update_or_create(room=room, jid=address, defaults=fields)
    record(
        by,
        "room.affiliation",
        room.jid,
        jid=address,
        before=known.rank if known else NONE,
        after=rank,
        reason=reason,
    )
    ring(AffiliationChanged(room.localpart, address, rank, reason, by.name))


@transaction.atomic
def set_subject(room: Room, *, subject: str, by: Actor) -> None:
    """Set the subject from outside the room."""
    room.subject, room.subject_set_by = subject, room.jid
    room.save(update_fields=["subject", "subject_set_by"])
    record(by, "room.subject", room.jid)
    ring(SubjectSet(room.localpart))


@transaction.atomic
def give_role(room: Room, *, nick: str, role: str, by: Actor, reason: str = "") -> None:
    """Change the role of somebody who is inside; "none" kicks. Raises NotAcceptable."""
    if role not in list(Role):
        raise NotAcceptable(f"There is no role {role!r}.")
    record(by, "room.kick" if role == NONE else "room.role", room.jid, nick=nick, role=role)
    ring(RoleGiven(room.localpart, nick, role, reason, by.name))


@transaction.atomic
def say(room: Room, *, body: str, by: Actor) -> None:
    """Let the service say something; the words are in the archive, not in the audit trail."""
    if not body.strip():
        raise NotAcceptable("There is nothing to say.")
    record(by, "room.say", room.jid)
    ring(RoomSaid(room.localpart, body))


@transaction.atomic
def destroy(room: Room, *, by: Actor, reason: str = "", alternate: str = "") -> None:
    """Remove a room; whoever is inside is told. Its archive stays."""
    localpart, jid = room.localpart, room.jid
    room.delete()
    record(by, "room.destroy", jid, reason=reason, alternate=alternate)
    ring(RoomDestroyed(localpart, reason, alternate))


@transaction.atomic
def vanish(localpart: str) -> None:
    """A temporary room ends with its last occupant."""
    Room.objects.filter(localpart=localpart, is_persistent=False).delete()


def bare(jid: str) -> str:
    """The normalised bare JID. Raises Malformed."""
    try:
        return str(parse(jid).bare)
    except InvalidJID as error:
        raise Malformed(f"{jid!r} is not an address.") from error
