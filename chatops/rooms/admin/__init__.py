"""Rooms in the browser."""

from chatops.rooms.admin import rooms

__all__ = ["rooms"]
