"""Going out of a room, by oneself or by others: XEP-0045 sections 7.14, 8.2, 9.1 and 14.1."""

from collections.abc import Iterable, Sequence
from functools import partial

from chatops.accounts.services import AccountRemoved
from chatops.core.database import in_db
from chatops.core.live import hears
from chatops.core.wire import Session, wire
from chatops.rooms import services
from chatops.rooms.handlers.xep_0045 import muc
from chatops.rooms.inside import ROOMS, RunningRoom, Turn
from chatops.rooms.occupants import Device, Occupant, Role
from chatops.rooms.running import changed, in_order, in_slices, rooms
from chatops.xmpp.elements import Element, local_name
from chatops.xmpp.errors import Condition
from chatops.xmpp.names import CLIENT, STANZA_ERRORS

# An error of these kinds says that nobody is there any more (section 14.1).
_GONE = frozenset(
    (
        Condition.GONE,
        Condition.ITEM_NOT_FOUND,
        Condition.RECIPIENT_UNAVAILABLE,
        Condition.REDIRECT,
        Condition.REMOTE_SERVER_NOT_FOUND,
        Condition.REMOTE_SERVER_TIMEOUT,
        Condition.SERVICE_UNAVAILABLE,
    )
)


def leave(
    room: RunningRoom,
    full: str,
    *,
    session: Session | None = None,
    codes: tuple[int, ...] = (),
    words: bytes = b"",
) -> None:
    """One device goes; its nickname stays while another one is there.

    With a `session`, only if the device is that session's: another may have taken its address.
    """
    inside = room.occupants.by_device(full)
    if inside is None or (session is not None and inside.devices[full].session is not session):
        return
    shown = inside.address
    left = room.occupants.leave(full)
    if left is None:
        return
    occupant, device, gone = left
    _forget(device, room)
    turn = Turn(type="unavailable", codes=codes, words=words)
    room.show_departure(device, occupant, turn)
    if gone:
        room.show(occupant, turn)
    elif shown == full:
        room.show(occupant)  # the address that others see is another device's now
    changed(room)
    close_if_empty(room)


def expel(room: RunningRoom, occupant: Occupant, turn: Turn) -> None:
    """Kicked, banned, or no longer a member: gone with all devices."""
    _take_out(room, [occupant])
    room.show(occupant, turn)
    _left_alone(room)


async def expel_all(room: RunningRoom, leavers: Sequence[Occupant], turn: Turn) -> None:
    """The same for many at once: those who go do not hear of each other."""
    if leavers:
        await in_order(partial(_take_out, room, leavers))
        await in_slices(room, leavers, partial(room.show, turn=turn))
        await in_order(partial(_left_alone, room))


def _take_out(room: RunningRoom, leavers: Iterable[Occupant]) -> None:
    for occupant in leavers:
        room.occupants.remove(occupant)
        forget_address(room, occupant)
        occupant.role = Role.NONE
        for device in occupant.devices.values():
            _forget(device, room)


def _left_alone(room: RunningRoom) -> None:
    changed(room)
    close_if_empty(room)


def fail(room: RunningRoom, full: str, error: Element) -> None:
    """What we sent somebody came back: it may be that nobody is there (section 14.1)."""
    details = error.find(f"{{{CLIENT}}}error")
    conditions = {
        local_name(child)
        for child in (() if details is None else details)
        if child.tag != f"{{{STANZA_ERRORS}}}text"
    }
    if conditions & _GONE:
        leave(room, full, codes=(333,))


def close_if_empty(room: RunningRoom) -> None:
    """A temporary room ends with its last occupant; a persistent one may sleep."""
    if len(room.occupants) or room.closed:
        return
    rooms.close(room)
    if not room.room.is_persistent:
        wire().spawn(rooms.end(room))


@muc.on_session("ended")
async def leave_all(session: Session) -> None:
    """A device that is gone is in no room."""
    for room in list(session.notes.get(ROOMS, ())):
        await in_order(partial(leave, room, session.jid.full, session=session))


@muc.when_stopping
def say_farewell() -> None:
    """Section 11.2: everybody hears that it is the service that goes; the rooms stay."""
    turn = Turn(codes=(332,), type="unavailable")
    for room in rooms.awake():
        rooms.close(room)
        for occupant in room.occupants:
            room.occupants.remove(occupant)
            occupant.role, occupant.seen = Role.NONE, False  # each gets only the own farewell
            room.show(occupant, turn)
            for device in occupant.devices.values():
                _forget(device, room)


@hears(AccountRemoved)
async def forget_person(news: AccountRemoved) -> None:
    """Whoever gets that name next is somebody else."""
    await in_db(services.forget_person, news.bare)
    for room in rooms.awake():
        if room.rank_of(news.bare) != "outcast":
            room.stand(news.bare, None)


def forget_address(room: RunningRoom, occupant: Occupant) -> None:
    """What its devices greeted is nobody any more: there is nothing to take back at their end."""
    for device in occupant.devices.values():
        if device.session is not None:
            device.session.directed.pop(room.occupant_jid(occupant), None)


def _forget(device: Device, room: RunningRoom) -> None:
    if device.session is not None:
        device.session.notes.get(ROOMS, set()).discard(room)
