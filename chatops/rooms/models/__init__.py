"""The tables of rooms: they themselves, and what holds for all of them."""

from chatops.rooms.models.decoration import Hat, RoomCard, WornHat
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
    "Hat",
    "PrivateMessages",
    "Room",
    "RoomCard",
    "RoomOptions",
    "RoomPolicy",
    "Template",
    "Tombstone",
    "VisitorsMessages",
    "WhoSeesJids",
    "WornHat",
    "validate_room_name",
]
