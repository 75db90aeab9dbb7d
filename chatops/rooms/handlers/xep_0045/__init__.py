"""Multi-user chat, XEP-0045: the service at ``conference.`` and what disco says of it."""

from chatops.core.database import in_db
from chatops.core.features import Feature, Identity, Info, IqRequest, Item, NoSuchNode, SubService
from chatops.rooms.inside import RunningRoom
from chatops.rooms.models import Affiliation, Room
from chatops.rooms.options import disco_features
from chatops.rooms.running import exists, rooms
from chatops.rooms.services import HOST, NoSuchRoom
from chatops.xmpp.forms import FormField, build
from chatops.xmpp.names import MUC, STANZA_ID

LISTED = 1_000
INFO = f"{MUC}#roominfo"
OWN_NICKNAME = "x-roomuser-item"
REGISTER = "jabber:iq:register"
# What every room does: it keeps the ids of messages, adds its own, and takes requests for voice
# and for membership.
OF_ROOMS = frozenset(
    (MUC, f"{MUC}#stable_id", f"{MUC}#request", f"{MUC}#register", REGISTER, STANZA_ID)
)


async def describe(request: IqRequest, info: Info) -> None:
    """Sections 6.2, 6.4 and 7.12: the service, a room, or one's reserved nickname."""
    node = request.payload.get("node", "")
    if not request.to.local:
        if node:
            raise NoSuchNode
        info.features.add(MUC)
        return
    localpart, asker = request.to.local, request.sender.bare
    if node == OWN_NICKNAME:
        info.features.clear()
        nickname = await in_db(_reserved_nickname, localpart, asker)
        if nickname:
            info.identities.append(Identity("conference", "text", nickname))
        return
    if node:
        raise NoSuchNode
    room, rank = await in_db(_find, localpart, asker)
    if room is None:
        raise NoSuchRoom
    info.identities.append(Identity("conference", "text", str(room)))
    info.features |= OF_ROOMS | disco_features(room)
    inside = rooms.get(localpart)
    if room.is_public or rank or _is_inside(inside, request):
        info.forms.append(build("result", INFO, _details(room)))


def _details(room: Room) -> list[FormField]:
    """Section 15.5.4: what may be known of a room by who may know that it is there."""
    opened = "1" if room.occupants_may_change_subject else "0"
    return [
        FormField("muc#roomconfig_roomname", values=[str(room)]),
        FormField("muc#roominfo_description", values=[room.description]),
        FormField("muc#roominfo_subject", values=[room.subject]),
        FormField("muc#roominfo_subjectmod", "boolean", values=[opened]),
        FormField("muc#roominfo_lang", values=[room.language]),
        FormField("muc#roominfo_occupants", values=[str(rooms.count(room.localpart))]),
        FormField("muc#maxhistoryfetch", values=[str(room.history_length)]),
    ]


async def list_items(request: IqRequest) -> list[Item]:
    """Section 6.3: the public rooms; 6.5: who is in a room, for people inside, or if it is open."""
    if request.payload.get("node"):
        raise NoSuchNode
    if not request.to.local:
        await rooms.clear()
        return await in_db(_public_rooms)
    room = rooms.get(request.to.local)
    if room is None:
        if not await in_db(exists, request.to.local):
            raise NoSuchRoom
        return []  # nobody is inside
    is_open = room.room.is_public and not (room.room.is_members_only or room.room.password)
    if not is_open and not _is_inside(room, request):
        return []
    return [Item(room.occupant_jid(occupant)) for occupant in room.occupants]


conference = SubService(
    "conference", Identity("conference", "text", "Chat rooms"), info=describe, items=list_items
)
muc = Feature(
    "XEP-0045", (), at=(), level="partial", note="No farewell (332) when the service stops."
)


def _is_inside(room: RunningRoom | None, request: IqRequest) -> bool:
    return room is not None and room.occupants.by_device(request.sender.full) is not None


def _find(localpart: str, asker: str) -> tuple[Room | None, str]:
    """The room, and the asker's affiliation; outcasts have none."""
    room = Room.objects.filter(localpart=localpart).first()
    found = Affiliation.objects.filter(room=room, jid=asker).exclude(rank="outcast")
    return room, (found.values_list("rank", flat=True).first() or "") if room else ""


def _reserved_nickname(localpart: str, asker: str) -> str:
    found = Affiliation.objects.filter(room__localpart=localpart, jid=asker)
    return found.values_list("nickname", flat=True).first() or ""


def _public_rooms() -> list[Item]:
    found = Room.objects.filter(is_public=True, locked=False)[:LISTED]
    return [Item(f"{room.localpart}@{HOST}", str(room)) for room in found]
