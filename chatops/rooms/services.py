"""What may happen to rooms, whichever door it comes through: one transaction, one line of audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from chatops.archive.models import Entry
from chatops.audit.services import Actor, record
from chatops.core.live import ring
from chatops.rooms.models import Affiliation, Room
from chatops.rooms.news import (
    AffiliationChanged,
    RoleGiven,
    RoomChanged,
    RoomDestroyed,
    RoomSaid,
    SubjectSet,
)
from chatops.rooms.occupants import Role
from chatops.rooms.options import COLUMNS, status_codes
from chatops.rooms.privileges import RANKS, LastOwner, may_change_rank
from chatops.xmpp.errors import Conflict, Malformed, NotAcceptable, NotAllowed, NotFound
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.text import fit_for_xml

HOST = f"conference.{settings.CHATOPS_DOMAIN}"
NONE, OWNER = "none", "owner"
LONGEST_REASON = 500


class RoomThere(Conflict):
    """There is a room of that name already."""


class NicknameReserved(Conflict):
    """Somebody else has registered this nickname."""


class NoSuchRoom(NotFound):
    """There is no such room."""


@dataclass(frozen=True, slots=True)
class RankChange:
    """Somebody's new affiliation; "none" takes it away. `jid` may be a full one."""

    jid: str
    rank: str
    reason: str = ""


def fit(columns: dict[str, Any]) -> dict[str, Any]:
    """The same settings with texts that a stanza can carry: each newcomer is told them."""
    return {
        name: fit_for_xml(value) if isinstance(value, str) else value
        for name, value in columns.items()
    }


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
    room = _locked(room)
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
def set_affiliations(
    room: Room, *, changes: Sequence[RankChange], by: Actor, acting: str | None = None
) -> None:
    """Change affiliations, all or none. Raises NotAcceptable, LastOwner and other refusals.

    `acting` is the bare JID of a client whose own affiliation limits what it may do (sections 9
    and 10); an administrator of the service stands above the room.
    """
    room = _locked(room)
    ranks = dict(Affiliation.objects.filter(room=room).values_list("jid", "rank"))
    had_owner = OWNER in ranks.values()
    own_rank = ranks.get(acting or "", NONE)  # as it was when all of this was asked for
    for change in changes:
        if change.rank not in RANKS:
            raise NotAcceptable(f"There is no affiliation {change.rank!r}.")
        jid = bare(change.jid)
        before = ranks.get(jid, NONE)
        if acting is not None:
            may_change_rank(acting, own_rank, jid, before, change.rank)
        ranks[jid] = change.rank
        _note_rank(room, jid, before, change, by)
    if had_owner and OWNER not in ranks.values():
        raise LastOwner


def set_affiliation(room: Room, *, jid: str, rank: str, by: Actor, reason: str = "") -> None:
    """Give somebody an affiliation, or take it away, as an administrator of the service."""
    set_affiliations(room, changes=[RankChange(jid, rank, reason)], by=by)


def _note_rank(room: Room, jid: str, before: str, change: RankChange, by: Actor) -> None:
    if before == change.rank:
        return
    reason = change.reason[:LONGEST_REASON]
    if change.rank == NONE:
        Affiliation.objects.filter(room=room, jid=jid).delete()
    else:
        fields: dict[str, Any] = {"rank": change.rank, "reason": reason}
        if change.rank == Affiliation.Rank.OUTCAST:
            fields["nickname"] = ""  # section 9.1: it is no longer reserved
        Affiliation.objects.update_or_create(room=room, jid=jid, defaults=fields)
    record(
        by,
        "room.affiliation",
        room.jid,
        jid=jid,
        before=before,
        after=change.rank,
        reason=reason,
    )
    ring(AffiliationChanged(room.localpart, jid, change.rank, reason, shown_name(by)))


@transaction.atomic
def register(room: Room, *, jid: str, nickname: str, by: Actor) -> None:
    """Make somebody a member, if they are nothing yet, and reserve a nickname (section 7.10).

    Raises NicknameReserved, or NotAllowed for outcasts.
    """
    room = _locked(room)
    address = bare(jid)
    others = Affiliation.objects.filter(room=room, nickname=nickname).exclude(jid=address)
    if nickname and others.exists():
        raise NicknameReserved
    known = Affiliation.objects.filter(room=room, jid=address).first()
    if known is not None and known.rank == Affiliation.Rank.OUTCAST:
        raise NotAllowed("Who is banned cannot register.")
    if known is None:
        _note_rank(room, address, NONE, RankChange(address, Affiliation.Rank.MEMBER), by)
    Affiliation.objects.filter(room=room, jid=address).update(nickname=nickname)
    record(by, "room.register", room.jid, jid=address, nickname=nickname)


@transaction.atomic
def unregister(room: Room, *, jid: str, by: Actor) -> None:
    """Give the nickname back, and the membership if it is no more than that."""
    room = _locked(room)
    address = bare(jid)
    known = Affiliation.objects.filter(room=room, jid=address).first()
    if known is None or known.rank == Affiliation.Rank.OUTCAST:
        return
    Affiliation.objects.filter(pk=known.pk).update(nickname="")
    record(by, "room.unregister", room.jid, jid=address, nickname=known.nickname)
    if known.rank == Affiliation.Rank.MEMBER:
        _note_rank(room, address, known.rank, RankChange(address, NONE), by)


@transaction.atomic
def set_subject(room: Room, *, subject: str, by: Actor) -> None:
    """Set the subject from outside the room."""
    room, subject = _locked(room), fit_for_xml(subject)
    room.subject, room.subject_set_by, room.subject_set_at = subject, room.jid, timezone.now()
    room.save(update_fields=["subject", "subject_set_by", "subject_set_at"])
    record(by, "room.subject", room.jid, subject=subject)
    ring(SubjectSet(room.localpart))


@transaction.atomic
def give_role(room: Room, *, nick: str, role: str, by: Actor, reason: str = "") -> None:
    """Change the role of somebody who is inside; "none" kicks. Raises NotAcceptable."""
    if role not in list(Role):
        raise NotAcceptable(f"There is no role {role!r}.")
    action = "room.kick" if role == NONE else "room.role"
    record(by, action, room.jid, nick=nick, role=role, reason=reason)
    ring(RoleGiven(room.localpart, nick, role, reason, shown_name(by)))


@transaction.atomic
def note_role(room: Room, *, nick: str, jid: str, role: str, by: Actor, reason: str = "") -> None:
    """Write down what a moderator inside has done to an occupant."""
    action = "room.kick" if role == NONE else "room.role"
    record(by, action, room.jid, nick=nick, jid=jid, role=role, reason=reason)


@transaction.atomic
def say(room: Room, *, body: str, by: Actor) -> None:
    """Let the service say something; the words are in the archive, not in the audit trail."""
    body = fit_for_xml(body)
    if not body.strip():
        raise NotAcceptable("There is nothing to say.")
    record(by, "room.say", room.jid)
    ring(RoomSaid(room.localpart, body))


@transaction.atomic
def destroy(room: Room, *, by: Actor, reason: str = "", alternate: str = "") -> None:
    """Remove a room; whoever is inside is told. Its archive stays. Raises Malformed."""
    room = _locked(room)
    other = bare(alternate) if alternate.strip() else ""
    localpart, jid = room.localpart, room.jid
    room.delete()
    record(by, "room.destroy", jid, reason=reason, alternate=other)
    ring(RoomDestroyed(localpart, reason, other))


@transaction.atomic
def vanish(room_id: int) -> None:
    """A temporary room ends with its last occupant."""
    Room.objects.filter(pk=room_id, is_persistent=False).delete()


@transaction.atomic
def vanish_older(than: datetime) -> int:
    """Remove temporary rooms that an earlier run of the service has left; returns how many."""
    return Room.objects.filter(is_persistent=False, changed_at__lt=than).delete()[0]


@transaction.atomic
def forget_person(jid: str) -> None:
    """An account is gone: whoever gets its name next inherits no affiliation, but for bans."""
    Affiliation.objects.filter(jid=jid).exclude(rank=Affiliation.Rank.OUTCAST).delete()


def bare(jid: str) -> str:
    """The normalised bare JID. Raises Malformed."""
    try:
        return parse(jid.strip()).bare
    except InvalidJID as error:
        raise Malformed(f"{jid!r} is not an address.") from error


def shown_name(by: Actor) -> str:
    """How occupants may know who it was: a client's JID, which the room turns into a nickname,
    or an administrator's name."""
    return by.name if by.door == "xmpp" else by.name.partition("@")[0]


def _locked(room: Room) -> Room:
    """The row as it is now, nobody else changing it. Raises NoSuchRoom."""
    found = Room.objects.select_for_update().filter(pk=room.pk).first()
    if found is None:
        raise NoSuchRoom
    return found
