"""Groups whose people have an affiliation with a room, for as long as they are in the group."""

from collections.abc import Collection

from django.contrib.auth.models import Group
from django.db import transaction

from chatops.accounts.models import User
from chatops.audit.services import Actor, record
from chatops.core.live import ring
from chatops.rooms.models import Affiliation, GroupLink, Room
from chatops.rooms.news import RoomMoved
from chatops.rooms.privileges import RANKS
from chatops.rooms.services.ground import NONE, OWNER, locked
from chatops.rooms.services.people import RankChange, set_affiliations
from chatops.xmpp.errors import NotAcceptable

LINKABLE = ("member", "admin", "owner")


@transaction.atomic
def link_group(room: Room, *, group: Group, rank: str, by: Actor) -> None:
    """Give the people of a group an affiliation, now and when they join the group.

    Who has an affiliation of one's own keeps it, bans included. Raises NotAcceptable.
    """
    if rank not in LINKABLE:
        raise NotAcceptable(f"A group cannot be {rank!r} of a room.")
    room = locked(room)
    GroupLink.objects.update_or_create(room=room, group=group, defaults={"rank": rank})
    record(by, "room.group", room.jid, group=group.name, affiliation=rank)
    keep_in_step(room, by=by)


@transaction.atomic
def unlink_group(room: Room, *, group: Group, by: Actor) -> None:
    """Take away what the group has given. Raises LastOwner."""
    room = locked(room)
    if GroupLink.objects.filter(room=room, group=group).delete()[0]:
        record(by, "room.group", room.jid, group=group.name, affiliation=NONE)
        keep_in_step(room, by=by)


@transaction.atomic
def follow_groups(group_ids: Collection[int] | None, *, by: Actor) -> None:
    """People have come into groups, or left them; None where it is not known which."""
    rooms = Room.objects.exclude(groups=None)
    if group_ids is not None:
        rooms = rooms.filter(groups__group__in=group_ids)
    for room in rooms.distinct().order_by("pk"):
        keep_in_step(room, by=by)


@transaction.atomic
def part_with(group: Group, *, by: Actor) -> None:
    """The group is about to be removed."""
    for link in GroupLink.objects.filter(group=group).select_related("room"):
        unlink_group(link.room, group=group, by=by)


def keep_in_step(room: Room, *, by: Actor) -> None:
    """Make the affiliations what the groups say; the last owner stays one."""
    wanted = _wanted(room)
    rows = {row.jid: row for row in Affiliation.objects.filter(room=room)}
    changes = [
        RankChange(jid, rank, by_group=True)
        for jid, rank in wanted.items()
        if jid not in rows or (rows[jid].by_group and rows[jid].rank != rank)
    ]
    changes += [
        RankChange(jid, NONE, by_group=True)
        for jid, row in rows.items()
        if row.by_group and jid not in wanted
    ]
    _keep_an_owner(rows.values(), changes)
    if changes:
        set_affiliations(room, changes=changes, by=by)
    else:
        ring(RoomMoved(room.pk))  # pages show which groups there are


def _keep_an_owner(rows: Collection[Affiliation], changes: list[RankChange]) -> None:
    """Nobody can be asked whether a room may lose its last owner with a group."""
    turned = {change.jid: change for change in changes}
    owners = [row.jid for row in rows if row.rank == OWNER]
    comes = any(change.rank == OWNER for change in changes)
    if owners and not comes and all(jid in turned for jid in owners):
        changes.remove(turned[owners[0]])


def _wanted(room: Room) -> dict[str, str]:
    """The highest affiliation that a group gives somebody, by address."""
    wanted: dict[str, str] = {}
    for link in GroupLink.objects.filter(room=room):
        for person in User.objects.filter(groups=link.group_id).order_by("pk"):
            known = wanted.get(person.jid, NONE)
            if RANKS.index(link.rank) > RANKS.index(known):
                wanted[person.jid] = link.rank
    return wanted
