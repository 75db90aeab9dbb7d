"""What a login is checked against, and what is remembered of it."""

from dataclasses import dataclass

from django.utils import timezone

from chatops.accounts.models import Device, User
from chatops.accounts.services.refusals import NoSuchAccount
from chatops.xmpp.sasl.scram import ScramRecord


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a login is checked against."""

    user_id: int
    username: str
    is_active: bool
    record: ScramRecord


def credentials_of(*, username: str) -> Credentials | None:
    """The login of an account; None where there is none, or none with a password."""
    row = User.objects.filter(username=username).values_list("pk", "is_active", "password").first()
    if row is None:
        return None
    try:
        return Credentials(row[0], username, row[1], ScramRecord.decode(row[2]))
    except ValueError:
        return None


def note_logout(*, user_id: int, device_id: int, status: str = "") -> None:
    """Remember until when a device, and so its owner, was there, and with which words it went."""
    now = timezone.now()
    longest = User._meta.get_field("last_status").max_length
    Device.objects.filter(pk=device_id).update(last_seen=now)
    User.objects.filter(pk=user_id).update(last_seen=now, last_status=status[:longest])


def absence_of(*, username: str) -> tuple[int, str]:
    """Since how many seconds somebody is gone, and the words of the last device that went.

    Who never was there is gone since the account was made.
    """
    found = User.objects.filter(username=username)
    row = found.values_list("last_seen", "date_joined", "last_status").first()
    if row is None:
        raise NoSuchAccount
    last_seen, joined, status = row
    return max(0, int((timezone.now() - (last_seen or joined)).total_seconds())), status
