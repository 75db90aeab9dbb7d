"""A room's settings, each once: the clients' form, the browser's form, disco and status codes."""

from typing import Any

from chatops.rooms.models import RoomOptions
from chatops.rooms.options.catalogue import ACCESS, OPTIONS, ROLES
from chatops.rooms.options.option import Option

__all__ = ["ACCESS", "COLUMNS", "OPTIONS", "ROLES", "Option", "disco_features", "status_codes"]

COLUMNS = frozenset(option.column for option in OPTIONS)


def disco_features(room: RoomOptions) -> set[str]:
    """What disco#info says of the room's kind (section 6.4)."""
    found = {"muc_passwordprotected" if room.password else "muc_unsecured"}
    for option in OPTIONS:
        if option.disco[0]:
            found.add(option.disco[0 if option.is_on(room) else 1])
    return found


def status_codes(before: dict[str, Any], room: RoomOptions) -> list[int]:
    """The codes that tell occupants of a change (section 10.2.1)."""
    changed = [
        option for option in OPTIONS if before[option.column] != getattr(room, option.column)
    ]
    special = {
        option.codes[0 if option.is_on(room) else 1] for option in changed if option.codes[0]
    }
    general = any(not option.codes[0] for option in changed)
    return sorted(special) + ([104] if general else [])
