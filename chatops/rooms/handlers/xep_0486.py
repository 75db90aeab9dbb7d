"""MUC avatars, XEP-0486: a room has a vCard, and in it a picture."""

from chatops.core.database import in_db
from chatops.core.features import Feature, IqRequest
from chatops.rooms.handlers.xep_0045 import conference
from chatops.rooms.handlers.xep_0045.moderation import actor_of
from chatops.rooms.inside import RunningRoom
from chatops.rooms.privileges import NeedsOwner
from chatops.rooms.running import rooms
from chatops.rooms.services import NoSuchRoom, decoration
from chatops.xmpp.elements import Element, make
from chatops.xmpp.errors import Forbidden
from chatops.xmpp.names import VCARD
from chatops.xmpp.vcards import Card, of_service

CARD = f"{{{VCARD}}}vCard"

avatars = Feature("XEP-0486", (VCARD,), at=(conference.host, conference.node))


class Hidden(Forbidden):
    """Only who belongs to the room may know more of it."""


@avatars.iq("get", CARD, at=(conference.node,))
async def tell_card(request: IqRequest) -> Element:
    """Section 3.4; empty where none was published."""
    room = await _room(request)
    inside = room.occupants.by_device(request.sender.full) is not None
    belongs = inside or room.rank_of(request.sender.bare) not in ("none", "outcast")
    if not room.room.is_public and not belongs:
        raise Hidden
    card = await in_db(decoration.card_of, room.room)
    return card.element() if card is not None else make(CARD)


@avatars.iq("set", CARD, at=(conference.node,))
async def publish_card(request: IqRequest) -> None:
    """Section 3.2: owners publish a picture, or none."""
    room = await _room(request)
    if room.rank_of(request.sender.bare) != "owner":
        raise NeedsOwner
    card = Card.read(request.payload)
    await in_db(decoration.set_card, room.room, card=card, by=actor_of(request))


@avatars.iq("get", CARD, at=(conference.host,))
async def tell_card_of_service(request: IqRequest) -> Element:
    """XEP-0054 section 3.3: the service itself has a name."""
    return of_service(conference.identity.name, jid=request.to.domain)


async def _room(request: IqRequest) -> RunningRoom:
    room = await rooms.wake(request.to.local)
    if room is None:
        raise NoSuchRoom
    return room
