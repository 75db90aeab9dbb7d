"""Rooms themselves: made, configured, destroyed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from chatops.archive.models import Entry
from chatops.audit.services import Actor, record
from chatops.core.live import ring
from chatops.rooms.models import Affiliation, Room, Tombstone
from chatops.rooms.news import RoomArchived, RoomChanged, RoomDestroyed, RoomMoved
from chatops.rooms.options import COLUMNS, status_codes
from chatops.rooms.services.ground import (
    LONGEST_REASON,
    NONE,
    OWNER,
    RoomThere,
    bare,
    fit,
    locked,
    must_be_free,
    shown_name,
)
from chatops.rooms.services.groups import link_group
from chatops.rooms.services.meanwhile import CONFIGURE, must_not_overwrite
from chatops.rooms.services.people import RankChange, set_affiliations
from chatops.rooms.services.rules import options_of
from chatops.rooms.services.telling import Turn, tell_members
from chatops.xmpp.errors import Malformed, NotAcceptable
from chatops.xmpp.text import fit_for_xml


@transaction.atomic
def create(
    localpart: str,
    *,
    by: Actor,
    owner: str = "",
    locked: bool = False,
    members: Sequence[RankChange] = (),
    **columns: Any,
) -> Room:
    """Make a room; `owner` is a bare JID, `members` have affiliations from the start.

    Raises RoomThere, RoomRetired or Malformed."""
    room = Room(localpart=localpart, locked=locked, **fit(columns))
    try:
        room.clean_fields()
    except ValidationError as error:
        raise Malformed(" ".join(error.messages)) from error
    must_be_free(localpart)
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
    if owner:
        tell_members(room, [Turn(bare(owner), NONE, OWNER)], by=by)
    if members:
        set_affiliations(room, changes=members, by=by)
    return room


@transaction.atomic
def configure(
    room: Room, *, by: Actor, changes: dict[str, Any], seen: int | None = None
) -> list[int]:
    """Change settings and unlock the room; returns the status codes.

    `seen` is the version that somebody looked at. Raises NotAcceptable, ChangedMeanwhile.
    """
    room = locked(room)
    if seen is not None:
        must_not_overwrite(room, changes, seen=seen)
    before = {column: getattr(room, column) for column in COLUMNS}
    was_locked, room.locked = room.locked, False
    for column in changes.keys() & COLUMNS:
        setattr(room, column, fit(changes)[column])
    try:
        room.clean_fields()
    except ValidationError as error:
        raise NotAcceptable("; ".join(error.messages)) from error
    codes = status_codes(before, room)
    if codes:
        room.version += 1
    room.save()
    if codes or was_locked:
        changed = {
            column: [before[column], getattr(room, column)]
            for column in sorted(COLUMNS - {"password"})
            if before[column] != getattr(room, column)
        }
        if before["password"] != room.password:
            changed["password"] = ["(secret)", "(secret)" if room.password else "(none)"]
        record(by, CONFIGURE, room.jid, version=room.version, **changed)
        ring(RoomChanged(room.localpart, codes))
        ring(RoomMoved(room.pk))
    return codes


@transaction.atomic
def submit(
    room: Room, *, columns: dict[str, Any], ranks: Sequence[RankChange], by: Actor, acting: str
) -> None:
    """An owner's form, as a whole or not at all. Raises what its parts raise."""
    if ranks:
        set_affiliations(room, changes=ranks, by=by, acting=acting)
    configure(room, by=by, changes=columns)


@transaction.atomic
def destroy(
    room: Room, *, by: Actor, reason: str = "", alternate: str = "", password: str = ""
) -> None:
    """Remove a room; whoever is inside is told. Its archive stays. Raises Malformed.

    `alternate` is the address of another room to go to, `password` what is needed there.
    """
    room = locked(room)
    other = bare(alternate) if alternate.strip() else ""
    reason = fit_for_xml(reason)[:LONGEST_REASON]
    localpart, jid = room.localpart, room.jid
    if room.retires_when_destroyed:
        Tombstone.objects.create(localpart=localpart, by=by.name, reason=reason, alternate=other)
    room.delete()
    record(by, "room.destroy", jid, reason=reason, alternate=other)
    ring(RoomDestroyed(localpart, reason, other, password if other else ""))


@transaction.atomic
def clone(
    room: Room, *, localpart: str, by: Actor, name: str = "", with_people: bool = False
) -> Room:
    """Another room with the same options, and the same affiliations and groups if so wished.

    Raises what `create` raises.
    """
    made = create(localpart, by=by, name=name, **options_of(room))
    record(by, "room.clone", made.jid, of=room.jid, with_people=with_people)
    if with_people:
        rows = Affiliation.objects.filter(room=room, by_group=False).order_by("pk")
        changes = [RankChange(row.jid, row.rank, row.reason) for row in rows]
        set_affiliations(made, changes=changes, by=by)
        for link in room.groups.select_related("group"):
            link_group(made, group=link.group, rank=link.rank, by=by)
    return made


@transaction.atomic
def archive(room: Room, *, by: Actor, reason: str = "") -> None:
    """Close a room and keep it: who is inside leaves, nobody enters, what was said can be read."""
    room = locked(room)
    if room.archived_at is not None:
        return
    reason = fit_for_xml(reason)[:LONGEST_REASON]
    room.archived_at = timezone.now()
    room.save(update_fields=["archived_at"])
    record(by, "room.archive", room.jid, reason=reason)
    ring(RoomArchived(room.localpart, reason, shown_name(by)))
    ring(RoomMoved(room.pk))


@transaction.atomic
def reopen(room: Room, *, by: Actor, reason: str = "") -> None:
    """People may enter an archived room again."""
    room = locked(room)
    if room.archived_at is None:
        return
    room.archived_at = None
    room.save(update_fields=["archived_at"])
    record(by, "room.reopen", room.jid, reason=fit_for_xml(reason)[:LONGEST_REASON])
    ring(RoomChanged(room.localpart, []))
    ring(RoomMoved(room.pk))


@transaction.atomic
def vanish(room_id: int) -> None:
    """A temporary room ends with its last occupant."""
    Room.objects.filter(pk=room_id, is_persistent=False).delete()


@transaction.atomic
def vanish_older(than: datetime) -> int:
    """Remove temporary rooms that an earlier run of the service has left; returns how many."""
    return Room.objects.filter(is_persistent=False, changed_at__lt=than).delete()[0]


@transaction.atomic
def unretire(stone: Tombstone, *, by: Actor) -> None:
    """The address may be a room's again."""
    record(by, "room.unretire", str(stone), reason=stone.reason)
    stone.delete()
