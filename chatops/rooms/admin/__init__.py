"""Rooms in the browser."""

from chatops.rooms.admin import rooms, rules

__all__ = ["rooms", "rules"]
