"""Rooms' archives, XEP-0313 section 6.2.3: for whoever may enter the room."""

from chatops.archive.handlers.xep_0313 import mam
from chatops.archive.querying import answer, ends_of, form, from_moment, read_query
from chatops.archive.services import Kept
from chatops.core.features import IqRequest
from chatops.core.queueing import Outflow
from chatops.core.wire import wire
from chatops.rooms.handlers.xep_0045 import conference
from chatops.rooms.inside import RunningRoom
from chatops.rooms.models import WhoSeesJids
from chatops.rooms.occupants import Role
from chatops.rooms.privileges import RANKS, STAFF
from chatops.rooms.running import rooms
from chatops.rooms.services import NoSuchRoom
from chatops.xmpp.elements import Element, add, make, parse, serialise
from chatops.xmpp.errors import Forbidden, NotImplementedHere, Unavailable
from chatops.xmpp.jid import parse as parse_jid
from chatops.xmpp.names import MAM, MUC_USER
from chatops.xmpp.stanzas import Packed


class MayNotEnter(Forbidden):
    """Only who may enter the room may read what was said there."""


class NamesAreHidden(Forbidden):
    """Who said what is not yours to know in this room."""


class ByAddressOnly(NotImplementedHere):
    """Messages are found by their author's address, not by a nickname."""


class NothingIsKept(Unavailable):
    """This room is not archived."""


@mam.iq("get", f"{{{MAM}}}query", at=(conference.node,))
async def show_form(request: IqRequest) -> Element:
    """Section 4.1.1."""
    await _readable(request)
    return form()


@mam.iq("set", f"{{{MAM}}}query", at=(conference.node,))
async def send_page(request: IqRequest) -> Element:
    """Section 4, to the room's address."""
    room = await _readable(request)
    query, shows_names = read_query(request.payload), _sees_names(room, request)
    if query.peer.partition("/")[0] == room.jid:
        raise ByAddressOnly
    if query.peer and not shows_names:
        raise NamesAreHidden
    query = from_moment(query, room.room.history_from)
    out = Outflow(request.session) if request.session is not None else None

    async def send(data: bytes) -> None:
        if out is not None:
            await out.send(data)
        else:
            wire().route(parse(data))

    def with_name(message: Kept) -> bytes:
        return _named(room, message)

    xml_of = with_name if shows_names else None
    return await answer(request, query, owner=room.jid, send=send, xml_of=xml_of)


@mam.iq("get", f"{{{MAM}}}metadata", at=(conference.node,))
async def describe(request: IqRequest) -> Element:
    """Section 5."""
    room = await _readable(request)
    return await ends_of(room.jid, room.room.history_from)


async def _readable(request: IqRequest) -> RunningRoom:
    """Whoever could enter now, or is inside, may read. Raises a refusal."""
    room = await rooms.wake(request.to.local)
    if room is None:
        raise NoSuchRoom
    options, rank = room.room, room.rank_of(request.sender.bare)
    if not options.is_logged:
        raise NothingIsKept
    if rank == "outcast":
        raise MayNotEnter
    if room.occupants.by_device(request.sender.full) is not None or rank == "owner":
        return room
    closed = options.is_members_only or options.archived_at is not None
    if options.locked or options.password or (closed and rank not in RANKS[2:]):
        raise MayNotEnter
    return room


def _sees_names(room: RunningRoom, request: IqRequest) -> bool:
    """Section 6.2.3: those who see addresses in the room see them in its archive."""
    if room.room.who_sees_jids == WhoSeesJids.ANYONE or room.rank_of(request.sender.bare) in STAFF:
        return True
    occupant = room.occupants.by_device(request.sender.full)
    return occupant is not None and occupant.role == Role.MODERATOR


def _named(room: RunningRoom, message: Kept) -> bytes:
    """The message with its author's address, if it was a person's."""
    xml, author = message.xml.encode(), parse_jid(message.sender)
    if author.bare == room.jid:
        return xml
    x = make(f"{{{MUC_USER}}}x")
    add(x, f"{{{MUC_USER}}}item", affiliation=room.rank_of(author.bare), jid=author.full)
    named = Packed.whole(xml).with_child(serialise(x))
    return named.head + named.tail
