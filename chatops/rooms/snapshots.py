"""What pages, in threads of their own, may see of the rooms that are awake."""

from dataclasses import dataclass
from datetime import UTC, datetime

from chatops.rooms.running import rooms


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody in a room, as at one moment."""

    nick: str
    jid: str
    rank: str
    role: str
    devices: str
    since: datetime
    last_active: datetime


def inside_of(localpart: str) -> list[Inside]:
    """Who is inside, moderators first; nobody where the service runs in another process."""
    room = rooms.get(localpart)
    if room is None:
        return []
    order = ("moderator", "participant", "visitor", "none")
    found = [
        Inside(
            occupant.nick,
            occupant.bare,
            occupant.rank,
            occupant.role.value,
            ", ".join(sorted(full.partition("/")[2] for full in list(occupant.devices))),
            datetime.fromtimestamp(occupant.since, UTC),
            datetime.fromtimestamp(occupant.last_active, UTC),
        )
        for occupant in room.occupants
    ]
    return sorted(found, key=lambda each: (order.index(each.role), each.nick.casefold()))
