"""Visitors ask for voice, moderators answer: XEP-0045 sections 7.13 and 8.6."""

import asyncio
import math
import time

from chatops.core.ids import new_id
from chatops.rooms.inside import RunningRoom, Turn
from chatops.rooms.occupants import Occupant, Role
from chatops.rooms.permits import must_ask_for_voice
from chatops.rooms.privileges import NeedsModerator
from chatops.rooms.running import changed, in_order
from chatops.xmpp.elements import Element, stanza
from chatops.xmpp.errors import BadRequest, NotFound
from chatops.xmpp.forms import FormField, Submission, X, build, read_boolean
from chatops.xmpp.stanzas import Packed

MOST_REMEMBERED = 10_000
REQUEST = "http://jabber.org/protocol/muc#request"


def answer_voice(
    room: RunningRoom, speaker: Occupant, element: Element
) -> "asyncio.Future[None] | None":
    """A visitor's request goes to the moderators; a moderator's approval is carried out."""
    form = element.find(X)
    submission = Submission.read(form) if form is not None else None
    if submission is None or submission.form_type != REQUEST:
        raise BadRequest("A message to a room is a groupchat.")
    if submission.type == "cancel":
        return None
    allow = submission.text("muc#request_allow")
    if allow is None:
        if speaker.role == Role.VISITOR:  # who has voice needs none
            _must_ask(room, speaker)
            return in_order(lambda: _ask_moderators(room, speaker))
        return None
    if speaker.role != Role.MODERATOR:
        raise NeedsModerator
    if not read_boolean(allow):
        return None
    nick = submission.text("muc#roomnick") or ""
    return in_order(lambda: _grant(room, speaker, nick))


def _must_ask(room: RunningRoom, visitor: Occupant) -> None:
    """Not where, and not as often as, the room's options forbid it."""
    now, asked = time.monotonic(), room.voice_asked
    must_ask_for_voice(room.room, since_last=now - asked.get(visitor.bare, -math.inf))
    if len(asked) >= MOST_REMEMBERED:
        asked.clear()
    asked[visitor.bare] = now


def _grant(room: RunningRoom, moderator: Occupant, nick: str) -> None:
    visitor = room.occupants.by_nick(nick)
    if visitor is None:
        raise NotFound(f"Nobody here is called {nick}.")
    if visitor.role == Role.VISITOR:
        visitor.role = Role.PARTICIPANT
        room.remember_voice(visitor)
        room.show(visitor, Turn(by=moderator.nick))
        changed(room)


def _ask_moderators(room: RunningRoom, visitor: Occupant) -> None:
    fields = [
        FormField(
            "muc#role",
            "list-single",
            "Requested role",
            [Role.PARTICIPANT.value],
            [(Role.PARTICIPANT.value, "Participant")],
        ),
        FormField("muc#jid", "jid-single", "Address", [visitor.address]),
        FormField("muc#roomnick", "text-single", "Nickname", [visitor.nick]),
        FormField("muc#request_allow", "boolean", "Give this person voice?", ["0"]),
    ]
    message = stanza("message", id_=f"voice{new_id()}")
    message.append(build("form", REQUEST, fields, f"{visitor.nick} asks for voice"))
    packed = Packed.pack(message)
    for occupant in room.occupants:
        if occupant.role == Role.MODERATOR:
            room.send(occupant, packed, room.jid)
