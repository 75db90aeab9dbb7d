"""What may happen to push registrations (XEP-0357)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from chatops.accounts.models import User
from chatops.audit.services import Actor, record
from chatops.contacts.models import SubscriptionRequest
from chatops.core.limits import Limit
from chatops.core.live import bell, ring
from chatops.delivery.models import Delivery, Event, EventKind, State
from chatops.push.models import Discretion, Registration
from chatops.xmpp.errors import NotAllowed, TooMuch

LONGEST_ADDRESS = 2_000  # bytes of address and node together: what an index can hold
LONGEST_OPTIONS = 4_096  # characters of all publish options
MOST_MISSED = 100  # queued messages of one person that are looked at

REGISTRATIONS = Limit(
    "CHATOPS_MAX_PUSH_REGISTRATIONS",
    "registrations",
    "App servers that hear what one person's devices miss (XEP-0357).",
    "policy-violation",
)


class TooManyRegistrations(TooMuch):
    """You have as many push registrations as you may have."""


class TooLong(TooMuch):
    """The address, the node or the publish options are too long."""


class NotBroken(NotAllowed):
    """It works already."""


@bell
class RegistrationsChanged:
    """Somebody's registrations are other ones now."""

    user_id: int
    bare: str


@dataclass(frozen=True, slots=True)
class Enabled:
    """One registration, as the loop works with it."""

    id: int
    user_id: int
    bare: str
    jid: str
    node: str
    options: Mapping[str, Sequence[str]]
    device_id: int | None
    enabled_at: datetime
    waiting: int
    failures: int
    broken: bool
    discreet: bool = False  # its owner wants numbers alone to be told


@dataclass(frozen=True, slots=True)
class Missed:
    """A message that waits in somebody's queue, and the devices that were notified of it."""

    user_id: int
    message_id: int
    sender: str
    xml: str
    notified: frozenset[int]  # 0 stands for a device that is gone


def enabled(*, user_id: int | None = None) -> Iterator[Enabled]:
    """All registrations, or one person's, oldest first; suspended people are told nothing."""
    active = Registration.objects.filter(user__is_active=True)
    found = active.select_related("user__push_discretion").order_by("id")
    if user_id is not None:
        found = found.filter(user=user_id)
    for row in found.iterator(500):
        yield Enabled(
            row.pk,
            row.user_id,
            row.user.jid,
            row.jid,
            row.node,
            row.options,
            row.device_id,
            row.enabled_at,
            row.waiting,
            row.failures,
            row.broken,
            hasattr(row.user, "push_discretion"),
        )


@transaction.atomic
def enable(
    *,
    user_id: int,
    jid: str,
    node: str,
    options: Mapping[str, Sequence[str]] | None = None,
    device_id: int | None = None,
) -> None:
    """Have an app server told; what was enabled before gets these options (section 5).

    Where there are too many, broken ones make room. Raises TooManyRegistrations or TooLong.
    """
    values = {name: list(given) for name, given in (options or {}).items()}
    length = sum(len(name) + sum(map(len, given)) for name, given in values.items())
    if len(jid.encode()) + len(node.encode()) > LONGEST_ADDRESS or length > LONGEST_OPTIONS:
        raise TooLong
    user = User.objects.select_for_update().get(pk=user_id)
    Registration.objects.update_or_create(
        user=user,
        jid=jid,
        node=node,
        defaults={
            "options": values,
            "device_id": device_id,
            "enabled_at": timezone.now(),
            "failures": 0,
            "error": "",
            "broken": False,
        },
    )
    _make_room(user)
    ring(RegistrationsChanged(user.pk, user.jid))


def _make_room(user: User) -> None:
    mine = Registration.objects.filter(user=user)
    count = mine.count()
    if not 0 < REGISTRATIONS.value < count:
        return
    if REGISTRATIONS.is_exceeded_by(mine.in_use().count()):
        raise TooManyRegistrations
    surplus = mine.filter(broken=True).order_by("id")[: count - REGISTRATIONS.value]
    Registration.objects.filter(pk__in=[row.pk for row in surplus]).delete()


@transaction.atomic
def disable(*, user_id: int, jid: str, node: str | None = None) -> int:
    """No longer tell an app server: of that node, or of all (section 6). Returns how many."""
    found = Registration.objects.filter(user=user_id, jid=jid)
    if node is not None:
        found = found.filter(node=node)
    count, _ = found.delete()
    if count:
        user = User.objects.get(pk=user_id)
        ring(RegistrationsChanged(user.pk, user.jid))
    return count


@transaction.atomic
def remove(registration: Registration, *, by: Actor) -> None:
    """Take a registration away in the browser; the client is not told. Takes effect at once."""
    user, device = registration.user, registration.device
    record(
        by, "push.remove", user, server=registration.jid, device=device.resource if device else ""
    )
    registration.delete()
    ring(RegistrationsChanged(user.pk, user.jid))


@transaction.atomic
def use_again(registration: Registration, *, by: Actor) -> None:
    """Give a broken one another chance (section 7.1). Raises NotBroken."""
    row = Registration.objects.select_for_update().select_related("user").get(pk=registration.pk)
    if not row.broken:
        raise NotBroken
    row.broken, row.failures, row.error, row.enabled_at = False, 0, "", timezone.now()
    row.save(update_fields=["broken", "failures", "error", "enabled_at"])
    record(by, "push.again", row.user, server=row.jid)
    ring(RegistrationsChanged(row.user.pk, row.user.jid))


@transaction.atomic
def set_discreet(user: User, *, discreet: bool, by: Actor) -> None:
    """Let app servers hear numbers alone, or as much as the administrator wants (section 9)."""
    if discreet:
        _, changed = Discretion.objects.get_or_create(user=user)
    else:
        changed = bool(Discretion.objects.filter(user=user).delete()[0])
    if changed:
        record(by, "push.discreet", user, discreet=discreet)
        ring(RegistrationsChanged(user.pk, user.jid))


def missed(*, user_ids: Collection[int]) -> list[Missed]:
    """What waits for these people, the newest of each, in the order of acceptance."""
    found: list[Missed] = []
    for user_id in user_ids:
        queued = Delivery.objects.queued_for(user_id).select_related("message")
        rows = list(queued.order_by("-message_id")[:MOST_MISSED])[::-1]
        told: dict[int, set[int]] = {}
        events = Event.objects.filter(
            message_id__in=[row.message_id for row in rows],
            recipient=user_id,
            kind=EventKind.NOTIFIED,
        )
        for message_id, device_id in events.values_list("message_id", "device_id"):
            told.setdefault(message_id, set()).add(device_id or 0)
        found.extend(
            Missed(
                user_id,
                row.message_id,
                row.message.sender,
                row.message.xml,
                frozenset(told.get(row.message_id, ())),
            )
            for row in rows
            if row.message.xml
        )
    return found


def waiting_people() -> list[int]:
    """Who has both registrations that are in use and messages that wait."""
    queued = Delivery.objects.filter(owed=True, state=State.QUEUED)
    people = Registration.objects.in_use().filter(Exists(queued.filter(recipient=OuterRef("user"))))
    return sorted(set(people.values_list("user_id", flat=True)))


def count_requests(*, user_id: int) -> int:
    """How many subscription requests wait for somebody's answer."""
    return SubscriptionRequest.objects.filter(user=user_id).count()
