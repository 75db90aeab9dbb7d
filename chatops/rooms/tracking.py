"""Rooms whose messages stand in the delivery log, device by device."""

from collections.abc import Mapping

from chatops.core.ids import new_id
from chatops.core.journal import Write
from chatops.core.wire import wire
from chatops.delivery.crs.confirming import sent
from chatops.delivery.models import State
from chatops.delivery.receipts import Receipts, read_receipts
from chatops.delivery.tracking import TrackedDelivery, ledger
from chatops.delivery.writes import delivery_write
from chatops.rooms.inside import RunningRoom
from chatops.xmpp.elements import Element
from chatops.xmpp.jid import JID


def track(
    room: RunningRoom, message_id: int, stanza_id: str
) -> tuple[list[Write], Mapping[str, TrackedDelivery]]:
    """A line for each device that is inside now: its rows, and the lines by full JID.

    Nothing is owed: who misses what is said in a room finds it in the room's archive.
    """
    writes: list[Write] = []
    lines: dict[str, TrackedDelivery] = {}
    for occupant in room.occupants:
        for device in occupant.devices.values():
            session = device.session
            if session is None:
                continue  # of another domain, whose devices are not known
            line = TrackedDelivery(
                new_id(), message_id, session.user_id, session.device_id, ledger, owed=False
            )
            line.written_owed = False
            lines[device.full] = line
            ledger.remember(room.jid, session.bare, str(message_id), line)
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
