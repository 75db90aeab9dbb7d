"""A room's settings and its end, XEP-0045 section 10; and IQs between occupants."""

from chatops.audit.services import Actor
from chatops.core.database import in_db
from chatops.core.features import IqRequest
from chatops.core.live import hears
from chatops.core.wire import Session, wire
from chatops.rooms import services
from chatops.rooms.handlers.xep_0045 import conference, muc
from chatops.rooms.handlers.xep_0045.joining import changed, in_order
from chatops.rooms.handlers.xep_0045.moderation import expel
from chatops.rooms.occupants import Role
from chatops.rooms.options import CONFIG, form_fields, read_submission
from chatops.rooms.running import RunningRoom, load, rooms
from chatops.rooms.services import NoSuchRoom, RoomChanged, RoomDestroyed
from chatops.xmpp.elements import Element, add, make, serialise, text_of
from chatops.xmpp.errors import BadRequest, Forbidden, NotAcceptable, NotFound, answerable
from chatops.xmpp.forms import Submission, X, build
from chatops.xmpp.jid import JID
from chatops.xmpp.names import MUC_OWNER, MUC_USER, PING
from chatops.xmpp.stanzas import Packed, result

QUERY, DESTROY = f"{{{MUC_OWNER}}}query", f"{{{MUC_OWNER}}}destroy"


class OwnersOnly(Forbidden):
    """Only an owner of the room may do this."""


@muc.iq("get", QUERY, at=(conference.node,))
async def send_form(request: IqRequest) -> Element:
    """Section 10.2: the settings as they are."""
    room = await _owned(request)
    query = make(QUERY)
    query.append(build("form", CONFIG, form_fields(room.room), f"Settings of {room.room}"))
    return query


@muc.iq("set", QUERY, at=(conference.node,))
async def change(request: IqRequest) -> None:
    """Sections 10.1.2, 10.1.3, 10.2 and 10.9: submit, accept the defaults, cancel, destroy."""
    room = await _owned(request)
    by = Actor.client(
        str(request.sender.bare), request.session.user_id if request.session else None
    )
    destroy = request.payload.find(DESTROY)
    if destroy is not None:
        reason = text_of(destroy, "reason", MUC_OWNER) or ""
        alternate = destroy.get("jid", "")
        await in_db(services.destroy, room.room, by=by, reason=reason, alternate=alternate)
        return
    form = request.payload.find(X)
    if form is None:
        raise BadRequest("There is no form.")
    submission = Submission.read(form)
    if submission.type == "cancel":
        if room.room.locked:
            await in_db(services.destroy, room.room, by=by, reason="Not configured.")
        return
    if submission.type != "submit" or submission.form_type not in ("", CONFIG):
        raise BadRequest("That is not the room's form.")
    await in_db(services.configure, room.room, by=by, changes=read_submission(submission))
    await _reload(room)


@hears(RoomChanged)
async def apply_change(news: RoomChanged) -> None:
    """From whichever door: the people inside are told, and who may not stay goes."""
    room = rooms.get(news.localpart)
    if room is None:
        return
    await _reload(room)

    def act() -> None:
        if news.codes:
            room.announce(news.codes)
        if room.room.is_members_only:
            for occupant in room.occupants:
                if occupant.rank == "none":
                    expel(room, occupant, 322)
        for occupant in room.occupants:
            if not room.room.is_moderated and occupant.role == Role.VISITOR:
                occupant.role = Role.PARTICIPANT
                room.show(occupant)
        changed(room)

    await in_order(act)


@hears(RoomDestroyed)
async def apply_end(news: RoomDestroyed) -> None:
    """Section 10.9: everybody leaves, and learns why and where to go."""
    room = rooms.get(news.localpart)
    if room is None:
        return

    def act() -> None:
        room.destroyed = True
        rooms.forget(room)
        end = make(f"{{{MUC_USER}}}destroy", jid=news.alternate or None)
        if news.reason:
            add(end, f"{{{MUC_USER}}}reason", news.reason)
        data = serialise(end)
        for occupant in room.occupants:
            occupant.rank, occupant.role = "none", Role.NONE
            farewell = room.presence(occupant, with_jid=False, type_="unavailable", codes=[110])
            room.send(occupant, _inside_x(farewell, data), room.occupant_jid(occupant))
            room.occupants.remove(occupant)

    await in_order(act)


@muc.relay(conference.node)
async def relay(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """Between occupants (section 17.4 of the older texts); to oneself it is a ping, XEP-0410."""
    room = rooms.get(str(to.local))
    speaker = room.occupants.by_device(sender.full) if room else None
    if room is None or speaker is None:
        if answerable(element):
            raise NotAcceptable("You are not in this room.")
        return
    target = room.occupants.by_nick(str(to.resource))
    if target is None:
        if answerable(element):
            raise NotFound(f"Nobody here is called {to.resource}.")
        return
    if target is speaker and answerable(element) and element[0].tag == f"{{{PING}}}ping":
        if session is not None:
            session.send(result(element))
        return
    device = next(iter(target.devices.values()))
    receiver = wire().session(device)
    if receiver is not None:
        packed = Packed.pack(element)
        receiver.send(packed.addressed(to=device.full, sender=room.occupant_jid(speaker)))


def _inside_x(packed: Packed, child: bytes) -> Packed:
    """The same presence with one more child in its ``<x/>``."""
    cut = packed.tail.rindex(b"</x>")
    return Packed(packed.head, packed.tail[:cut] + child + packed.tail[cut:])


async def _reload(room: RunningRoom) -> None:
    loaded = await in_db(load, room.localpart)
    if loaded is not None:
        room.refresh(loaded)


async def _owned(request: IqRequest) -> RunningRoom:
    room = await rooms.wake(str(request.to.local))
    if room is None:
        raise NoSuchRoom
    if room.rank_of(str(request.sender.bare)) != "owner":
        raise OwnersOnly
    return room
