"""Becoming a member, with a nickname of one's own: XEP-0045 sections 7.10 and 9.9."""

import time
from collections import OrderedDict
from functools import partial

from chatops.audit.services import Actor
from chatops.core.database import in_db
from chatops.core.features import IqRequest
from chatops.core.ids import new_id
from chatops.core.wire import Session, wire
from chatops.rooms import services
from chatops.rooms.handlers.xep_0045 import REGISTER, conference, muc
from chatops.rooms.handlers.xep_0045.joining import call
from chatops.rooms.handlers.xep_0045.nicknames import valid_nickname
from chatops.rooms.inside import RunningRoom
from chatops.rooms.membership import Standing
from chatops.rooms.permits import must_register
from chatops.rooms.privileges import STAFF, NeedsAdmin
from chatops.rooms.running import in_order, rooms
from chatops.rooms.services import NoSuchRoom
from chatops.xmpp.elements import Element, add, make, stanza
from chatops.xmpp.errors import BadRequest, NotAllowed
from chatops.xmpp.forms import FormField, Submission, X, build, read_boolean
from chatops.xmpp.jid import JID
from chatops.xmpp.names import CLIENT

FORM = "http://jabber.org/protocol/muc#register"
QUERY, REMOVE = f"{{{REGISTER}}}query", f"{{{REGISTER}}}remove"
NICKNAME, WHO, ALLOW = "muc#register_roomnick", "muc#jid", "muc#register_allow"

# A request is passed on to a room's admins once in this time.
AGAIN_SECONDS = 3_600
MOST_REMEMBERED = 10_000
_asked: OrderedDict[tuple[str, str], float] = OrderedDict()


@muc.iq("get", QUERY, at=(conference.node,))
async def send_form(request: IqRequest) -> Element:
    """What is needed to register, or that one has."""
    room = await _room(request.to.local)
    standing = _standing(room, request)
    query = make(QUERY)
    if standing is not None and standing.nickname:
        add(query, f"{{{REGISTER}}}registered")
        add(query, f"{{{REGISTER}}}username", standing.nickname)
        return query
    must_register(room.room)
    words = "The nickname is yours alone in this room."
    if _needs_approval(room, standing):
        words = "The room's admins will be asked."
    add(query, f"{{{REGISTER}}}instructions", words)
    field = FormField(NICKNAME, "text-single", "Nickname", required=True)
    query.append(build("form", FORM, [field], f"Become a member of {room.room}"))
    return query


@muc.iq("set", QUERY, at=(conference.node,))
async def register(request: IqRequest) -> None:
    """At once in an open room; in one for members only its admins decide."""
    room = await _room(request.to.local)
    standing = _standing(room, request)
    bare = request.sender.bare
    by = Actor.client(bare, request.session.user_id if request.session else None)
    if request.payload.find(REMOVE) is not None:
        await in_db(services.unregister, room.room, jid=bare, by=by)
        await rooms.restand(room.localpart, bare)
        return
    must_register(room.room)
    form = request.payload.find(X)
    submission = Submission.read(form) if form is not None else None
    if submission is None or submission.type != "submit" or submission.form_type != FORM:
        raise BadRequest("Send the registration form.")
    nickname = valid_nickname(room, submission.text(NICKNAME) or "", bare)
    if _needs_approval(room, standing):
        _ask_admins(room, bare, nickname)
        return
    await in_db(services.register, room.room, jid=bare, nickname=nickname, by=by)
    await rooms.restand(room.localpart, bare)
    await in_order(partial(_call_as_registered, room, bare))


def _call_as_registered(room: RunningRoom, bare: str) -> None:
    """Section 7.10: where nicknames are locked down, who is inside gets the one that is theirs."""
    nick = room.reserved_for(bare)
    for occupant in room.occupants.of(bare):
        if nick and occupant.nick != nick and room.occupants.by_nick(nick) is None:
            call(room, occupant, nick, occupant.presence, codes=(210,))


def is_approval(element: Element) -> bool:
    """Whether a message to a room answers a request for membership."""
    form = element.find(X)
    return form is not None and Submission.read(form).form_type == FORM


async def approve(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """Section 9.9: an admin, inside or not, has answered."""
    room = await _room(to.local)
    if room.rank_of(sender.bare) not in STAFF:
        raise NeedsAdmin
    form = element.find(X)
    if form is None:
        return
    submission = Submission.read(form)
    if submission.type != "submit" or not read_boolean(submission.text(ALLOW) or ""):
        return
    bare = services.bare(submission.text(WHO) or "")
    nickname = valid_nickname(room, submission.text(NICKNAME) or "", bare)
    by = Actor.client(sender.bare, session.user_id if session is not None else None)
    await in_db(services.register, room.room, jid=bare, nickname=nickname, by=by)
    await rooms.restand(room.localpart, bare)


def _ask_admins(room: RunningRoom, bare: str, nickname: str) -> None:
    """A message to each, which waits for those who are absent."""
    now = time.monotonic()
    if now - _asked.get((room.jid, bare), -AGAIN_SECONDS) < AGAIN_SECONDS:
        return
    _asked[room.jid, bare] = now
    while len(_asked) > MOST_REMEMBERED:
        _asked.popitem(last=False)
    fields = [
        FormField(WHO, "hidden", values=[bare]),
        FormField(NICKNAME, "text-single", "Nickname", [nickname]),
        FormField(ALLOW, "boolean", f"Make {bare} a member?", ["0"]),
    ]
    for jid, rank in room.ranks.items():
        if rank in STAFF:
            message = stanza("message", from_=room.jid, to=jid, id_=f"member{new_id()}")
            add(message, f"{{{CLIENT}}}body", f"{bare} asks to become a member as {nickname}.")
            message.append(build("form", FORM, fields, f"Membership of {room.room}"))
            wire().route(message)


def _needs_approval(room: RunningRoom, standing: Standing | None) -> bool:
    return room.room.is_members_only and standing is None


def _standing(room: RunningRoom, request: IqRequest) -> Standing | None:
    if room.rank_of(request.sender.bare) == "outcast":
        raise NotAllowed("Who is banned cannot register.")
    return room.standings.get(request.sender.bare)


async def _room(localpart: str) -> RunningRoom:
    room = await rooms.wake(localpart)
    if room is None:
        raise NoSuchRoom
    return room
