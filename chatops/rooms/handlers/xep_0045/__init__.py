"""Multi-user chat, XEP-0045: the service at ``conference.`` and what disco says of it."""

from chatops.archive.querying import EXTENDED
from chatops.core.database import in_db
from chatops.core.features import (
    Feature,
    Identity,
    Info,
    InfoHook,
    IqRequest,
    Item,
    ItemPage,
    ItemsHook,
    NoSuchNode,
    SubService,
)
from chatops.rooms import directory
from chatops.rooms.directory import RoomSheet
from chatops.rooms.inside import RunningRoom
from chatops.rooms.options import disco_features
from chatops.rooms.running import exists, rooms
from chatops.rooms.services import NoSuchRoom
from chatops.xmpp.errors import Unavailable
from chatops.xmpp.forms import FormField, build
from chatops.xmpp.names import MAM, MUC, RSM, STANZA_ID
from chatops.xmpp.paging import PageWanted, page_info

INFO = f"{MUC}#roominfo"
OWN_NICKNAME, TRAFFIC = "x-roomuser-item", f"{MUC}#traffic"
REGISTER = "jabber:iq:register"
# What every room does: it keeps the ids of messages, adds its own, and takes requests for voice
# and for membership.
OF_ROOMS = frozenset(
    (f"{MUC}#roomconfig", f"{MUC}#request", f"{MUC}#register", REGISTER, STANZA_ID, INFO)
)
ACTIVITY = "{urn:xmpp:muc-activity}message-activity"


class EverythingPasses(Unavailable):
    """Rooms pass on all that is said in them."""


# What other features of rooms say of nodes of theirs.
nodes: dict[str, InfoHook] = {}
item_nodes: dict[str, ItemsHook] = {}


async def describe(request: IqRequest, info: Info) -> None:
    """Sections 6.2, 6.4 and 7.12: the service, a room, or one's reserved nickname."""
    node = request.payload.get("node", "")
    if not request.to.local:
        if node:
            raise NoSuchNode
        info.features.add(RSM)  # of the list of rooms
        return
    localpart, asker = request.to.local, request.sender.bare
    if node == OWN_NICKNAME:
        await _tell_nickname(localpart, asker, info)
        return
    if node == TRAFFIC:
        raise EverythingPasses  # section 17.1.1
    if node in nodes:
        await nodes[node](request, info)
        return
    if node:
        raise NoSuchNode
    sheet = await in_db(directory.sheet, localpart, asker)
    if sheet is None or (sheet.room.locked and sheet.rank != "owner"):
        raise NoSuchRoom  # a room that is not configured is not there yet (section 7.2.10)
    info.identities.append(Identity("conference", "text", str(sheet.room)))
    info.features |= OF_ROOMS | disco_features(sheet.room)
    if not sheet.room.may_register:
        info.features -= {REGISTER, f"{MUC}#register"}
    if not sheet.room.visitors_may_ask_for_voice:
        info.features.discard(f"{MUC}#request")
    if sheet.room.is_logged:
        info.features |= {MAM, EXTENDED}
    inside = rooms.get(localpart)
    if sheet.room.is_public or sheet.rank or _is_inside(inside, request):
        info.forms.append(build("result", INFO, _details(sheet)))


async def _tell_nickname(localpart: str, asker: str, info: Info) -> None:
    """Section 7.12."""
    info.features.clear()
    nickname = await in_db(directory.reserved_nickname, localpart, asker)
    if nickname is None:
        raise NoSuchRoom
    if nickname:
        info.identities.append(Identity("conference", "text", nickname))


def _details(sheet: RoomSheet) -> list[FormField]:
    """Section 15.5.4: what may be known of a room by who may know that it is there."""
    room = sheet.room
    opened = "1" if room.occupants_may_change_subject else "0"
    fields = [
        FormField("muc#roomconfig_roomname", values=[str(room)]),
        FormField("muc#roominfo_description", values=[room.description]),
        FormField("muc#roominfo_subject", values=[room.subject]),
        FormField("muc#roominfo_subjectmod", "boolean", values=[opened]),
        FormField("muc#roominfo_lang", values=[room.language]),
        FormField("muc#roominfo_occupants", values=[str(rooms.count(room.localpart))]),
        FormField("muc#maxhistoryfetch", values=[str(room.history_length)]),
    ]
    if room.pubsub_node:
        fields.append(FormField("muc#roomconfig_pubsub", values=[room.pubsub_node]))
    if sheet.owners:
        fields.append(FormField("muc#roominfo_contactjid", "jid-multi", values=sheet.owners))
    if sheet.picture:
        fields.append(FormField("muc#roominfo_avatarhash", "text-multi", values=[sheet.picture]))
    if sheet.hats:
        fields.append(FormField("hats#hash", values=[sheet.hats]))
    if sheet.activity is not None:
        fields.append(FormField(ACTIVITY, values=[f"{sheet.activity:.2f}"]))
    return fields


async def list_items(request: IqRequest) -> list[Item]:
    """Section 6.3: the public rooms; 6.5: who is in a room, for people inside, or if it is open."""
    node = request.payload.get("node", "")
    if node in item_nodes and request.to.local:
        return await item_nodes[node](request)
    if node:
        raise NoSuchNode
    if not request.to.local:
        return await _list_rooms(PageWanted.read(request.payload))
    room = rooms.get(request.to.local)
    if room is None:
        if not await in_db(exists, request.to.local):
            raise NoSuchRoom
        return []  # nobody is inside
    is_open = room.room.is_public and not (room.room.is_members_only or room.room.password)
    listed = is_open and room.room.occupants_are_listed
    if not listed and not _is_inside(room, request):
        return []
    return [Item(room.occupant_jid(occupant)) for occupant in room.occupants]


async def _list_rooms(wanted: PageWanted) -> list[Item]:
    """A page of them, where one was asked for, or where they are too many for one answer."""
    await rooms.clear()
    page = await in_db(directory.public_rooms, wanted)
    items = [Item(jid, name) for jid, name in page.rooms]
    if wanted == PageWanted() and len(items) == page.count:
        return items
    first, last = (items[0].jid, items[-1].jid) if items else (None, None)
    return ItemPage(items, page_info(first, last, count=page.count, index=page.first))


conference = SubService(
    "conference", Identity("conference", "text", "Chat rooms"), info=describe, items=list_items
)
muc = Feature("XEP-0045", (MUC, f"{MUC}#stable_id"), at=(conference.host, conference.node))


def _is_inside(room: RunningRoom | None, request: IqRequest) -> bool:
    return room is not None and room.occupants.by_device(request.sender.full) is not None
