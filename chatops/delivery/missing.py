"""What one device of an account has not got: what it is offered when it comes, and what it is not.

Nothing is written when a message passes a device by: a device that comes is compared with the
others, along the index of its account's deliveries.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Self, TypeAlias

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from chatops.accounts.models import Device
from chatops.archive.models import Archive, Entry, Kind, Message, Passing
from chatops.archive.policies import worth_tracking
from chatops.core.ids import first_at, new_id
from chatops.core.limits import Limit
from chatops.delivery import retries
from chatops.delivery.copies import HAS_IT, OPEN, twins
from chatops.delivery.events import append, append_for
from chatops.delivery.models import NODE, CopiesGot, Delivery, Event, EventKind, State
from chatops.delivery.services import Owed
from chatops.xmpp.content import NO_COPY, PRIVATE
from chatops.xmpp.elements import parse, tag_of
from chatops.xmpp.names import MUC_USER

USUAL_HOURS = 72  # that pages look back where nothing is offered again

MOST = Limit(
    "CHATOPS_MAX_CATCH_UP",
    "messages",
    "Messages that a device is offered when it comes, because other devices of its account got them"
    " while it was away: the newest. Older ones are in the archive.",
    "none",
)

_KINDS = (Kind.CHAT, Kind.NORMAL)
_PASSED_ON = (State.STORED, State.SENT, State.CONFIRMED, State.DISPLAYED)
_ROOM, _INVITE = f"{{{MUC_USER}}}x", f"{{{MUC_USER}}}x/{{{MUC_USER}}}invite"
_TYPES = {Kind.CHAT: "chat", Kind.NORMAL: "normal"}
_ID = Struct(">q")

Messages: TypeAlias = Iterator[Message]


@dataclass(frozen=True, slots=True)
class Comer:
    """A device, and what decides on what it has not got."""

    device_id: int
    user_id: int
    bare: str
    resource: str
    since: int  # an id: what is older is not offered to it
    wants_copies: bool
    # An id: what the account's archive has from before, it has read there. 0 where it reads none.
    read_until: int = 0

    @classmethod
    def of(cls, device: Device, *, online_since: float = 0) -> Self:
        """A device, logged in since then (time.time()), or as it was when it went."""
        last_here = datetime.fromtimestamp(online_since, UTC) if online_since else device.last_seen
        return cls(
            device.pk,
            device.user_id,
            device.user.jid,
            device.resource,
            first_at(max(device.first_seen, timezone.now() - looking_back())),
            device.wants_copies,
            first_at(last_here) if device.reads_archive else 0,
        )


@dataclass(frozen=True, slots=True)
class Missed:
    """A message that a device has not got."""

    message_id: int
    sender: str


def is_on() -> bool:
    """Whether devices are offered what others have got."""
    return bool(settings.CHATOPS_CATCH_UP_HOURS > 0)


def looking_back() -> timedelta:
    """How far."""
    return timedelta(hours=settings.CHATOPS_CATCH_UP_HOURS or USUAL_HOURS)


def missed_by(*, device_id: int, online_since: float, first: int = 0) -> list[Missed]:
    """What a device is to be offered that comes now, the oldest first; `online_since`: time().

    `first`: only what has that id, or a later one.
    """
    device = Device.objects.select_related("user").filter(pk=device_id).first()
    if device is None:
        return []
    comer = Comer.of(device, online_since=online_since)
    comer = replace(comer, since=max(comer.since, first))
    most = MOST.value or None
    found: list[Missed] = []
    for message in _concerning(comer, _to_offer(comer)):
        if most is not None and MOST.is_exceeded_by(len(found) + 1):
            break
        found.append(Missed(message.pk, message.sender))
    return found[::-1]


@transaction.atomic
def offer(*, device_id: int, online_since: float, message_ids: Collection[int]) -> list[Owed]:
    """Take missed messages for a device that is there, oldest first: they are on their way to it.

    What has found another way there since is left out.
    """
    device = Device.objects.select_related("user").get(pk=device_id)
    comer = Comer.of(device, online_since=online_since)
    messages = list(_to_offer(comer).filter(pk__in=message_ids).order_by("pk"))
    events = append(_event(each.pk, comer, EventKind.CAUGHT_UP) for each in messages)
    known = Delivery.objects.filter(
        recipient=comer.user_id, device=device_id, message__in=message_ids, state=State.MISSED
    )
    rows = {row.message_id: row for row in known.select_for_update()}
    fresh: list[Delivery] = []
    owed: list[Owed] = []
    for message, event in zip(messages, events, strict=True):
        row = rows.get(message.pk)
        if row is None:
            row = Delivery(
                id=new_id(), message=message, recipient_id=comer.user_id, device_id=device_id
            )
            fresh.append(row)
        row.state, row.owed, row.changed = State.STORED, True, event.pk
        owed.append(_owed(row.pk, message))
    Delivery.objects.bulk_create(fresh)
    Delivery.objects.bulk_update(rows.values(), ["state", "owed", "changed"], batch_size=200)
    return owed


def note(copies: Sequence[Delivery], *, detail: str, tried: bool = True) -> None:
    """Devices did not get these, while others of their accounts have them.

    In the caller's transaction. `tried`: it counts as an attempt where the device was sent it.
    """
    events = append_for(copies, EventKind.MISSED, detail=detail)
    for row, event in zip(copies, events, strict=True):
        row.attempts += tried and row.state == State.SENT
        row.state, row.owed, row.due, row.changed = State.MISSED, False, 0, event.pk
    columns = ["state", "owed", "due", "changed", "attempts"]
    Delivery.objects.bulk_update(copies, columns, batch_size=200)


def not_got(device: Device, *, online_since: float = 0, before: int | None = None) -> Messages:
    """What a device has not got, the newest first; with `before`, what is older than that id."""
    comer = Comer.of(device, online_since=online_since)
    open_ones = Q(owed=True) | Q(state__in=_PASSED_ON)
    found = _lacking(comer).filter(Exists(_copies(comer).filter(open_ones)))
    return _concerning(comer, found if before is None else found.filter(pk__lt=before))


def _concerning(comer: Comer, found: "QuerySet[Message]") -> Messages:
    """Those for this device, newest first; not those of which it has a copy."""
    had: set[int] | None = None
    for message in found.order_by("-pk").iterator(chunk_size=200):
        if had is None:
            had = set(copies_got(comer.device_id, since=comer.since))
        if message.pk not in had and _is_for(comer, message):
            yield message


def _lacking(comer: Comer) -> "QuerySet[Message]":
    """What came for the account and the device has not got, nor read in its archive."""
    deliveries = Delivery.objects.filter(recipient=comer.user_id, message__gte=comer.since)
    had = twins().filter(HAS_IT, device=comer.device_id)
    found = Message.objects.filter(
        pk__in=deliveries.exclude(Exists(had)).values("message_id"),
        kind__in=_KINDS,
        retracted_at=None,
    )
    if comer.read_until:
        archive = Archive.objects.filter(jid=comer.bare).values("pk")
        read = Entry.objects.filter(archive__in=archive, message=OuterRef("pk"))
        found = found.exclude(Exists(read), pk__lt=comer.read_until)
    return found


def _to_offer(comer: Comer) -> "QuerySet[Message]":
    """What others of the account have, or are getting; what waits for all of them is queued."""
    copies = _copies(comer)
    closed = Q(owed=True, state=State.QUEUED) | Q(expires__lt=new_id())
    ended = Q(state__in=(State.FAILED, State.EXPIRED, State.DISCARDED))
    closed |= Q(OPEN | ended | _tried_often(), device=comer.device_id)
    return (
        _lacking(comer)
        .filter(Exists(copies.filter(state__in=_PASSED_ON)))
        .exclude(Exists(copies.filter(closed)))
        .exclude(Exists(Passing.objects.filter(message=OuterRef("pk"))))
        .exclude(xml="")
    )


def _tried_often() -> Q:
    """As `retries.is_last`, of rows that are not read."""
    tried = Q(most_attempts__gt=0, attempts__gte=F("most_attempts"))
    if retries.ATTEMPTS.value:
        tried |= Q(most_attempts=None, attempts__gte=retries.ATTEMPTS.value)
    return tried


def _copies(comer: Comer) -> "QuerySet[Delivery]":
    """For an Exists: what the account's devices have of the outer message."""
    return Delivery.objects.filter(message=OuterRef("pk"), recipient=comer.user_id)


def _is_for(comer: Comer, message: Message) -> bool:
    """Whether the device would have got it, had it been there.

    What is sent to one device goes to others only where they want copies, and where it may be
    copied (XEP-0280 section 6).
    """
    if not message.xml:
        return True  # its contents are gone, and it is not offered
    element = parse(message.xml.encode())
    tags = frozenset(tag_of(child) for child in element)
    if not worth_tracking(tags, _TYPES[Kind(message.kind)]):
        return False
    if _ROOM in tags and element.find(_INVITE) is None:
        return False  # what is said privately in a room is for who is inside
    addressee = message.recipient.partition("/")[2]
    if addressee in ("", comer.resource):
        return True
    return comer.wants_copies and PRIVATE not in tags and NO_COPY not in tags


def _owed(delivery_id: int, message: Message) -> Owed:
    return Owed(
        delivery_id,
        message.pk,
        message.sender,
        message.sender_bare,
        message.recipient,
        message.stanza_id,
        message.xml,
    )


def _event(message_id: int, comer: Comer, kind: EventKind) -> Event:
    return Event(
        id=new_id(),
        message_id=message_id,
        recipient_id=comer.user_id,
        device_id=comer.device_id,
        kind=kind,
        node=NODE,
    )


def copies_got(device_id: int, *, since: int) -> Iterator[int]:
    """The messages that a device got as copies, of those after an id."""
    rows = CopiesGot.objects.filter(device=device_id, pk__gte=since)
    for packed in rows.values_list("messages", flat=True).iterator():
        for (message_id,) in _ID.iter_unpack(bytes(packed)):
            yield message_id


def pack(message_ids: Sequence[int]) -> bytes:
    """As CopiesGot keeps them."""
    return b"".join(map(_ID.pack, message_ids))


def forget_copies() -> int:
    """What nobody asks for any more; returns how many rows they were."""
    old = CopiesGot.objects.filter(pk__lt=first_at(timezone.now() - looking_back()))
    count, _ = old.delete()
    return count
