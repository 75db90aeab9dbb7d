"""The tables of rooms: they themselves, and what holds for all of them."""

from chatops.rooms.models.policy import GroupLink, RoomPolicy, Template, Tombstone
from chatops.rooms.models.rooms import (
    Affiliation,
    PrivateMessages,
    Room,
    RoomOptions,
    VisitorsMessages,
    WhoSeesJids,
    validate_room_name,
)

__all__ = [
    "Affiliation",
    "GroupLink",
    "PrivateMessages",
    "Room",
    "RoomOptions",
    "RoomPolicy",
    "Template",
    "Tombstone",
    "VisitorsMessages",
    "WhoSeesJids",
    "validate_room_name",
]
