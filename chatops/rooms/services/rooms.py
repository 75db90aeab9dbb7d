"""Rooms themselves: made, configured, destroyed."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from chatops.archive.models import Entry
from chatops.audit.services import Actor, record
from chatops.core.live import ring
from chatops.rooms.models import Affiliation, Room
from chatops.rooms.news import RoomChanged, RoomDestroyed
from chatops.rooms.options import COLUMNS, status_codes
from chatops.rooms.services.ground import RoomThere, bare, fit, locked
from chatops.xmpp.errors import Malformed, NotAcceptable


@transaction.atomic
def create(
    localpart: str, *, by: Actor, owner: str = "", locked: bool = False, **columns: Any
) -> Room:
    """Make a room; `owner` is a bare JID. Raises RoomThere or Malformed."""
    room = Room(localpart=localpart, locked=locked, **fit(columns))
    try:
        room.clean_fields()
    except ValidationError as error:
        raise Malformed(" ".join(error.messages)) from error
    if Room.objects.filter(localpart=localpart).exists():
        raise RoomThere
    if Entry.objects.filter(archive__jid=room.jid).exists():
        room.history_from = timezone.now()
    try:
        with transaction.atomic():
            room.save()
    except IntegrityError as error:  # somebody else was faster
        raise RoomThere from error
    if owner:
        Affiliation.objects.create(room=room, jid=bare(owner), rank=Affiliation.Rank.OWNER)
    record(by, "room.create", room.jid, owner=owner)
    return room


@transaction.atomic
def configure(room: Room, *, by: Actor, changes: dict[str, Any]) -> list[int]:
    """Change settings and unlock the room; returns the status codes. Raises NotAcceptable."""
    room = locked(room)
    before = {column: getattr(room, column) for column in COLUMNS}
    was_locked, room.locked = room.locked, False
    for column in changes.keys() & COLUMNS:
        setattr(room, column, fit(changes)[column])
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
        if before["password"] != room.password:
            changed["password"] = ["(secret)", "(secret)" if room.password else "(none)"]
        record(by, "room.configure", room.jid, **changed)
        ring(RoomChanged(room.localpart, codes))
    return codes


@transaction.atomic
def destroy(
    room: Room, *, by: Actor, reason: str = "", alternate: str = "", password: str = ""
) -> None:
    """Remove a room; whoever is inside is told. Its archive stays. Raises Malformed.

    `alternate` is the address of another room to go to, `password` what is needed there.
    """
    room = locked(room)
    other = bare(alternate) if alternate.strip() else ""
    localpart, jid = room.localpart, room.jid
    room.delete()
    record(by, "room.destroy", jid, reason=reason, alternate=other)
    ring(RoomDestroyed(localpart, reason, other, password if other else ""))


@transaction.atomic
def vanish(room_id: int) -> None:
    """A temporary room ends with its last occupant."""
    Room.objects.filter(pk=room_id, is_persistent=False).delete()


@transaction.atomic
def vanish_older(than: datetime) -> int:
    """Remove temporary rooms that an earlier run of the service has left; returns how many."""
    return Room.objects.filter(is_persistent=False, changed_at__lt=than).delete()[0]
