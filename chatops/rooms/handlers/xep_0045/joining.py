"""Entering, being in and leaving a room, XEP-0045 section 7.1 to 7.7 and 7.14."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hmac import compare_digest

from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.core.database import in_db
from chatops.core.ids import first_at
from chatops.core.wire import Session, wire
from chatops.rooms import services
from chatops.rooms.handlers.xep_0045 import conference, muc
from chatops.rooms.models import WhoSeesJids
from chatops.rooms.occupants import RANKS, NicknameTaken, Occupant, Role, first_role
from chatops.rooms.running import RunningRoom, rooms, send_bytes
from chatops.rooms.services import RoomThere
from chatops.xmpp.elements import Element, serialise, text_of
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
from chatops.xmpp.names import CLIENT, MUC, MUC_USER
from chatops.xmpp.stamps import read_stamp

LONGEST_NICK = 200


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


@dataclass(frozen=True, slots=True)
class HistoryWanted:
    """How much a newcomer wants to hear (section 7.2.13)."""

    most: int | None = None
    characters: int | None = None
    since: datetime | None = None

    @classmethod
    def read(cls, join: Element | None) -> "HistoryWanted":
        """From the ``<x/>`` of a join; what cannot be read is not asked for."""
        element = None if join is None else join.find(f"{{{MUC}}}history")
        if element is None:
            return cls()
        since = None
        try:
            if element.get("since"):
                since = read_stamp(element.get("since", ""))
        except ValueError:
            since = None
        seconds = _number(element.get("seconds"))
        if seconds is not None:
            moment = datetime.now(UTC) - timedelta(seconds=min(seconds, 10**8))
            since = max(since, moment) if since else moment
        return cls(_number(element.get("maxstanzas")), _number(element.get("maxchars")), since)


@muc.presence(conference.node)
async def take_presence(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """To enter, to change one's nickname or presence, to leave."""
    type_ = element.get("type")
    if type_ not in (None, "unavailable"):
        return  # subscriptions and probes mean nothing to a room; errors are not answered
    room = await rooms.wake(to.local)
    occupant = room.occupants.by_device(sender.full) if room else None
    if type_ == "unavailable":
        if room is not None and occupant is not None:
            await in_order(partial(leave, room, sender.full, status=element))
        return
    if not to.resource:
        raise NoNickname
    nick = str(to.resource)
    if len(nick) > LONGEST_NICK:
        raise NoNickname(f"A nickname may have {LONGEST_NICK} characters at most.")
    join = element.find(f"{{{MUC}}}x")
    if room is None:
        room = await _create(to, sender)
    if occupant is None or (join is not None and occupant.nick == nick):
        await in_order(partial(enter, room, nick, sender, element, join))
    elif occupant.nick != nick:
        await in_order(partial(rename, room, occupant, nick, element))
    else:
        await in_order(partial(update, room, occupant, element))


async def _create(to: JID, sender: JID) -> RunningRoom:
    """Section 10.1: the first one to come makes the room, locked until it is configured."""
    by = Actor.client(str(sender.bare), await in_db(_user_id, str(sender.local)))
    with suppress(RoomThere):  # somebody else was faster: the ordinary rules follow
        await in_db(
            services.create,
            str(to.local),
            by=by,
            owner=str(sender.bare),
            locked=True,
            is_persistent=False,
        )
    room = await rooms.wake(to.local)
    if room is None:
        raise NotFound("The room was removed meanwhile.")
    return room


def enter(
    room: RunningRoom, nick: str, device: JID, element: Element, join: Element | None
) -> None:
    """Section 7.2. Raises what keeps somebody out."""
    bare = str(device.bare)
    rank = room.rank_of(bare)
    again = room.occupants.by_device(device.full)
    if again is None:
        _must_be_let_in(room, bare, rank, join)
    room.occupants.must_be_free(nick, bare)
    created = room.room.locked and not len(room.occupants)
    known = room.occupants.by_nick(nick)
    role = known.role if known else first_role(rank, moderated=room.room.is_moderated)
    occupant = room.occupants.enter(nick, device, rank, role)
    occupant.presence = content_of(element)
    for other in room.occupants:
        if other is not occupant and room.is_shown(other.role):
            seen = room.presence(other, with_jid=room.sees_jids(occupant))
            send_bytes(device, seen.addressed(to=device.full, sender=room.occupant_jid(other)))
    open_names = room.room.who_sees_jids == WhoSeesJids.ANYONE
    own = [
        *([100] if open_names else []),
        *([170] if room.room.is_logged else []),
        *([201] if created else []),
    ]
    room.show(occupant, own_codes=own)
    wanted = HistoryWanted.read(join)
    room.send_history(
        device,
        most=wanted.most,
        since_id=first_at(wanted.since) if wanted.since else 0,
        characters=wanted.characters,
    )
    room.send_subject(device)
    changed(room)


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
    if full and rank not in ("admin", "owner"):
        raise RoomFull


def update(room: RunningRoom, occupant: Occupant, element: Element) -> None:
    """Section 7.7: away, back, a new status."""
    occupant.presence = content_of(element)
    room.show(occupant)


def rename(room: RunningRoom, occupant: Occupant, nick: str, element: Element) -> None:
    """Section 7.6. Raises NicknameTaken."""
    room.occupants.must_be_free(nick, occupant.bare)
    if room.occupants.by_nick(nick) is not None:
        raise NicknameTaken(f"You are here as {nick} already, with another device.")
    room.show(occupant, type_="unavailable", nick=nick, codes=[303])
    room.occupants.rename(occupant, nick)
    occupant.presence = content_of(element)
    room.show(occupant)
    changed(room)


def leave(room: RunningRoom, full: str, *, status: Element | None = None) -> None:
    """Section 7.14: of one device; the nickname stays while another one is there."""
    device = room.occupants.by_device(full)
    if device is None:
        return
    jid = device.devices[full]
    left = room.occupants.leave(full)
    if left is None:
        return
    occupant, gone = left
    words = content_of(status) if status is not None else b""
    farewell = room.presence(
        occupant, with_jid=True, type_="unavailable", codes=[110], role=Role.NONE
    ).with_child(words)
    send_bytes(jid, farewell.addressed(to=jid.full, sender=room.occupant_jid(occupant)))
    if gone:
        for other in room.occupants:
            seen = room.presence(
                occupant,
                with_jid=room.sees_jids(other),
                type_="unavailable",
                role=Role.NONE,
            ).with_child(words)
            room.send(other, seen, room.occupant_jid(occupant))
    changed(room)
    close_if_empty(room)


def close_if_empty(room: RunningRoom) -> None:
    """A temporary room ends with its last occupant; a persistent one may sleep."""
    if len(room.occupants):
        return
    rooms.forget(room)
    if not room.room.is_persistent:
        room.destroyed = True
        wire().spawn(in_db(services.vanish, room.localpart))


@muc.on_session("ended")
async def leave_all(session: Session) -> None:
    """A device that is gone is in no room."""
    full = session.jid.full
    for room in rooms.awake():
        if room.occupants.by_device(full) is not None:
            await in_order(partial(leave, room, full))


def in_order(change: Callable[[], None]) -> "asyncio.Future[None]":
    """Do it when all that was said before has been stored and sent: nothing overtakes a message."""
    done: asyncio.Future[None] = wire().loop.create_future()

    def act() -> None:
        try:
            change()
        except Refused as refusal:
            done.set_exception(refusal)
        else:
            done.set_result(None)

    wire().commit([], act)
    return done


def changed(room: RunningRoom) -> None:
    """The browser's view of the room is out of date."""
    wire().page(f"room-{room.room.pk}", {"room": room.localpart})


def content_of(element: Element) -> bytes:
    """What a presence says of itself, serialised: show, status, caps, and no claims about rooms."""
    return b"".join(
        serialise(child)
        for child in element
        if not str(child.tag).startswith((f"{{{MUC}}}", f"{{{MUC_USER}}}", f"{{{CLIENT}}}priority"))
    )


def _user_id(username: str) -> int | None:
    return User.objects.filter(username=username).values_list("pk", flat=True).first()


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None
