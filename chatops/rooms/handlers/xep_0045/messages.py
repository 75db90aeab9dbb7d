"""What is said in a room, XEP-0045 sections 7.4, 7.5, 7.8 and 8.1."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from django.utils import timezone

from chatops.archive.writes import entry_write, message_write
from chatops.core.database import in_db
from chatops.core.ids import new_id
from chatops.core.journal import Update, Write
from chatops.core.live import hears
from chatops.core.wire import Session, wire
from chatops.rooms import services
from chatops.rooms.handlers.xep_0045 import conference, muc
from chatops.rooms.handlers.xep_0045.joining import in_order
from chatops.rooms.models import PrivateMessages, Room
from chatops.rooms.occupants import Occupant, Role
from chatops.rooms.running import RunningRoom, load, rooms
from chatops.rooms.services import NoSuchRoom, RoomSaid, SubjectSet
from chatops.xmpp.elements import Element, add, parse, serialise, stanza
from chatops.xmpp.errors import BadRequest, Forbidden, NotAcceptable, NotFound, Overloaded
from chatops.xmpp.jid import JID
from chatops.xmpp.names import CLIENT, HINTS, MUC_USER, STANZA_ID
from chatops.xmpp.stanzas import Packed

_BODY, _SUBJECT = f"{{{CLIENT}}}body", f"{{{CLIENT}}}subject"
_THREAD = f"{{{CLIENT}}}thread"
_STANZA_ID = f"{{{STANZA_ID}}}stanza-id"
_NO_STORE = f"{{{HINTS}}}no-store"
_USER = f"{{{MUC_USER}}}x"

SUBJECT_UPDATE = Update(Room, order=15, fields=("subject", "subject_set_by", "subject_set_at"))


class NotInside(NotAcceptable):
    """You are not in this room."""


class NoVoice(Forbidden):
    """You have no voice in this room."""


class NoPrivateMessages(Forbidden):
    """Private messages are not allowed to you here."""


class MayNotInvite(Forbidden):
    """You may not invite people to this room."""


@muc.message(conference.node)
def take_message(
    element: Element, sender: JID, to: JID, session: Session | None
) -> "asyncio.Future[None] | None":
    """To everybody, to one occupant, or an invitation."""
    type_ = element.get("type", "normal")
    room = rooms.get(str(to.local))
    if type_ == "error":
        return None
    user = element.find(_USER)
    if not to.resource and type_ != "groupchat" and user is not None:
        return _spawned(_invite(element, user, sender, to))
    if room is None:
        return _spawned(_refuse_asleep(to))
    speaker = room.occupants.by_device(sender.full)
    if speaker is None:
        raise NotInside
    if to.resource:
        if type_ == "groupchat":
            raise BadRequest("A message to one person is not a groupchat.")
        return _whisper(room, speaker, str(to.resource), element)
    if type_ != "groupchat":
        raise BadRequest("A message to a room is a groupchat.")
    return _speak(room, speaker, sender, element)


def _speak(
    room: RunningRoom, speaker: Occupant, sender: JID, element: Element
) -> "asyncio.Future[None]":
    """Section 7.4: stored, then reflected to everybody."""
    speaker.last_active = time.time()
    is_subject = (
        element.find(_SUBJECT) is not None
        and element.find(_BODY) is None
        and element.find(_THREAD) is None
    )
    if is_subject:
        _must_set_subjects(room, speaker)
    elif speaker.role == Role.VISITOR:
        raise NoVoice
    return publish(room, element, sender, room.occupant_jid(speaker), is_subject=is_subject)


def publish(
    room: RunningRoom, element: Element, author: JID, sender: str, *, is_subject: bool = False
) -> "asyncio.Future[None]":
    """Store a message of the room, and then say it; `author` is the real JID, for the archive."""
    message_id = new_id()
    for claimed in element.findall(_STANZA_ID):
        if claimed.get("by") == room.jid:
            element.remove(claimed)
    element.attrib.pop("to", None)
    element.set("from", sender)
    add(element, _STANZA_ID, None, by=room.jid, id=str(message_id))
    data = serialise(element)
    writes = _rows(room, element, message_id, author, data)
    if is_subject:
        writes.append(_subject_row(room, element.findtext(_SUBJECT) or "", sender))
    packed = Packed.from_bytes(data)
    stored: asyncio.Future[None] = wire().loop.create_future()

    def done() -> None:
        if element.find(_BODY) is not None:
            room.remember(message_id, packed, sender)
        room.send_all(packed, sender)
        stored.set_result(None)

    wire().commit(writes, done, lambda: stored.set_exception(Overloaded()))
    return stored


def _rows(
    room: RunningRoom, element: Element, message_id: int, author: JID, data: bytes
) -> list[Write]:
    if not room.room.is_logged or element.find(_NO_STORE) is not None:
        return []
    if element.find(_BODY) is None and element.find(_SUBJECT) is None:
        return []
    return [
        message_write(message_id, element, sender=author, recipient=JID(room.jid), xml=data),
        entry_write(room.archive_id, message_id, str(author.bare)),
    ]


def _must_set_subjects(room: RunningRoom, speaker: Occupant) -> None:
    allowed = speaker.role == Role.MODERATOR or (
        room.room.occupants_may_change_subject and speaker.role == Role.PARTICIPANT
    )
    if not allowed:
        raise Forbidden("You may not change the subject of this room.")


def _subject_row(room: RunningRoom, subject: str, sender: str) -> Write:
    now = timezone.now()
    room.room.subject, room.room.subject_set_by, room.room.subject_set_at = subject, sender, now
    return Write(SUBJECT_UPDATE, (room.room.pk, subject, sender, now))


def _whisper(
    room: RunningRoom, speaker: Occupant, nick: str, element: Element
) -> "asyncio.Future[None]":
    """Section 7.5: from one occupant to another, through the room."""
    target = room.occupants.by_nick(nick)
    if target is None:
        raise NotFound(f"Nobody here is called {nick}.")
    _must_whisper(room, speaker)
    sender = room.occupant_jid(speaker)
    if element.find(_USER) is None:
        add(element, _USER)
    packed = Packed.pack(element)
    return in_order(lambda: room.send(target, packed, sender))


def _must_whisper(room: RunningRoom, speaker: Occupant) -> None:
    allowed = room.room.private_messages
    if speaker.role == Role.MODERATOR and allowed != PrivateMessages.NONE:
        return
    if allowed == PrivateMessages.ANYONE:
        return
    if allowed == PrivateMessages.PARTICIPANTS and speaker.role == Role.PARTICIPANT:
        return
    raise NoPrivateMessages


async def _invite(element: Element, user: Element, sender: JID, to: JID) -> None:
    """Sections 7.8.2: invitations and their declines go through the room."""
    room = await rooms.wake(str(to.local))
    if room is None:
        raise NoSuchRoom
    decline = user.find(f"{{{MUC_USER}}}decline")
    if decline is not None:
        _pass_on(room, user, decline, sender)
        return
    invitations = user.findall(f"{{{MUC_USER}}}invite")
    if not invitations:
        raise BadRequest("There is nobody to invite.")
    _must_invite(room, sender)
    for invitation in invitations:
        _pass_on(room, user, invitation, sender)


def _must_invite(room: RunningRoom, sender: JID) -> None:
    if room.occupants.by_device(sender.full) is None:
        raise NotInside
    rank = room.rank_of(str(sender.bare))
    if rank in ("owner", "admin") or not room.room.is_members_only:
        return
    if not room.room.members_may_invite:
        raise MayNotInvite


def _pass_on(room: RunningRoom, user: Element, part: Element, sender: JID) -> None:
    """From the room, naming who invites; with the password, if the room has one."""
    to = services.bare(part.get("to", ""))
    message = stanza("message", from_=room.jid, to=to)
    x = add(message, _USER)
    copy = parse(serialise(part))
    copy.attrib.pop("to", None)
    copy.set("from", sender.full)
    x.append(copy)
    if room.room.password and part.tag == f"{{{MUC_USER}}}invite":
        add(x, f"{{{MUC_USER}}}password", room.room.password)
    wire().route(message)


async def _refuse_asleep(to: JID) -> None:
    """Nobody is in a room that is asleep, so the sender is not either."""
    if await rooms.wake(str(to.local)) is None:
        raise NoSuchRoom
    raise NotInside


def _spawned(work: Coroutine[Any, Any, None]) -> "asyncio.Future[None]":
    return wire().loop.create_task(work)


@hears(RoomSaid)
async def say(news: RoomSaid) -> None:
    """An administrator lets the service speak."""
    room = await rooms.wake(news.localpart)
    if room is not None:
        message = stanza("message", type_="groupchat", id_=str(new_id()))
        add(message, _BODY, news.body)
        await publish(room, message, JID(room.jid), room.jid)


@hears(SubjectSet)
async def show_subject(news: SubjectSet) -> None:
    """An administrator has set the subject."""
    room = rooms.get(news.localpart)
    if room is None:
        return
    loaded = await in_db(load, room.localpart)
    if loaded is not None:
        room.refresh(loaded)
    message = stanza("message", type_="groupchat")
    add(message, _SUBJECT, room.room.subject)
    packed = Packed.pack(message)
    await in_order(lambda: room.send_all(packed, room.jid))
