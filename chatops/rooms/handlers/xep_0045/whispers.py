"""Private messages, XEP-0045 section 7.5: from one occupant to another, through the room."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from django.utils import timezone

from chatops.archive import services as archive
from chatops.archive.policies import is_archived, strip_forged_ids
from chatops.archive.writes import entry_write, message_write
from chatops.core.database import in_db
from chatops.core.ids import new_id
from chatops.core.journal import Write
from chatops.core.wire import Session, Tracked, wire
from chatops.delivery.crs.telling import tell_stored
from chatops.delivery.receipts import Receipts, count, take_back
from chatops.delivery.tracking import Receipt
from chatops.rooms.inside import RunningRoom
from chatops.rooms.occupants import Occupant
from chatops.rooms.permits import must_whisper
from chatops.rooms.running import settle
from chatops.rooms.tracking import heard_privately, track_whisper
from chatops.rooms.waking import wake
from chatops.xmpp.carbons import carbon
from chatops.xmpp.content import NO_COPY, PRIVATE
from chatops.xmpp.elements import Element, add, serialise, tag_of
from chatops.xmpp.errors import NotFound, Overloaded
from chatops.xmpp.jid import JID, parse
from chatops.xmpp.names import MUC_USER, OCCUPANT_ID, STANZA_ID
from chatops.xmpp.stanzas import Packed

_USER = f"{{{MUC_USER}}}x"
_NOT_COPIED = frozenset((PRIVATE, NO_COPY))
_OCCUPANT = f"{{{OCCUPANT_ID}}}occupant-id"


def whisper(
    room: RunningRoom, speaker: Occupant, sender: JID, nick: str, element: Element
) -> "asyncio.Future[None]":
    """Store it in both people's archives, and pass it on. Raises what forbids it."""
    target = room.occupants.by_nick(nick)
    if target is None:
        raise NotFound(f"Nobody here is called {nick}.")
    must_whisper(room.room, speaker.role, target.role)
    speaker.last_active = time.time()
    for claimed in [*element.findall(_USER), *element.findall(_OCCUPANT)]:
        element.remove(claimed)
    add(element, _USER)
    add(element, _OCCUPANT, id=speaker.id)
    receipts = heard_privately(element, sender, address=room.occupant_jid(target))
    kept = is_archived({tag_of(child) for child in element}, element.get("type", "normal"))
    ids = [archive.cached_archive_id(bare) for bare in (speaker.bare, target.bare)] if kept else []
    if None in ids or receipts.unknown:
        return wire().loop.create_task(
            _look_up_and_pass(room, speaker, sender, target, element, receipts, kept=kept)
        )
    archives = [each for each in ids if each]
    return _pass_on(room, speaker, sender, target, element, archives, receipts.found)


async def _look_up_and_pass(
    room: RunningRoom,
    speaker: Occupant,
    sender: JID,
    target: Occupant,
    element: Element,
    receipts: Receipts,
    *,
    kept: bool,
) -> None:
    people = (speaker.bare, target.bare) if kept else ()
    ids = [await in_db(archive.archive_id, bare) for bare in people]
    await receipts.look_up()
    await _pass_on(room, speaker, sender, target, element, ids, receipts.found)


def _pass_on(
    room: RunningRoom,
    speaker: Occupant,
    sender: JID,
    target: Occupant,
    element: Element,
    archives: list[int],
    receipts: Sequence[Receipt],
) -> "asyncio.Future[None]":
    """`archives` are the two people's, none where it is not kept; `receipts` it confirms."""
    stored: asyncio.Future[None] = wire().loop.create_future()
    address = room.occupant_jid(speaker)
    copies = _own_copies(room, speaker, sender, target, element)
    writes: list[Write] = []
    lines: Mapping[str, Tracked] = {}
    if archives:
        writes, received_id = _rows(room, speaker, sender, target, element, archives)
        more, lines = track_whisper(target, address, received_id, element.get("id", ""))
        writes += more
    for receipt in receipts:
        writes += receipt.writes
    packed, accepted = Packed.pack(element), timezone.now()

    def done() -> None:
        room.send(target, packed, address, lines)
        for session, copy in copies:
            session.send(copy)
        wake([target], element, sender=address, author=speaker.bare, message_id=new_id())
        if archives:
            tell_stored(sender, element.get("id", ""), accepted)
        for receipt in receipts:
            count(receipt)
        settle(stored)

    def refuse() -> None:
        for receipt in receipts:
            take_back(receipt)
        settle(stored, Overloaded())

    wire().commit(writes, done, refuse)
    return stored


def _own_copies(
    room: RunningRoom, speaker: Occupant, sender: JID, target: Occupant, element: Element
) -> list[tuple[Session, bytes]]:
    """For the sender's other devices under that nickname (XEP-0280 section 6.1)."""
    if element.get("type") != "chat" or any(tag_of(child) in _NOT_COPIED for child in element):
        return []
    others = [
        device.session
        for device in speaker.devices.values()
        if device.session is not None and device.session.carbons and device.full != sender.full
    ]
    if not others:
        return []
    data = Packed.pack(element).addressed(to=room.occupant_jid(target), sender=sender.full)
    return [(each, carbon("sent", data, each.bare, each.jid.full)) for each in others]


def _rows(
    room: RunningRoom,
    speaker: Occupant,
    sender: JID,
    target: Occupant,
    element: Element,
    archives: list[int],
) -> tuple[list[Write], int]:
    """Twice, as each of the two knows it: neither copy has the other's real address.

    Returns the rows, and the id of the recipient's copy.
    """
    sent_id, received_id = new_id(), new_id()
    to, address = parse(room.occupant_jid(target)), parse(room.occupant_jid(speaker))
    element.set("from", sender.full)
    element.set("to", to.full)
    writes = [
        message_write(sent_id, element, sender=sender, recipient=to),
        entry_write(archives[0], sent_id, room.jid),
    ]
    strip_forged_ids(element, by=target.bare)
    add(element, f"{{{STANZA_ID}}}stanza-id", None, by=target.bare, id=str(received_id))
    element.set("from", address.full)
    element.set("to", target.bare)
    data = serialise(element)
    element.set("from", sender.full)  # as an error would need them
    element.set("to", to.full)
    writes += [
        message_write(received_id, element, sender=address, recipient=parse(target.bare), xml=data),
        entry_write(archives[1], received_id, room.jid),
    ]
    return writes, received_id


def bounce(room: RunningRoom, speaker: Occupant, nick: str, element: Element) -> None:
    """An error that answers a private message goes back to who sent it."""
    target = room.occupants.by_nick(nick)
    if target is not None and target is not speaker:
        room.send(target, Packed.pack(element), room.occupant_jid(speaker))
