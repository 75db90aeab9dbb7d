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
    "PrivateMessages",
    "Room",
    "RoomOptions",
    "VisitorsMessages",
    "WhoSeesJids",
    "validate_room_name",
]
