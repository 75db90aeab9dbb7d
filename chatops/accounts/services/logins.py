"""What a login is checked against, and what is remembered of it."""

from dataclasses import dataclass

from django.utils import timezone

from chatops.accounts.models import Device, User
from chatops.accounts.services.refusals import NoSuchAccount, Suspended
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


def note_login(*, user_id: int, resource: str, door: str) -> int:
    """Remember the device that has logged in; returns its key.

    Raises NoSuchAccount or Suspended where that happened after the password had been checked.
    """
    now = timezone.now()
    known = Device.objects.filter(user_id=user_id, resource=resource)
    row = known.values_list("pk", "user__is_active").first()
    if row is None:
        active = User.objects.filter(pk=user_id).values_list("is_active", flat=True).first()
        if active is None:
            raise NoSuchAccount
        if not active:
            raise Suspended
        made, _ = Device.objects.get_or_create(
            user_id=user_id, resource=resource, defaults={"door": door}
        )
        return made.pk
    device, active = row
    if not active:
        raise Suspended
    known.update(door=door, last_seen=now)
    return device


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


def note_client(*, device_id: int, client: str) -> None:
    """Remember what software a device runs, as it calls itself (XEP-0092)."""
    longest = Device._meta.get_field("client").max_length
    Device.objects.filter(pk=device_id).update(client=client[:longest])
