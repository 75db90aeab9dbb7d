"""What may happen to rooms, whichever door it comes through: one transaction, one line of audit."""

from chatops.rooms.services.ground import (
    HOST,
    NicknameReserved,
    NoSuchRoom,
    RoomThere,
    bare,
    shown_name,
)
from chatops.rooms.services.people import (
    RankChange,
    forget_person,
    register,
    set_affiliation,
    set_affiliations,
    unregister,
)
from chatops.rooms.services.rooms import configure, create, destroy, vanish, vanish_older
from chatops.rooms.services.talk import give_role, note_role, say, set_subject

__all__ = [
    "HOST",
    "NicknameReserved",
    "NoSuchRoom",
    "RankChange",
    "RoomThere",
    "bare",
    "configure",
    "create",
    "destroy",
    "forget_person",
    "give_role",
    "note_role",
    "register",
    "say",
    "set_affiliation",
    "set_affiliations",
    "set_subject",
    "shown_name",
    "unregister",
    "vanish",
    "vanish_older",
]
