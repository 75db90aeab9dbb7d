"""Rooms in the browser."""

from chatops.rooms.admin import decoration, rooms, rules

__all__ = ["decoration", "rooms", "rules"]
