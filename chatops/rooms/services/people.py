"""Affiliations, and the nicknames that go with them: XEP-0045 sections 7.10, 9 and 10."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from chatops.audit.services import Actor, record
from chatops.core.live import ring
from chatops.rooms.models import Affiliation, Room, WornHat
from chatops.rooms.news import AffiliationChanged, RoomMoved
from chatops.rooms.privileges import RANKS, LastOwner, may_change_rank
from chatops.rooms.services.ground import (
    LONGEST_REASON,
    NONE,
    OWNER,
    NicknameReserved,
    bare,
    locked,
    shown_name,
)
from chatops.rooms.services.meanwhile import AFFILIATION, rank_changed
from chatops.rooms.services.telling import Turn, tell_members
from chatops.xmpp.errors import NotAcceptable, NotAllowed
from chatops.xmpp.text import fit_for_xml


@dataclass(frozen=True, slots=True)
class RankChange:
    """Somebody's new affiliation; "none" takes it away. `jid` may be a full one.

    `nickname` is to be reserved, '' gives it back, None leaves it as it is (section 9.5).
    `seen` is the one that an administrator saw; `by_group`: it comes and goes with a group.
    """

    jid: str
    rank: str
    reason: str = ""
    nickname: str | None = None
    seen: str | None = None
    by_group: bool = False


class GivenByGroup(NotAllowed):
    """The affiliation comes from a group."""


@transaction.atomic
def set_affiliations(
    room: Room, *, changes: Sequence[RankChange], by: Actor, acting: str | None = None
) -> None:
    """Change affiliations, all or none. Raises NotAcceptable, LastOwner and other refusals.

    `acting` is the bare JID of a client whose own affiliation limits what it may do (sections 9
    and 10); an administrator of the service stands above the room, and those whom he makes
    something else are told so by a message. Raises ChangedMeanwhile, too, for what was `seen`.
    """
    room = locked(room)
    rows = {row.jid: row for row in Affiliation.objects.filter(room=room)}
    ranks = {jid: row.rank for jid, row in rows.items()}
    had_owner = OWNER in ranks.values()
    own_rank = ranks.get(acting or "", NONE)  # as it was when all of this was asked for
    turns: list[Turn] = []
    for change in changes:
        if change.rank not in RANKS:
            raise NotAcceptable(f"There is no affiliation {change.rank!r}.")
        jid = bare(change.jid)
        before = ranks.get(jid, NONE)
        if acting is not None:
            may_change_rank(acting, own_rank, jid, before, change.rank)
        if change.seen is not None and change.seen != before:
            raise rank_changed(room, jid, seen=change.seen, now=before)
        if change.rank == NONE and not change.by_group:
            _must_be_its_own(rows.get(jid))
        ranks[jid] = change.rank
        invited = acting is not None and before == NONE and change.rank == "member"
        if _note_rank(room, jid, before, change, by, invited=invited):
            turns.append(Turn(jid, before, change.rank, change.reason))
        if change.nickname is not None and change.rank not in (NONE, "outcast"):
            _reserve(room, jid, change.nickname, by)
    if had_owner and OWNER not in ranks.values():
        raise LastOwner
    tell_members(room, turns, by=by)
    ring(RoomMoved(room.pk))


def set_affiliation(
    room: Room, *, jid: str, rank: str, by: Actor, reason: str = "", seen: str | None = None
) -> None:
    """Give somebody an affiliation, or take it away, as an administrator of the service."""
    set_affiliations(room, changes=[RankChange(jid, rank, reason, seen=seen)], by=by)


def _must_be_its_own(row: Affiliation | None) -> None:
    """Whoever is in a group that is linked with the room would come back with its next change."""
    if row is not None and row.by_group:
        raise GivenByGroup(
            f"{row.jid} is {row.rank} through a group: take the person out of the group, or ban"
            " them here."
        )


def _note_rank(
    room: Room, jid: str, before: str, change: RankChange, by: Actor, *, invited: bool = False
) -> bool:
    """Write it down and tell it; False where it is so already."""
    if before == change.rank:
        return False
    reason = fit_for_xml(change.reason)[:LONGEST_REASON]
    if change.rank == NONE:
        Affiliation.objects.filter(room=room, jid=jid).delete()
    else:
        fields: dict[str, Any] = {
            "rank": change.rank,
            "reason": reason,
            "by_group": change.by_group,
        }
        if change.rank == Affiliation.Rank.OUTCAST:
            fields["nickname"] = ""  # section 9.1: it is no longer reserved
        if before == NONE:
            Affiliation.objects.create(room=room, jid=jid, **fields)
        else:
            Affiliation.objects.filter(room=room, jid=jid).update(**fields)
    record(
        by,
        AFFILIATION,
        room.jid,
        jid=jid,
        before=before,
        after=change.rank,
        reason=reason,
    )
    name = shown_name(by)
    ring(AffiliationChanged(room.localpart, jid, change.rank, reason, name, invited))
    return True


def _reserve(room: Room, jid: str, nickname: str, by: Actor) -> None:
    """For somebody who has an affiliation. Raises NicknameReserved."""
    others = Affiliation.objects.filter(room=room, nickname=nickname).exclude(jid=jid)
    if nickname and others.exists():
        raise NicknameReserved
    known = Affiliation.objects.filter(room=room, jid=jid).exclude(nickname=nickname)
    if known.update(nickname=nickname):
        record(by, "room.register", room.jid, jid=jid, nickname=nickname)


@transaction.atomic
def register(room: Room, *, jid: str, nickname: str, by: Actor) -> None:
    """Make somebody a member, if they are nothing yet, and reserve a nickname (section 7.10).

    Raises NicknameReserved, or NotAllowed for outcasts.
    """
    room = locked(room)
    address = bare(jid)
    known = Affiliation.objects.filter(room=room, jid=address).first()
    if known is not None and known.rank == Affiliation.Rank.OUTCAST:
        raise NotAllowed("Who is banned cannot register.")
    if known is None:
        _note_rank(room, address, NONE, RankChange(address, Affiliation.Rank.MEMBER), by)
    _reserve(room, address, nickname, by)


@transaction.atomic
def unregister(room: Room, *, jid: str, by: Actor) -> None:
    """Give the nickname back, and the membership if it is no more than that."""
    room = locked(room)
    address = bare(jid)
    known = Affiliation.objects.filter(room=room, jid=address).first()
    if known is None or known.rank == Affiliation.Rank.OUTCAST:
        return
    Affiliation.objects.filter(pk=known.pk).update(nickname="")
    record(by, "room.unregister", room.jid, jid=address, nickname=known.nickname)
    if known.rank == Affiliation.Rank.MEMBER:
        _note_rank(room, address, known.rank, RankChange(address, NONE), by)


@transaction.atomic
def forget_person(jid: str) -> None:
    """An account is gone: whoever gets its name next inherits no affiliation, but for bans."""
    Affiliation.objects.filter(jid=jid).exclude(rank=Affiliation.Rank.OUTCAST).delete()
    WornHat.objects.filter(jid=jid).delete()
