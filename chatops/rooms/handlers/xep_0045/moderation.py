"""Roles and affiliations, XEP-0045 sections 8 to 10: from clients and from the browser."""

from dataclasses import dataclass
from functools import partial

from chatops.audit.services import Actor
from chatops.core.database import in_db
from chatops.core.features import IqRequest
from chatops.core.live import hears
from chatops.rooms import services
from chatops.rooms.handlers.xep_0045 import conference, muc
from chatops.rooms.handlers.xep_0045.invitations import INVITE, pass_invitation
from chatops.rooms.handlers.xep_0045.leaving import expel, expel_all
from chatops.rooms.handlers.xep_0045.nicknames import valid_nickname
from chatops.rooms.inside import RunningRoom, Turn
from chatops.rooms.models import WhoSeesJids
from chatops.rooms.news import AffiliationChanged, RoleGiven
from chatops.rooms.occupants import Occupant, Role
from chatops.rooms.privileges import (
    RANKS,
    STAFF,
    NeedsAdmin,
    NeedsModerator,
    may_change_role,
    may_see_ranks,
    role_after,
)
from chatops.rooms.running import changed, in_order, rooms
from chatops.rooms.services import NoSuchRoom, RankChange
from chatops.xmpp.elements import Element, add, make, text_of
from chatops.xmpp.errors import BadRequest, Forbidden, NotFound, quoting
from chatops.xmpp.names import MUC_ADMIN, MUC_USER

QUERY, ITEM = f"{{{MUC_ADMIN}}}query", f"{{{MUC_ADMIN}}}item"


class NotInside(Forbidden):
    """You are not in this room."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One item of a request: a role for a nickname, or an affiliation for an address."""

    nick: str
    jid: str
    role: str
    rank: str
    reason: str
    nickname: str | None  # to be reserved, where the item has an address, too

    @classmethod
    def read(cls, item: Element) -> "Wish":
        """Raises BadRequest for what names neither role nor affiliation, or both (section 17.4)."""
        role, rank = item.get("role", ""), item.get("affiliation", "")
        nick, jid = item.get("nick", ""), item.get("jid", "")
        if role and role not in list(Role):
            raise BadRequest(f"There is no role {role!r}.")
        if rank and rank not in RANKS:
            raise BadRequest(f"There is no affiliation {rank!r}.")
        if bool(role) == bool(rank):
            raise BadRequest("Name either a role or an affiliation.")
        address = services.bare(jid) if jid else ""
        reason = text_of(item, "reason", MUC_ADMIN) or ""
        return cls(nick, address, role, rank, reason, item.get("nick") if rank and jid else None)


@muc.iq("get", QUERY, at=(conference.node,))
async def send_list(request: IqRequest) -> Element:
    """Sections 8.5, 9.2, 9.5, 9.8, 10.5 and 10.8: who has a role or an affiliation."""
    room = await _room(request)
    items = request.payload.findall(ITEM)
    if len(items) != 1:
        raise BadRequest("Ask for one role or one affiliation.")
    wish = Wish.read(items[0])
    answer = make(QUERY)
    if wish.role:
        if _inside(room, request).role != Role.MODERATOR:
            raise NeedsModerator
        for occupant in room.occupants:
            if occupant.role == wish.role:
                add(
                    answer,
                    ITEM,
                    affiliation=occupant.rank,
                    jid=occupant.address,
                    nick=occupant.nick,
                    role=wish.role,
                )
        return answer
    _must_see_list(room, request, wish.rank)
    nicknames = {occupant.bare: occupant.nick for occupant in room.occupants}
    for jid, standing in sorted(room.standings.items()):
        if standing.rank == wish.rank:
            nick = standing.nickname or nicknames.get(jid)
            found = add(answer, ITEM, affiliation=standing.rank, jid=jid, nick=nick)
            if standing.reason and standing.rank == "outcast":
                add(found, f"{{{MUC_ADMIN}}}reason", standing.reason)
    return answer


@muc.iq("set", QUERY, at=(conference.node,))
async def change(request: IqRequest) -> None:
    """All of a request is checked before any of it is done (section 8.5)."""
    room = await _room(request)
    with quoting(request.payload):
        await _change(room, request)


async def _change(room: RunningRoom, request: IqRequest) -> None:
    wishes = [Wish.read(item) for item in request.payload.findall(ITEM)]
    if not wishes:
        raise BadRequest("There is nothing to change.")
    roles = [wish for wish in wishes if wish.role]
    for wish in roles:
        may_change_role(_inside(room, request), _target(room, wish), Role(wish.role))
    ranks = [
        RankChange(
            wish.jid or _target(room, wish).bare,
            wish.rank,
            wish.reason,
            _nickname(room, wish) if wish.nickname is not None else None,
        )
        for wish in wishes
        if wish.rank
    ]
    by, acting = actor_of(request), request.sender.bare
    if ranks:
        await in_db(services.set_affiliations, room.room, changes=ranks, by=by, acting=acting)
        for each in ranks:
            await rooms.restand(room.localpart, services.bare(each.jid))
    for wish in roles:
        await _change_role(room, wish, by, acting)


async def _change_role(room: RunningRoom, wish: Wish, by: Actor, acting: str) -> None:
    target = room.occupants.by_nick(wish.nick)
    if target is None:
        return  # gone meanwhile, as was wanted or by itself
    await in_db(
        services.note_role,
        room.room,
        nick=wish.nick,
        jid=target.bare,
        role=wish.role,
        by=by,
        reason=wish.reason,
    )
    await in_order(
        partial(give_role, room, target, Role(wish.role), wish.reason, room.name_of(acting))
    )


def give_role(room: RunningRoom, occupant: Occupant, role: Role, reason: str, by: str) -> None:
    """Sections 8.2 to 8.4, 9.6 and 9.7, for who is still inside."""
    if room.occupants.by_nick(occupant.nick) is not occupant:
        return
    if occupant.rank in STAFF and role in (Role.VISITOR, Role.PARTICIPANT):
        return  # it became one meanwhile, and nobody takes voice from admins and owners
    if role == Role.NONE:
        expel(room, occupant, Turn(codes=(307,), type="unavailable", reason=reason, by=by))
    elif role != occupant.role:
        occupant.role = role
        room.remember_voice(occupant)
        room.show(occupant, Turn(reason=reason, by=by))
        changed(room)


@hears(AffiliationChanged)
async def apply_affiliation(news: AffiliationChanged) -> None:
    """Whoever changed it: the people inside see it, and who may not be inside leaves."""
    room = await rooms.restand(news.localpart, news.jid)
    if room is None:
        return
    if "@" not in news.jid and news.rank == "outcast":
        leavers = room.meant_by(news.jid)
        for occupant in leavers:
            occupant.rank = news.rank
        by = room.name_of(news.by)
        await expel_all(room, leavers, Turn((301,), "unavailable", reason=news.reason, by=by))
    await in_order(partial(_apply, room, news))


def _apply(room: RunningRoom, news: AffiliationChanged) -> None:
    rank, by = news.rank, room.name_of(news.by)
    inside = room.meant_by(news.jid)
    for occupant in inside:
        before, occupant.rank = occupant.rank, rank
        if rank == "outcast":
            expel(room, occupant, Turn((301,), "unavailable", reason=news.reason, by=by))
        elif rank == "none" and room.room.is_members_only:
            expel(room, occupant, Turn((321,), "unavailable", reason=news.reason, by=by))
        elif before != rank:
            moderated = room.room.silences_newcomers
            occupant.role = role_after(occupant.role, before, rank, moderated=moderated)
            room.show(occupant, Turn(reason=news.reason, by=by))
    if not inside:
        room.announce_rank(news.jid, rank)
        if news.invited and room.room.is_members_only:
            _invite(room, news)
    changed(room)


def _invite(room: RunningRoom, news: AffiliationChanged) -> None:
    """Section 9.5: who may enter a room for members should know it."""
    nick = room.name_of(news.by)
    invite = make(INVITE, from_=f"{room.jid}/{nick}" if nick else room.jid)
    if news.reason:
        add(invite, f"{{{MUC_USER}}}reason", news.reason)
    pass_invitation(room, news.jid, invite)


@hears(RoleGiven)
async def apply_role(news: RoleGiven) -> None:
    """From the browser."""
    room = rooms.get(news.localpart)
    occupant = room.occupants.by_nick(news.nick) if room else None
    if room is not None and occupant is not None:
        by = room.name_of(news.by)
        await in_order(partial(give_role, room, occupant, Role(news.role), news.reason, by))


def actor_of(request: IqRequest) -> Actor:
    """Who asks, for the audit trail."""
    session = request.session
    return Actor.client(request.sender.bare, session.user_id if session else None)


def _must_see_list(room: RunningRoom, request: IqRequest, asked: str) -> None:
    occupant = room.occupants.by_device(request.sender.full)
    listed = room.room.member_list_visible_to or [role.value for role in Role]
    inside = occupant is not None and room.sees_jids(occupant) and occupant.role in listed
    open_names = room.room.who_sees_jids == WhoSeesJids.ANYONE
    rank = room.rank_of(request.sender.bare)
    if not may_see_ranks(asked, rank, inside=inside, open_names=open_names):
        raise NeedsAdmin


def _nickname(room: RunningRoom, wish: Wish) -> str:
    """To be reserved for that address, '' for none."""
    return valid_nickname(room, wish.nickname, wish.jid) if wish.nickname else ""


async def _room(request: IqRequest) -> RunningRoom:
    room = await rooms.wake(request.to.local)
    if room is None:
        raise NoSuchRoom
    return room


def _inside(room: RunningRoom, request: IqRequest) -> Occupant:
    occupant = room.occupants.by_device(request.sender.full)
    if occupant is None:
        raise NotInside
    return occupant


def _target(room: RunningRoom, wish: Wish) -> Occupant:
    occupant = room.occupants.by_nick(wish.nick)
    if occupant is None:
        raise NotFound(f"Nobody here is called {wish.nick}.")
    return occupant
