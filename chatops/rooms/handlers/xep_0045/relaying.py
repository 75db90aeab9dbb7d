"""Requests between occupants (XEP-0045 section 17.4), and to oneself (XEP-0410)."""

from collections import OrderedDict
from dataclasses import dataclass

from chatops.core.ids import new_id
from chatops.core.wire import Session, wire
from chatops.rooms.handlers.xep_0045 import conference, muc
from chatops.rooms.inside import RunningRoom, hand_over
from chatops.rooms.occupants import Device, Occupant
from chatops.rooms.permits import must_ask_others
from chatops.rooms.running import rooms
from chatops.xmpp.elements import Element
from chatops.xmpp.elements import parse as parse_element
from chatops.xmpp.errors import BadRequest, NotAcceptable, NotFound, answerable
from chatops.xmpp.jid import JID
from chatops.xmpp.names import DISCO_INFO, DISCO_ITEMS, PING
from chatops.xmpp.stanzas import Packed, result

MOST_OPEN = 10_000
# Profiles are the account's, so the account answers, not the device (section 17.4).
_OF_ACCOUNTS = frozenset(("{vcard-temp}vCard", "{http://jabber.org/protocol/pubsub}pubsub"))


_DISCO = frozenset((f"{{{DISCO_INFO}}}query", f"{{{DISCO_ITEMS}}}query"))


class NotInside(NotAcceptable):
    """You are not in this room."""


class StrangersMayNotAsk(BadRequest):
    """Only people inside may ask about each other."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is under way: who asked, under which id, and who may answer."""

    device: Device
    id: str
    address: str  # the occupant JID that was asked
    answerer: str


# By the id that the request got on its way: an answer needs no guess at whose device asked.
_open: OrderedDict[str, Asked] = OrderedDict()


@muc.relay(conference.node)
async def relay(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """A request goes to the person behind a nickname, an answer to the device that asked."""
    if not answerable(element):
        _return(element, sender)
        return
    room = rooms.get(to.local)
    speaker = room.occupants.by_device(sender.full) if room else None
    if room is None or speaker is None:
        if element[0].tag in _DISCO:
            raise StrangersMayNotAsk  # section 6.6
        raise NotInside
    target = room.occupants.by_nick(to.resource)
    if target is None:
        raise NotFound(f"Nobody here is called {to.resource}.")
    device = speaker.devices[sender.full]
    if target is speaker and element[0].tag == f"{{{PING}}}ping":
        hand_over(device, Packed.pack(result(element)).addressed(to=device.full, sender=str(to)))
        return
    if target is not speaker:
        must_ask_others(room.room)
    _pass_on(room, speaker, device, target, element)


def _pass_on(
    room: RunningRoom, speaker: Occupant, device: Device, target: Occupant, element: Element
) -> None:
    receiver = next(iter(target.devices.values()))
    to_account = element[0].tag in _OF_ACCOUNTS
    token = f"r{new_id()}"
    answerer = target.bare if to_account else receiver.full
    _open[token] = Asked(device, element.get("id", ""), room.occupant_jid(target), answerer)
    while len(_open) > MOST_OPEN:
        _open.popitem(last=False)
    element.set("id", token)
    data = Packed.pack(element).addressed(to=answerer, sender=room.occupant_jid(speaker))
    if to_account:
        wire().route(parse_element(data))
    else:
        hand_over(receiver, data)


def _return(element: Element, sender: JID) -> None:
    asked = _open.get(element.get("id", ""))
    if asked is None or asked.answerer not in (sender.full, sender.bare):
        return
    del _open[element.get("id", "")]
    element.set("id", asked.id)
    data = Packed.pack(element).addressed(to=asked.device.full, sender=asked.address)
    hand_over(asked.device, data)
