"""The tables of people; each kind of thing in a module of its own."""

from chatops.accounts.models.keeping import ClientSoftware, PrivateData, VCard
from chatops.accounts.models.people import Device, DeviceQuerySet, User, UserManager

__all__ = [
    "ClientSoftware",
    "Device",
    "DeviceQuerySet",
    "PrivateData",
    "User",
    "UserManager",
    "VCard",
]
