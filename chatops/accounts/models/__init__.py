"""The tables of people; each kind of thing in a module of its own."""

from chatops.accounts.models.people import Device, DeviceQuerySet, User, UserManager

__all__ = ["Device", "DeviceQuerySet", "User", "UserManager"]
