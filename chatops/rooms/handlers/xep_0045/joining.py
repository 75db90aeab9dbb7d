"""Entering a room and being in it, XEP-0045 sections 7.2, 7.6, 7.7 and 10.1."""

from contextlib import suppress
from functools import partial
from hmac import compare_digest

from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.core.database import in_db
from chatops.core.limits import Limit
from chatops.core.wire import Session, wire
from chatops.rooms import services
from chatops.rooms.handlers.xep_0045 import conference, muc
from chatops.rooms.handlers.xep_0045.leaving import fail, forget_address, leave
from chatops.rooms.handlers.xep_0045.nicknames import nickname_of
from chatops.rooms.history import HistoryWanted
from chatops.rooms.inside import PLAIN, ROOMS, RunningRoom, Turn, hand_over
from chatops.rooms.models import WhoSeesJids
from chatops.rooms.occupants import Device, Occupant, Role
from chatops.rooms.permits import must_be_open, must_have_a_place, must_rename
from chatops.rooms.privileges import RANKS
from chatops.rooms.running import changed, in_order, rooms
from chatops.rooms.services import RoomThere
from chatops.xmpp.elements import (
    Element,
    add,
    namespace_of,
    serialise,
    stanza,
    tag_of,
    text_of,
)
from chatops.xmpp.errors import (
    Condition,
    Forbidden,
    NotAuthorized,
    NotFound,
    Refused,
    TooMuch,
)
from chatops.xmpp.jid import JID
from chatops.xmpp.names import CLIENT, HATS, MUC, MUC_USER, OCCUPANT_ID

SIZE = Limit(
    "CHATOPS_MAX_ROOM_PRESENCE_BYTES",
    "bytes",
    "One presence in a room, which everybody who comes in is sent.",
    "policy-violation",
)
_STATUS = f"{{{CLIENT}}}status"
_JOIN = f"{{{MUC}}}x"
_NOT_PASSED = frozenset(
    (f"{{{CLIENT}}}priority", f"{{{OCCUPANT_ID}}}occupant-id", f"{{{HATS}}}hats")
)


class WrongPassword(NotAuthorized):
    """The room has a password, and this is not it."""


class Banned(Forbidden):
    """You are banned from this room."""


class MembersOnly(Refused):
    """Only members may enter this room."""

    condition, type = Condition.REGISTRATION_REQUIRED, "auth"


class RoomLocked(NotFound):
    """The room's owner is still configuring it."""


class TooLong(TooMuch):
    """A presence that everybody in a room is sent may not be that long."""


class Asleep(Exception):
    """The room that was meant has closed meanwhile."""


@muc.presence(conference.node)
async def take_presence(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """To enter, to change one's nickname or presence, to leave."""
    type_, localpart = element.get("type"), to.local
    join = element.find(_JOIN)
    if type_ in ("unavailable", "error"):
        room = rooms.get(localpart)
        if room is not None and type_ == "unavailable":
            occupant = room.occupants.by_device(sender.full)
            role = occupant.role if occupant is not None else Role.NONE
            words = b""
            with suppress(TooLong):  # who leaves, leaves
                words = _presence_of(room, role, element)
            await in_order(partial(leave, room, sender.full, words=words))
        elif room is not None:
            await in_order(partial(fail, room, sender.full, element))
        return
    if type_ is not None:
        return  # subscriptions and probes mean nothing to a room
    nick = nickname_of(to)
    device = Device(sender, session)
    while True:
        room = rooms.get(localpart) if join is None else await rooms.wake(localpart)
        if room is None and join is None:
            _tell_not_inside(to.bare, nick, device)
            return
        if room is None:
            room = await _create(to, sender)
        try:
            await in_order(partial(appear, room, nick, device, element))
        except Asleep:
            continue
        return


async def _create(to: JID, sender: JID) -> RunningRoom | None:
    """Section 10.1: the first one to come makes the room, locked until it is configured."""
    by = Actor.client(sender.bare, await in_db(_user_id, sender.local))
    with suppress(RoomThere):  # somebody else was faster: the ordinary rules follow
        await in_db(
            services.found,
            to.local,
            by=by,
            owner=sender.bare,
            locked=True,
        )
    return await rooms.wake(to.local)


def appear(room: RunningRoom | None, nick: str, device: Device, element: Element) -> None:
    """An available presence: what it means depends on whether, and as whom, one is inside."""
    if device.session is not None and wire().session(device.jid) is not device.session:
        return  # it ended meanwhile, and nothing would take it out of the room again
    if room is None or room.closed:
        raise Asleep
    occupant = room.occupants.by_device(device.full)
    join = element.find(_JOIN)
    if join is not None:
        nick = room.reserved_for(device.jid.bare) or nick
    if join is not None and (occupant is None or occupant.nick == nick):
        enter(room, nick, device, element, join)
    elif occupant is None:
        _tell_not_inside(room.jid, nick, device)
    elif occupant.nick != nick:
        rename(room, occupant, nick, element)
    else:
        occupant.presence = _presence_of(
            room, occupant.role, element
        )  # section 7.7: away, back, a new status
        room.show(occupant)


def _tell_not_inside(room: str, nick: str, device: Device) -> None:
    """Section 7.2.17: who has lost touch with the room must hear that it has to enter again."""
    gone = stanza("presence", from_=f"{room}/{nick}", to=device.full, type_="unavailable")
    x = add(gone, f"{{{MUC_USER}}}x")
    item = add(x, f"{{{MUC_USER}}}item", affiliation="none", role=Role.NONE.value)
    add(item, f"{{{MUC_USER}}}reason", "You are not in the room.")
    for code in ("110", "307", "333"):
        add(x, f"{{{MUC_USER}}}status", code=code)
    if device.session is not None:
        device.session.directed.pop(f"{room}/{nick}", None)
    hand_over(device, serialise(gone))


def enter(room: RunningRoom, nick: str, device: Device, element: Element, join: Element) -> None:
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
    role = known.role if known else room.role_of_newcomer(bare, rank)
    presence = _presence_of(room, role, element)
    occupant = room.occupants.enter(nick, device, rank, role)
    if device.session is not None:
        device.session.notes.setdefault(ROOMS, set()).add(room)
    room.show_the_others(occupant, device)
    unchanged = known is not None and known.presence == presence
    occupant.presence = presence
    codes = _own_codes(room, created=created, renamed=_asked_for(element) != nick)
    if unchanged:
        room.show_itself(device, occupant, codes)
    else:
        room.show(occupant, PLAIN, own_codes=codes)
    for data in room.history.chosen(HistoryWanted.read(join), device.full):
        hand_over(device, data)
    room.send_subject(device)
    changed(room)


def _asked_for(element: Element) -> str:
    """The nickname as it was written: in an address it may look different (section 7.2.2)."""
    return element.get("to", "").partition("/")[2]


def _own_codes(room: RunningRoom, *, created: bool, renamed: bool) -> tuple[int, ...]:
    """What a newcomer must know (sections 7.2.2, 7.2.3, 7.2.11, 10.1.1)."""
    open_names = room.room.who_sees_jids == WhoSeesJids.ANYONE
    return (
        *((100,) if open_names else ()),
        *((170,) if room.room.is_logged else ()),
        *((201,) if created else ()),
        *((210,) if renamed else ()),
    )


def _must_be_let_in(room: RunningRoom, bare: str, rank: str, join: Element) -> None:
    options = room.room
    must_be_open(options)
    if rank == "outcast":
        raise Banned
    if options.locked and rank != "owner":
        raise RoomLocked
    if options.is_members_only and RANKS.index(rank) < RANKS.index("member"):
        raise MembersOnly
    if options.password and rank != "owner":
        given = text_of(join, "password", MUC) or ""
        if not compare_digest(given.encode(), options.password.encode()):
            raise WrongPassword
    if not room.occupants.of(bare):
        must_have_a_place(options, inside=len(room.occupants), rank=rank)


def rename(room: RunningRoom, occupant: Occupant, nick: str, element: Element) -> None:
    """Section 7.6. Raises NicknameTaken, NicknamesLocked."""
    must_rename(room.room, occupant.role, locked=bool(room.reserved_for(occupant.bare)))
    room.occupants.must_be_unused(nick, occupant.bare)
    room.must_not_be_reserved(nick, occupant.bare)
    presence = _presence_of(room, occupant.role, element)
    call(room, occupant, nick, presence, codes=(210,) if _asked_for(element) != nick else ())


def call(
    room: RunningRoom,
    occupant: Occupant,
    nick: str,
    presence: bytes,
    *,
    codes: tuple[int, ...] = (),
) -> None:
    """Somebody has another nickname from now on, one that is free."""
    room.show(occupant, Turn(codes=(303,), type="unavailable", nick=nick))
    forget_address(room, occupant)
    room.occupants.rename(occupant, nick)
    occupant.presence = presence
    room.show(occupant, own_codes=codes)
    changed(room)


def _presence_of(room: RunningRoom, role: Role, element: Element) -> bytes:
    """What others are shown; the room may keep visitors' texts from them. Raises TooLong."""
    if role == Role.VISITOR and not room.room.visitors_may_set_status:
        for status in element.findall(_STATUS):
            element.remove(status)
    content = content_of(element)
    if SIZE.is_exceeded_by(len(content)):
        raise TooLong
    return content


def content_of(element: Element) -> bytes:
    """What a presence says of itself, serialised: show, status, caps.

    What only the room says is not passed on: roles, ids, hats.
    """
    return b"".join(
        serialise(child)
        for child in element
        if tag_of(child) not in _NOT_PASSED and not namespace_of(child).startswith(MUC)
    )


def _user_id(username: str) -> int | None:
    return User.objects.filter(username=username).values_list("pk", flat=True).first()
