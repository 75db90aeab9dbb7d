"""What is known of the clients that people log in with, and how it is forgotten."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from django.db import transaction
from django.utils import timezone

from chatops.accounts.models import Device, User
from chatops.accounts.services.news import SessionsEnd
from chatops.accounts.services.people import may_act_on
from chatops.accounts.services.refusals import NoReason, NoSuchAccount, Outranked, Suspended
from chatops.audit.services import Actor, record
from chatops.core.live import ring

LONGEST_NAME = 200
_NEEDED = ("client", "reads_archive", "wants_copies", "user__is_active")


@dataclass(frozen=True, slots=True)
class UserAgent:
    """What a client says of its installation (XEP-0388 section 2.3)."""

    id: str = ""  # a UUID
    software: str = ""
    device: str = ""


NOBODY = UserAgent()


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device that has logged in, as the loop works with it."""

    id: int
    reads_archive: bool = False
    wants_copies: bool = False


def installation_of(*, user_id: int, agent_id: str) -> str:
    """What a device is known by: nothing that one account says finds another's device.

    A hash, since the id is the client's own affair. Not keyed: with another secret key all devices
    would be new ones; and nobody guesses the 122 random bits of a UUID.
    """
    return sha256(f"chatops.device\n{user_id}\n{agent_id}".encode()).hexdigest()


def note_login(*, user_id: int, resource: str, door: str, agent: UserAgent = NOBODY) -> KnownDevice:
    """Remember the device that has logged in.

    Raises NoSuchAccount or Suspended where that happened after the password had been checked.
    """
    key = {"installation": "", "resource": resource}
    if agent.id:
        key = {"installation": installation_of(user_id=user_id, agent_id=agent.id)}
    known = Device.objects.known().filter(user_id=user_id, **key)
    row = known.select_related("user").only(*_NEEDED).first()
    if row is None:
        _must_be_active(User.objects.filter(pk=user_id).only("is_active").first())
        row, _ = Device.objects.get_or_create(
            user_id=user_id,
            forgotten_at=None,
            **key,
            defaults={
                "resource": resource,
                "door": door,
                "name": agent.device[:LONGEST_NAME],
                "client": agent.software[:LONGEST_NAME],
            },
        )
    else:
        _must_be_active(row.user)
        fresh = {"resource": resource, "door": door, "last_seen": timezone.now()}
        if agent.device:
            fresh["name"] = agent.device[:LONGEST_NAME]
        if agent.software and not row.client:
            fresh["client"] = agent.software[:LONGEST_NAME]
        known.update(**fresh)
    return KnownDevice(row.pk, row.reads_archive, row.wants_copies)


def _must_be_active(user: User | None) -> None:
    if user is None:
        raise NoSuchAccount
    if not user.is_active:
        raise Suspended


def note_client(*, device_id: int, client: str) -> None:
    """Remember what software a device runs, as it calls itself (XEP-0092)."""
    Device.objects.filter(pk=device_id).update(client=client[:LONGEST_NAME])


def note_habit(*, device_id: int, **habits: bool) -> None:
    """Remember that a device reads its archive, or wants copies: reads_archive, wants_copies."""
    Device.objects.filter(pk=device_id).update(**habits)


Parting: TypeAlias = Callable[[Device, Actor], None]
_partings: list[Parting] = []


def on_device_forgotten(part: Parting) -> Parting:
    """Have it called, in the same transaction, when a device is forgotten."""
    _partings.append(part)
    return part


@transaction.atomic
def forget_device(device: Device, *, by: Actor, reason: str = "") -> bool:
    """Know a device no more: its session ends, and what it comes back as is a new device.

    False where it was forgotten before. Raises NoReason or Outranked.
    """
    if by.user_id != device.user_id and not reason.strip():
        raise NoReason
    if not may_act_on(device.user, user_id=by.user_id):
        raise Outranked
    known = Device.objects.known().filter(pk=device.pk).select_for_update().first()
    if known is None:
        return False
    Device.objects.filter(pk=device.pk).update(forgotten_at=timezone.now())
    for part in _partings:
        part(known, by)
    details = {"reason": reason.strip()} if reason.strip() else {}
    record(by, "device.forget", known, name=known.name, client=known.client, **details)
    text = "This device was forgotten; it may log in again, as a new one."
    ring(SessionsEnd(known.user.jid, known.resource, "policy-violation", text))
    return True
