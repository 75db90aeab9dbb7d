"""What is said in a room, XEP-0045 sections 7.1, 7.4, 8.1 and 17.2."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from django.utils import timezone

from chatops.archive.policies import strip_forged_ids
from chatops.archive.writes import entry_write, message_write
from chatops.core.database import in_db
from chatops.core.ids import moment_of, new_id
from chatops.core.journal import Update, Write
from chatops.core.live import hears
from chatops.core.wire import Session, Tracked, wire
from chatops.delivery.crs.telling import tell_stored
from chatops.delivery.receipts import Receipts, count, take_back
from chatops.delivery.tracking import Receipt
from chatops.rooms.handlers.xep_0045 import conference, muc, registration
from chatops.rooms.handlers.xep_0045.invitations import mediate
from chatops.rooms.handlers.xep_0045.leaving import fail
from chatops.rooms.handlers.xep_0045.voice import answer_voice
from chatops.rooms.handlers.xep_0045.whispers import bounce, whisper
from chatops.rooms.history import Said
from chatops.rooms.inside import RunningRoom
from chatops.rooms.models import Room
from chatops.rooms.news import RoomSaid, SubjectSet
from chatops.rooms.occupants import Occupant, Role
from chatops.rooms.retraction import retract
from chatops.rooms.running import changed, exists, in_order, rooms, settle
from chatops.rooms.services import NoSuchRoom
from chatops.rooms.tracking import heard, track
from chatops.rooms.waking import wake
from chatops.xmpp.content import BODY, NO_PERMANENT_STORE, NO_STORE, RETRACTION, STORE
from chatops.xmpp.elements import Element, add, namespace_of, serialise, stanza, tag_of
from chatops.xmpp.errors import BadRequest, Forbidden, NotAcceptable, Overloaded
from chatops.xmpp.forms import X
from chatops.xmpp.jid import JID, parse
from chatops.xmpp.names import CLIENT, DELAY, MODERATE, MUC, MUC_USER, OCCUPANT_ID, STANZA_ID
from chatops.xmpp.stanzas import Packed

MODERATED = f"{{{MODERATE}}}moderated"
_SUBJECT = f"{{{CLIENT}}}subject"
_THREAD = f"{{{CLIENT}}}thread"
_STANZA_ID = f"{{{STANZA_ID}}}stanza-id"
_USER = f"{{{MUC_USER}}}x"
_DELAY = f"{{{DELAY}}}delay"
OCCUPANT = f"{{{OCCUPANT_ID}}}occupant-id"


class LatestUpdate(Update):
    """An update that may come twice for a key in one batch: the last one counts."""

    def run(self, cursor: Any, rows: Any) -> None:
        latest = {row[0]: row for row in rows}
        Update.run(self, cursor, list(latest.values()))


SUBJECT_UPDATE = LatestUpdate(
    Room, order=15, fields=("subject", "subject_set_by", "subject_set_at", "subject_occupant_id")
)


class NotInside(NotAcceptable):
    """You are not in this room."""


class NoVoice(Forbidden):
    """You have no voice in this room."""


class NotTheModerator(Forbidden):
    """Only the room itself says that a message was moderated."""


class MayNotSetSubject(Forbidden):
    """You may not change the subject of this room."""


@muc.message(conference.node)
def take_message(
    element: Element, sender: JID, to: JID, session: Session | None
) -> "asyncio.Future[None] | None":
    """To everybody, to one occupant, or a request to the room."""
    type_ = element.get("type", "normal")
    room = rooms.get(to.local)
    if type_ == "error":
        return _take_error(room, element, sender, to)
    if not to.resource and type_ != "groupchat" and element.find(_USER) is not None:
        return _spawned(mediate(element, sender, to, session))
    if not to.resource and type_ != "groupchat" and registration.is_approval(element):
        return _spawned(registration.approve(element, sender, to, session))
    if room is None:
        return _spawned(_refuse_asleep(to))
    speaker = room.occupants.by_device(sender.full)
    if speaker is None and room.room.locked:
        raise NoSuchRoom  # section 17.2
    if speaker is None:
        raise NotInside
    if to.resource:
        if type_ == "groupchat":
            raise BadRequest("A message to one person is not a groupchat.")
        return whisper(room, speaker, sender, to.resource, element)
    if type_ == "groupchat":
        return _speak(room, speaker, sender, element)
    if element.find(X) is not None:
        return answer_voice(room, speaker, element)
    raise BadRequest("A message to a room is a groupchat.")


def _speak(
    room: RunningRoom, speaker: Occupant, sender: JID, element: Element
) -> "asyncio.Future[None]":
    """Section 7.4: stored, then reflected to everybody."""
    speaker.last_active = time.time()
    is_subject = (
        element.find(_SUBJECT) is not None
        and element.find(BODY) is None
        and element.find(_THREAD) is None
    )
    if is_subject:
        _must_set_subjects(room, speaker)
    elif speaker.role == Role.VISITOR:
        raise NoVoice
    if element.find(RETRACTION) is not None:
        return _spawned(_take_back(room, speaker, sender, element))
    who, address = speaker.id, room.occupant_jid(speaker)
    say = partial(publish, room, element, sender, address, who=who, is_subject=is_subject)
    if not room.room.tracks_delivery:
        return say()
    receipts = heard(room, element, sender)
    return _spawned(_count(receipts, say)) if receipts.unknown else say(receipts=receipts.found)


async def _count(receipts: Receipts, say: "Callable[..., asyncio.Future[None]]") -> None:
    """What memory does not know any more is looked up first."""
    await receipts.look_up()
    await say(receipts=receipts.found)


async def _take_back(room: RunningRoom, speaker: Occupant, sender: JID, element: Element) -> None:
    """XEP-0424: only who said it retracts it; what the archive does not have is the clients'."""
    if element.find(f"{RETRACTION}/{MODERATED}") is not None:
        raise NotTheModerator
    await retract(room, element, author=sender.bare)
    await publish(room, element, sender, room.occupant_jid(speaker), who=speaker.id)


def publish(
    room: RunningRoom,
    element: Element,
    author: JID,
    sender: str,
    *,
    who: str = "",
    is_subject: bool = False,
    receipts: Sequence[Receipt] = (),
) -> "asyncio.Future[None]":
    """Store a message of the room, and then say it; `author` is the real JID, for the archive.

    `who` is the occupant's id, '' where the room itself speaks (XEP-0421); `receipts` are what it
    confirms. The future is done when it is stored and has gone out.
    """
    message_id, stanza_id = new_id(), element.get("id", "")
    _strip_claims(element, room.jid)
    if who:
        add(element, OCCUPANT, id=who)
    add(element, _STANZA_ID, None, by=room.jid, id=str(message_id))
    data = _as_said(element, sender)
    writes = _rows(room, element, message_id, author, data)
    kept = is_subject or bool(writes)
    lines: Mapping[str, Tracked] = {}
    if room.room.tracks_delivery and element.find(BODY) is not None:
        more, lines = track(room, message_id, stanza_id)
        writes += more
    subject, now = element.findtext(_SUBJECT) or "", timezone.now()
    if is_subject:
        writes.append(Write(SUBJECT_UPDATE, (room.room.pk, subject, sender, now, who)))
    for receipt in receipts:
        writes += receipt.writes
    packed = Packed.from_bytes(data)
    stored: asyncio.Future[None] = wire().loop.create_future()

    def done() -> None:
        if is_subject:
            settings = room.room
            settings.subject, settings.subject_set_by, settings.subject_set_at = (
                subject,
                sender,
                now,
            )
            settings.subject_occupant_id = who
        elif element.find(BODY) is not None and element.find(RETRACTION) is None:
            room.history.remember(Said(message_id, packed, sender))
        room.send_all(packed, sender, lines)
        wake(room.occupants, element, sender=sender, author=author.bare, message_id=message_id)
        if kept:
            tell_stored(author, stanza_id, moment_of(message_id))
        for receipt in receipts:
            count(receipt)
        settle(stored)
        changed(room)

    def refuse() -> None:
        for receipt in receipts:
            take_back(receipt)
        settle(stored, Overloaded())

    wire().commit(writes, done, refuse)
    return stored


def _strip_claims(element: Element, room: str) -> None:
    """Remove what only the service may say of itself (sections 7.2.12 and 17.3)."""
    for child in list(element):
        is_late = tag_of(child) == _DELAY and child.get("from") == room
        if is_late or tag_of(child) == OCCUPANT or namespace_of(child).startswith(MUC):
            element.remove(child)
    strip_forged_ids(element, by=room)


def _as_said(element: Element, sender: str) -> bytes:
    """The message as others get it; the element keeps the addresses that an error would need."""
    claimed, to = element.get("from"), element.attrib.pop("to", None)
    element.set("from", sender)
    data = serialise(element)
    if claimed is not None and to is not None:
        element.set("from", claimed)
        element.set("to", to)
    return data


def _rows(
    room: RunningRoom, element: Element, message_id: int, author: JID, data: bytes
) -> list[Write]:
    """What the archive keeps of it: what says something, unless a hint says otherwise."""
    tags = {tag_of(child) for child in element}
    if not room.room.is_logged:
        return []
    unwanted = tags & {NO_STORE, NO_PERMANENT_STORE} or not tags & {BODY, _SUBJECT, STORE}
    if unwanted and RETRACTION not in tags:
        return []
    return [
        message_write(message_id, element, sender=author, recipient=parse(room.jid), xml=data),
        entry_write(room.archive_id, message_id, author.bare),
    ]


def _must_set_subjects(room: RunningRoom, speaker: Occupant) -> None:
    """Section 8.1: moderators; participants where the room says so."""
    if speaker.role == Role.MODERATOR:
        return
    if not room.room.occupants_may_change_subject or speaker.role != Role.PARTICIPANT:
        raise MayNotSetSubject


def _take_error(
    room: RunningRoom | None, element: Element, sender: JID, to: JID
) -> "asyncio.Future[None] | None":
    """What somebody was sent came back: to whom it is about, and perhaps nobody is there."""
    speaker = room.occupants.by_device(sender.full) if room else None
    if room is None or speaker is None:
        return None
    if to.resource:
        bounce(room, speaker, to.resource, element)
    return in_order(partial(fail, room, sender.full, element))


async def _refuse_asleep(to: JID) -> None:
    """Nobody is in a room that is asleep, so the sender is not either."""
    if not await in_db(exists, to.local):
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
        add(message, BODY, news.body)
        await publish(room, message, parse(room.jid), room.jid)


@hears(SubjectSet)
async def show_subject(news: SubjectSet) -> None:
    """An administrator has set the subject."""
    room = await rooms.reload(news.localpart)
    if room is not None:
        packed = room.subject_message()
        await in_order(lambda: room.send_all(packed, room.jid))
