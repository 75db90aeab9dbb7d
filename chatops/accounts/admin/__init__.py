"""People, what they keep here, and invitations in the console."""

from chatops.accounts.admin.failures import FailedLoginAdmin
from chatops.accounts.admin.invitations import InvitationAdmin
from chatops.accounts.admin.keeping import PrivateDataAdmin
from chatops.accounts.admin.people import GroupAdmin, PersonAdmin

__all__ = [
    "FailedLoginAdmin",
    "GroupAdmin",
    "InvitationAdmin",
    "PersonAdmin",
    "PrivateDataAdmin",
]
