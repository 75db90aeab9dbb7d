"""The tables of people; each kind of thing in a module of its own."""

from chatops.accounts.models.challenges import Challenge
from chatops.accounts.models.devices import Device, DeviceQuerySet
from chatops.accounts.models.failures import FailedLogin
from chatops.accounts.models.invitations import (
    MOST_USES,
    Invitation,
    InvitationQuerySet,
    InvitationUse,
)
from chatops.accounts.models.keeping import ClientSoftware, PrivateData, VCard
from chatops.accounts.models.people import User, UserManager

__all__ = [
    "MOST_USES",
    "Challenge",
    "ClientSoftware",
    "Device",
    "DeviceQuerySet",
    "FailedLogin",
    "Invitation",
    "InvitationQuerySet",
    "InvitationUse",
    "PrivateData",
    "User",
    "UserManager",
    "VCard",
]
