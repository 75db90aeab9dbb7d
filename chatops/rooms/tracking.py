"""What is said in rooms as the delivery log has it, device by device."""

from collections.abc import Iterable, Mapping

from chatops.core.ids import new_id
from chatops.core.journal import Write
from chatops.core.wire import wire
from chatops.delivery.crs.confirming import sent
from chatops.delivery.models import State
from chatops.delivery.receipts import Receipts, read_receipts
from chatops.delivery.tracking import TrackedDelivery, ledger
from chatops.delivery.writes import delivery_write
from chatops.rooms.inside import RunningRoom
from chatops.rooms.occupants import Occupant
from chatops.xmpp.elements import Element
from chatops.xmpp.jid import JID


def track(
    room: RunningRoom, message_id: int, stanza_id: str
) -> tuple[list[Write], Mapping[str, TrackedDelivery]]:
    """A line for each device that is inside now: its rows, and the lines by full JID.

    Nothing is owed: who misses what is said in a room finds it in the room's archive.
    """
    return _follow(room.occupants, message_id, room.jid, str(message_id), stanza_id)


def track_whisper(
    target: Occupant, address: str, message_id: int, stanza_id: str
) -> tuple[list[Write], Mapping[str, TrackedDelivery]]:
    """The same for the devices that a private message from `address` goes to."""
    return _follow([target], message_id, address, stanza_id, stanza_id)


def _follow(
    occupants: Iterable[Occupant], message_id: int, sender: str, known_as: str, stanza_id: str
) -> tuple[list[Write], Mapping[str, TrackedDelivery]]:
    """`known_as` is the id by which devices confirm it, `sender` whom they tell so."""
    writes: list[Write] = []
    lines: dict[str, TrackedDelivery] = {}
    for occupant in occupants:
        for device in occupant.devices.values():
            session = device.session
            if session is None:
                continue  # of another domain, whose devices are not known
            line = TrackedDelivery(
                new_id(), message_id, session.user_id, session.device_id, ledger, owed=False
            )
            line.written_owed = False
            lines[device.full] = line
            ledger.remember(sender, session.bare, known_as, line)
            sent.note(session.bare, stanza_id, line)
            writes.append(
                delivery_write(
                    line.id,
                    message_id,
                    session.user_id,
                    session.device_id,
                    state=State.STORED,
                    owed=False,
                )
            )
    return writes, lines


def heard(room: RunningRoom, element: Element, sender: JID) -> Receipts:
    """What a device inside says of the room's messages (XEP-0333 section 4.3).

    It calls them by the ids that the room gave them: those of their senders are not unique.
    """
    session = wire().session(sender)
    if session is None:
        return Receipts([], [])
    return read_receipts(element, original_sender=room.jid, session=session, in_room=True)


def heard_privately(element: Element, sender: JID, *, address: str) -> Receipts:
    """What a device says, privately, of private messages of the occupant at `address`."""
    session = wire().session(sender)
    if session is None:
        return Receipts([], [])
    return read_receipts(element, original_sender=address, session=session)
