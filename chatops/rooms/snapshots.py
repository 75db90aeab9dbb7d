"""What pages, in threads of their own, may see of the rooms that are awake."""

from dataclasses import dataclass
from datetime import UTC, datetime

from chatops.rooms.occupants import Device, Occupant
from chatops.rooms.running import rooms

_ORDER = ("moderator", "participant", "visitor", "none")


@dataclass(frozen=True, slots=True)
class Client:
    """One device of an occupant, as at one moment."""

    resource: str
    software: str  # "" until it is known
    door: str  # "" for one of another domain


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody in a room, as at one moment."""

    nick: str
    jid: str
    rank: str
    role: str
    devices: tuple[Client, ...]
    since: datetime
    last_active: datetime


def inside_of(localpart: str) -> list[Inside]:
    """Who is inside, moderators first; nobody where the service runs in another process."""
    room = rooms.get(localpart)
    found = [] if room is None else [_as_it_is(occupant) for occupant in room.occupants]
    return sorted(found, key=lambda each: (_ORDER.index(each.role), each.nick.casefold()))


def counts() -> dict[str, int]:
    """How many people are in each room that has any."""
    return {
        room.localpart: len(room.occupants) for room in rooms.awake() if len(room.occupants) > 0
    }


def _as_it_is(occupant: Occupant) -> Inside:
    devices = [_client(device) for device in list(occupant.devices.values())]
    return Inside(
        occupant.nick,
        occupant.bare,
        occupant.rank,
        occupant.role.value,
        tuple(sorted(devices, key=lambda each: each.resource)),
        datetime.fromtimestamp(occupant.since, UTC),
        datetime.fromtimestamp(occupant.last_active, UTC),
    )


def _client(device: Device) -> Client:
    session = device.session
    return Client(
        device.jid.resource,
        session.client if session is not None else "",
        session.door if session is not None else "",
    )
