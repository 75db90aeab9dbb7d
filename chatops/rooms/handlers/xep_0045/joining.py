"""Entering a room and being in it, XEP-0045 sections 7.2, 7.6, 7.7 and 10.1."""

from contextlib import suppress
from functools import partial
from hmac import compare_digest

from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.core.database import in_db
from chatops.core.wire import Session, wire
from chatops.rooms import services
from chatops.rooms.handlers.xep_0045 import conference, muc
from chatops.rooms.handlers.xep_0045.leaving import fail, forget_address, leave
from chatops.rooms.history import HistoryWanted
from chatops.rooms.inside import PLAIN, ROOMS, RunningRoom, Turn, hand_over
from chatops.rooms.models import WhoSeesJids
from chatops.rooms.occupants import Device, Occupant
from chatops.rooms.privileges import RANKS, STAFF, first_role
from chatops.rooms.running import changed, in_order, rooms
from chatops.rooms.services import RoomThere
from chatops.xmpp.elements import Element, namespace_of, serialise, tag_of, text_of
from chatops.xmpp.errors import (
    Condition,
    Forbidden,
    Malformed,
    NotAuthorized,
    NotFound,
    Refused,
    Unavailable,
)
from chatops.xmpp.jid import JID
from chatops.xmpp.names import CLIENT, MUC

LONGEST_NICK = 200
_PRIORITY = f"{{{CLIENT}}}priority"


class NoNickname(Malformed):
    """Say which nickname you want: room@service/nickname."""


class WrongPassword(NotAuthorized):
    """The room has a password, and this is not it."""


class Banned(Forbidden):
    """You are banned from this room."""


class MembersOnly(Refused):
    """Only members may enter this room."""

    condition, type = Condition.REGISTRATION_REQUIRED, "auth"


class RoomFull(Unavailable):
    """The room has as many people as it may have."""

    type = "wait"


class RoomLocked(NotFound):
    """The room's owner is still configuring it."""


class Asleep(Exception):
    """The room that was meant has closed meanwhile."""


@muc.presence(conference.node)
async def take_presence(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """To enter, to change one's nickname or presence, to leave."""
    type_, localpart = element.get("type"), to.local
    if type_ in ("unavailable", "error"):
        room = rooms.get(localpart)
        if room is not None and type_ == "unavailable":
            await in_order(partial(leave, room, sender.full, words=content_of(element)))
        elif room is not None:
            await in_order(partial(fail, room, sender.full, element))
        return
    if type_ is not None:
        return  # subscriptions and probes mean nothing to a room
    nick = _nickname(to)
    device = Device(sender, session)
    while True:
        room = await rooms.wake(localpart)
        if room is None:
            room = await _create(to, sender, is_old=element.find(f"{{{MUC}}}x") is None)
        try:
            await in_order(partial(appear, room, nick, device, element))
        except Asleep:
            continue
        return


def _nickname(to: JID) -> str:
    nick = to.resource
    if not nick.strip():
        raise NoNickname
    if len(nick) > LONGEST_NICK:
        raise NoNickname(f"A nickname may have {LONGEST_NICK} characters at most.")
    return nick


async def _create(to: JID, sender: JID, *, is_old: bool) -> RunningRoom | None:
    """Section 10.1: the first one to come makes the room, locked until it is configured.

    Clients of before this protocol get one that is open at once (section 7.2.17).
    """
    by = Actor.client(sender.bare, await in_db(_user_id, sender.local))
    with suppress(RoomThere):  # somebody else was faster: the ordinary rules follow
        await in_db(
            services.create,
            to.local,
            by=by,
            owner=sender.bare,
            locked=not is_old,
            is_persistent=False,
        )
    return await rooms.wake(to.local)


def appear(room: RunningRoom | None, nick: str, device: Device, element: Element) -> None:
    """An available presence: what it means depends on whether, and as whom, one is inside."""
    if device.session is not None and wire().session(device.jid) is not device.session:
        return  # it ended meanwhile, and nothing would take it out of the room again
    if room is None or room.closed:
        raise Asleep
    occupant = room.occupants.by_device(device.full)
    join = element.find(f"{{{MUC}}}x")
    if occupant is None or (join is not None and occupant.nick == nick):
        enter(room, nick, device, element, join)
    elif occupant.nick != nick:
        rename(room, occupant, nick, element)
    else:
        occupant.presence = content_of(element)  # section 7.7: away, back, a new status
        room.show(occupant)


def enter(
    room: RunningRoom, nick: str, device: Device, element: Element, join: Element | None
) -> None:
    """Section 7.2, or once more for who is inside: everything is sent again (section 17.3).

    Raises what keeps somebody out.
    """
    bare = device.jid.bare
    rank = room.rank_of(bare)
    again = room.occupants.by_device(device.full) is not None
    if not again:
        _must_be_let_in(room, bare, rank, join)
    room.occupants.must_be_free(nick, bare)
    room.must_not_be_reserved(nick, bare)
    created = room.room.locked and not len(room.occupants)
    known = room.occupants.by_nick(nick)
    role = known.role if known else first_role(rank, moderated=room.room.is_moderated)
    occupant = room.occupants.enter(nick, device, rank, role)
    if device.session is not None:
        device.session.notes.setdefault(ROOMS, set()).add(room)
    _show_the_others(room, occupant, device)
    presence = content_of(element)
    unchanged = known is not None and known.presence == presence
    occupant.presence = presence
    codes = _own_codes(room, created=created)
    if unchanged:
        room.show_itself(device, occupant, codes)
    else:
        room.show(occupant, PLAIN, own_codes=codes)
    for data in room.history.chosen(HistoryWanted.read(join), device.full):
        hand_over(device, data)
    room.send_subject(device)
    changed(room)


def _show_the_others(room: RunningRoom, newcomer: Occupant, device: Device) -> None:
    """Section 7.2.2: who is there already, before one's own presence."""
    sees = room.sees_jids(newcomer)
    for other in room.occupants:
        if other is not newcomer and other.seen:
            room.deliver(device, room.presence_of(other, jid=sees), room.occupant_jid(other))


def _own_codes(room: RunningRoom, *, created: bool) -> tuple[int, ...]:
    """What a newcomer must know of the room (sections 7.2.3, 7.2.11, 10.1.1)."""
    open_names = room.room.who_sees_jids == WhoSeesJids.ANYONE
    return (
        *((100,) if open_names else ()),
        *((170,) if room.room.is_logged else ()),
        *((201,) if created else ()),
    )


def _must_be_let_in(room: RunningRoom, bare: str, rank: str, join: Element | None) -> None:
    options = room.room
    if rank == "outcast":
        raise Banned
    if options.locked and rank != "owner":
        raise RoomLocked
    if options.is_members_only and RANKS.index(rank) < RANKS.index("member"):
        raise MembersOnly
    if options.password and rank != "owner":
        given = text_of(join, "password", MUC) if join is not None else None
        if not compare_digest((given or "").encode(), options.password.encode()):
            raise WrongPassword
    full = options.max_occupants and len(room.occupants) >= options.max_occupants
    if full and rank not in STAFF and not room.occupants.of(bare):
        raise RoomFull


def rename(room: RunningRoom, occupant: Occupant, nick: str, element: Element) -> None:
    """Section 7.6. Raises NicknameTaken."""
    room.occupants.must_be_unused(nick, occupant.bare)
    room.must_not_be_reserved(nick, occupant.bare)
    room.show(occupant, Turn(codes=(303,), type="unavailable", nick=nick))
    forget_address(room, occupant)
    room.occupants.rename(occupant, nick)
    occupant.presence = content_of(element)
    room.show(occupant)
    changed(room)


def content_of(element: Element) -> bytes:
    """What a presence says of itself, serialised: show, status, caps, and no claims about rooms."""
    return b"".join(
        serialise(child)
        for child in element
        if tag_of(child) != _PRIORITY and not namespace_of(child).startswith(MUC)
    )


def _user_id(username: str) -> int | None:
    return User.objects.filter(username=username).values_list("pk", flat=True).first()
