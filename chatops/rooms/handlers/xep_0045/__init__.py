"""Multi-user chat, XEP-0045: the service at ``conference.`` and what disco says of it."""

from chatops.core.database import in_db
from chatops.core.features import Feature, Identity, Info, IqRequest, Item, SubService
from chatops.rooms.models import Room
from chatops.rooms.options import disco_features
from chatops.rooms.running import rooms
from chatops.rooms.services import HOST, NoSuchRoom
from chatops.xmpp.forms import FormField, build
from chatops.xmpp.names import MUC

LISTED = 1_000
INFO = "http://jabber.org/protocol/muc#roominfo"


async def describe(request: IqRequest, info: Info) -> None:
    """Sections 6.2 to 6.4 and 6.6: the service, a room, or an occupant that asks about its nick."""
    if not request.to.local:
        info.features.add(MUC)
        return
    room = await in_db(_find, request.to.local)
    if room is None:
        raise NoSuchRoom
    info.identities.append(Identity("conference", "text", str(room)))
    info.features |= {MUC, "http://jabber.org/protocol/muc#stable_id"} | disco_features(room)
    running = rooms.get(room.localpart)
    fields = [
        FormField("muc#roominfo_description", values=[room.description]),
        FormField("muc#roominfo_subject", values=[room.subject]),
        FormField("muc#roominfo_lang", values=[room.language]),
        FormField("muc#roominfo_occupants", values=[str(len(running.occupants) if running else 0)]),
    ]
    info.forms.append(build("result", INFO, fields))


async def list_items(request: IqRequest) -> list[Item]:
    """Section 6.3: the public rooms; 6.5: who is in a room that is not a secret."""
    if not request.to.local:
        return await in_db(_public_rooms)
    room = rooms.get(request.to.local)
    if room is None or not room.room.is_public:
        return []
    return [Item(room.occupant_jid(occupant)) for occupant in room.occupants]


conference = SubService(
    "conference", Identity("conference", "text", "Chat rooms"), info=describe, items=list_items
)
muc = Feature(
    "XEP-0045", (), at=(), level="partial", note="Voice requests and registration follow."
)
muc.module = __name__


def _find(localpart: str) -> Room | None:
    return Room.objects.filter(localpart=localpart).first()


def _public_rooms() -> list[Item]:
    found = Room.objects.filter(is_public=True, locked=False)[:LISTED]
    return [Item(f"{room.localpart}@{HOST}", str(room)) for room in found]
