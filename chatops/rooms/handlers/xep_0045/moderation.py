"""Roles and affiliations, XEP-0045 sections 8 to 10: from clients and from the browser."""

from collections.abc import Callable
from dataclasses import dataclass

from chatops.audit.services import Actor
from chatops.core.database import in_db
from chatops.core.features import IqRequest
from chatops.core.live import hears
from chatops.rooms import services
from chatops.rooms.handlers.xep_0045 import conference, muc
from chatops.rooms.handlers.xep_0045.joining import changed, close_if_empty, in_order
from chatops.rooms.occupants import (
    RANKS,
    NeedsAdmin,
    Occupant,
    Role,
    first_role,
    may_change_rank,
    may_change_role,
)
from chatops.rooms.running import RunningRoom, load, rooms
from chatops.rooms.services import AffiliationChanged, NoSuchRoom, RoleGiven
from chatops.xmpp.elements import Element, add, make, text_of
from chatops.xmpp.errors import BadRequest, Forbidden, NotFound
from chatops.xmpp.names import MUC_ADMIN

QUERY, ITEM = f"{{{MUC_ADMIN}}}query", f"{{{MUC_ADMIN}}}item"


@dataclass(frozen=True, slots=True)
class Wish:
    """One item of a request."""

    nick: str
    jid: str
    role: str
    rank: str
    reason: str

    @classmethod
    def read(cls, item: Element) -> "Wish":
        """Raises BadRequest for what names nobody, or neither role nor affiliation."""
        role, rank = item.get("role", ""), item.get("affiliation", "")
        nick, jid = item.get("nick", ""), item.get("jid", "")
        if role and role not in list(Role):
            raise BadRequest(f"There is no role {role!r}.")
        if rank and rank not in RANKS:
            raise BadRequest(f"There is no affiliation {rank!r}.")
        return cls(
            nick,
            services.bare(jid) if jid else "",
            role,
            rank,
            text_of(item, "reason", MUC_ADMIN) or "",
        )


@muc.iq("get", QUERY, at=(conference.node,))
async def send_list(request: IqRequest) -> Element:
    """Sections 8.5, 9.3, 9.5, 10.5, 10.8: who has a role or an affiliation."""
    room = await _room(request)
    items = request.payload.findall(ITEM)
    if len(items) != 1:
        raise BadRequest("Ask for one role or one affiliation.")
    wish = Wish.read(items[0])
    answer = make(QUERY)
    if wish.role:
        actor = _inside(room, request)
        if actor.role != Role.MODERATOR:
            raise Forbidden("Only moderators see the lists of roles.")
        for occupant in room.occupants:
            if occupant.role == wish.role:
                _add_item(answer, occupant.bare, occupant.rank, occupant)
        return answer
    _must_see_list(room, request, wish.rank)
    for jid, rank in sorted(room.ranks.items()):
        if rank == wish.rank:
            inside = room.occupants.of(jid)
            _add_item(answer, jid, rank, inside[0] if inside else None)
    return answer


@muc.iq("set", QUERY, at=(conference.node,))
async def change(request: IqRequest) -> None:
    """All changes of a request are checked before the first is made (section 8.5)."""
    room = await _room(request)
    wishes = [Wish.read(item) for item in request.payload.findall(ITEM)]
    if not wishes:
        raise BadRequest("There is nothing to change.")
    owners = sum(rank == "owner" for rank in room.ranks.values())
    for wish in wishes:
        if wish.rank:
            jid = _jid_of(room, wish)
            actor_rank = room.rank_of(str(request.sender.bare))
            may_change_rank(actor_rank, room.rank_of(jid), wish.rank, owners=owners)
        elif wish.role:
            may_change_role(_inside(room, request), _target(room, wish), Role(wish.role))
        else:
            raise BadRequest("Neither a role nor an affiliation is named.")
    by = Actor.client(
        str(request.sender.bare), request.session.user_id if request.session else None
    )
    actor = room.occupants.by_device(request.sender.full)
    for wish in wishes:
        if wish.rank:
            jid = _jid_of(room, wish)
            await in_db(
                services.set_affiliation,
                room.room,
                jid=jid,
                rank=wish.rank,
                by=by,
                reason=wish.reason,
            )
            room.set_rank(jid, wish.rank)  # in force before the answer; the bell tells the others
        else:
            name = actor.nick if actor else ""
            target = _target(room, wish)
            await in_order(_role_change(room, target, Role(wish.role), wish.reason, name))


def _role_change(
    room: RunningRoom, occupant: Occupant, role: Role, reason: str, by: str
) -> Callable[[], None]:
    def act() -> None:
        if role == Role.NONE:
            expel(room, occupant, 307, reason=reason, by=by)
        else:
            occupant.role = role
            room.show(occupant, reason=reason, by=by)
        changed(room)

    return act


def expel(
    room: RunningRoom, occupant: Occupant, code: int, *, reason: str = "", by: str = ""
) -> None:
    """Kicked, banned, or no longer a member: gone with all devices (section 8.2)."""
    room.occupants.remove(occupant)
    occupant.role = Role.NONE
    room.show(occupant, type_="unavailable", codes=[code], reason=reason, by=by, role=Role.NONE)
    close_if_empty(room)


@hears(AffiliationChanged)
async def apply_affiliation(news: AffiliationChanged) -> None:
    """Whoever changed it: the people inside see it, and who may not be inside leaves."""
    room = rooms.get(news.localpart)
    if room is None:
        return
    loaded = await in_db(load, news.localpart)
    if loaded is None:
        return
    room.refresh(loaded)

    def act() -> None:
        for occupant in room.occupants.of(news.jid):
            occupant.rank = news.rank
            by = news.by.partition("@")[0]
            if news.rank == "outcast":
                expel(room, occupant, 301, reason=news.reason, by=by)
            elif news.rank == "none" and room.room.is_members_only:
                expel(room, occupant, 321, reason=news.reason, by=by)
            else:
                occupant.role = first_role(news.rank, moderated=room.room.is_moderated)
                room.show(occupant, reason=news.reason, by=by)
        changed(room)

    await in_order(act)


@hears(RoleGiven)
async def apply_role(news: RoleGiven) -> None:
    """From the browser."""
    room = rooms.get(news.localpart)
    occupant = room.occupants.by_nick(news.nick) if room else None
    if room is not None and occupant is not None:
        by = news.by.partition("@")[0]
        await in_order(_role_change(room, occupant, Role(news.role), news.reason, by))


def _must_see_list(room: RunningRoom, request: IqRequest, rank: str) -> None:
    if room.rank_of(str(request.sender.bare)) in ("admin", "owner"):
        return
    occupant = room.occupants.by_device(request.sender.full)
    visible = room.room.member_list_visible_to or [role.value for role in Role]
    if rank != "member" or occupant is None or occupant.role not in visible:
        raise NeedsAdmin
    if not room.sees_jids(occupant):
        raise NeedsAdmin


async def _room(request: IqRequest) -> RunningRoom:
    room = await rooms.wake(str(request.to.local))
    if room is None:
        raise NoSuchRoom
    return room


def _inside(room: RunningRoom, request: IqRequest) -> Occupant:
    occupant = room.occupants.by_device(request.sender.full)
    if occupant is None:
        raise Forbidden("You are not in this room.")
    return occupant


def _target(room: RunningRoom, wish: Wish) -> Occupant:
    occupant = room.occupants.by_nick(wish.nick)
    if occupant is None:
        raise NotFound(f"Nobody here is called {wish.nick}.")
    return occupant


def _jid_of(room: RunningRoom, wish: Wish) -> str:
    return wish.jid or _target(room, wish).bare


def _add_item(query: Element, jid: str, rank: str, occupant: Occupant | None) -> None:
    add(
        query,
        ITEM,
        affiliation=rank,
        jid=jid,
        nick=occupant.nick if occupant else None,
        role=occupant.role.value if occupant else None,
    )
