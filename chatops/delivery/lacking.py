"""What a device has not got, as pages show it: message by message, and why."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from chatops.accounts.models import Device
from chatops.archive.models import Entry, Message, Passing
from chatops.core.ids import moment_of
from chatops.delivery import missing, retries
from chatops.delivery.copies import is_open, waits
from chatops.delivery.models import Delivery

PAGE = 25
MOST_COUNTED = 100


class Why(NamedTuple):
    """What becomes of it, and the badge of that."""

    label: str
    badge: str = ""


ON_ITS_WAY = Why("on its way", "co-info")
QUEUED = Why("waits for whichever device comes", "co-warn")
OFFERED = Why("is offered when the device comes", "co-info")
READ = Why("the device reads it in its archive")
GIVEN_UP = Why("given up for this device: sent too often", "co-bad")
GONE = Why("not kept any more")
OFF = Why("in the archive only: catching up is off")


@dataclass(frozen=True, slots=True)
class Lack:
    """One message."""

    message_id: int
    accepted_at: datetime
    sender: str
    why: Why


@dataclass(frozen=True, slots=True)
class LackPage:
    """Some of them, the newest first; and the id behind which there are older ones."""

    lacks: list[Lack]
    older: int | None


def page_of(device: Device, *, online_since: float = 0, before: int | None = None) -> LackPage:
    """A page of what a device has not got, or of what is older than that id."""
    found = missing.not_got(device, online_since=online_since, before=before)
    messages = list(islice(found, PAGE + 1))
    shown = messages[:PAGE]
    why = _reasons(device, shown)
    lacks = [Lack(m.pk, moment_of(m.pk), m.sender_bare, why[m.pk]) for m in shown]
    return LackPage(lacks, shown[-1].pk if len(messages) > PAGE else None)


def count_of(device: Device, *, online_since: float = 0) -> int:
    """How many they are, to one more than MOST_COUNTED."""
    found = missing.not_got(device, online_since=online_since)
    return sum(1 for _ in islice(found, MOST_COUNTED + 1))


def _reasons(device: Device, messages: Collection[Message]) -> dict[int, Why]:
    copies: dict[int, list[Delivery]] = {message.pk: [] for message in messages}
    for copy in Delivery.objects.filter(recipient=device.user_id, message__in=copies):
        copies[copy.message_id].append(copy)
    passing = set(Passing.objects.filter(message__in=copies).values_list("message_id", flat=True))
    kept: set[int] = set()
    if device.reads_archive:
        mine = Entry.objects.filter(archive__jid=device.user.jid, message__in=copies)
        kept = set(mine.values_list("message_id", flat=True))
    gone = passing | {message.pk for message in messages if not message.xml}
    return {number: _why(device, mine, number in gone, number in kept)
            for number, mine in copies.items()}  # fmt: skip


def _why(device: Device, copies: Iterable[Delivery], gone: bool, kept: bool) -> Why:  # noqa: FBT001
    own = [copy for copy in copies if copy.device_id == device.pk]
    if any(map(is_open, own)):
        return ON_ITS_WAY
    if any(map(waits, copies)):
        return QUEUED
    if any(retries.is_last(copy) for copy in own):
        return GIVEN_UP
    if gone:
        return GONE
    if kept:
        return READ
    return OFFERED if missing.is_on() else OFF
