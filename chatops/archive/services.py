"""Whose archives there are, and pages of them."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from chatops.archive.models import Archive, Entry, Message, Passing
from chatops.audit.models import Entry as Noted
from chatops.audit.services import Actor, record
from chatops.core.ids import first_at, last_at
from chatops.xmpp.errors import NotFound, TooMuch

_ids: dict[str, int] = {}
_lock = threading.Lock()
REMEMBERED = 100_000
MOST_IDS = 500
READ = "archive.read"  # in the audit trail
COUNTED = 5_000  # results beyond this are not counted: it would cost more than it tells


def cached_archive_id(jid: str) -> int | None:
    """The archive's key, if memory has it; for the hot path."""
    return _ids.get(jid)


def archive_id(jid: str) -> int:
    """The key of the archive of that bare JID, made where there was none."""
    archive, _ = Archive.objects.get_or_create(jid=jid)
    with _lock:
        if len(_ids) >= REMEMBERED:
            _ids.clear()
        _ids[jid] = archive.pk
    return archive.pk


def close(jid: str, *, at: datetime) -> None:
    """What was kept for that address stays, and is not that address's any more."""
    end = f" until {at.isoformat(timespec='microseconds')}"
    longest = Archive._meta.get_field("jid").max_length or 0
    Archive.objects.filter(jid=jid).update(jid=jid[: longest - len(end)] + end)
    transaction.on_commit(partial(forget, jid))


def forget(jid: str) -> None:
    """The address has another archive now, or none."""
    with _lock:
        _ids.pop(jid, None)


@dataclass(frozen=True, slots=True)
class ArchiveQuery:
    """What somebody looks for in an archive (XEP-0313 section 4); ids are ours."""

    peer: str = ""  # bare or full JID
    start: datetime | None = None
    end: datetime | None = None
    after_id: int | None = None
    before_id: int | None = None
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """One message of a page."""

    id: int
    xml: str
    sender: str = ""  # the full JID behind it


@dataclass(frozen=True, slots=True)
class Page:
    """A page in chronological order; `complete` if nothing lies beyond it in its direction."""

    messages: list[Kept]
    complete: bool
    count: int | None


class NoSuchMessage(NotFound):
    """No message of that id is in this archive."""


class TooManyIds(TooMuch):
    """A query may name five hundred messages at most."""


def page(
    *,
    owner: str,
    query: ArchiveQuery,
    most: int,
    after: int | None = None,
    before: int | None = None,
    backwards: bool = False,
) -> Page:
    """A page of somebody's archive by key: the first `most` after an id, or the last before one.

    Raises NoSuchMessage if an id that the query names is not in the archive. Only what begins at an
    end of the archive is counted; a page of no messages at all is asked for to get the exact count.
    """
    archive = archive_id(owner)
    _must_be_there(archive, {query.after_id, query.before_id, after, before, *(query.ids or ())})
    found = _matching(archive, query)
    count = None
    if most == 0:
        count = found.count()
    elif after is None and before is None:
        count = found[: COUNTED + 1].count()
    if after is not None:
        found = found.filter(message_id__gt=after)
    if before is not None:
        found = found.filter(message_id__lt=before)
    order = "-message_id" if backwards else "message_id"
    columns = ("message_id", "message__xml", "message__sender")
    rows = list(found.order_by(order).values_list(*columns)[: most + 1])
    complete = len(rows) <= most
    messages = [Kept(*row) for row in rows[:most]]
    if backwards:
        messages.reverse()
    return Page(messages, complete, None if most and count and count > COUNTED else count)


def ends(*, owner: str, since: datetime | None = None) -> tuple[int, int] | None:
    """The oldest and the newest id of an archive (its metadata); None where it is empty.

    Without what is older than `since`.
    """
    found = Entry.objects.filter(archive=archive_id(owner)).order_by("message_id")
    if since is not None:
        found = found.filter(message_id__gte=first_at(since))
    ids = found.values_list("message_id", flat=True)
    oldest, newest = ids.first(), ids.last()
    return None if oldest is None or newest is None else (oldest, newest)


@dataclass(frozen=True, slots=True)
class Talk:
    """Some of a conversation in chronological order, and whether there is more on either side."""

    messages: list[Message]
    older: bool
    newer: bool


def conversation(
    *,
    one: str,
    other: str,
    most: int,
    before: int | None = None,
    after: int | None = None,
    at: int | None = None,
) -> Talk:
    """What two said to each other, or (`one` being '') what was said in the room `other`.

    The newest of it, or what lies before, after or around an id.
    """
    found = _said(one, other)
    if at is not None:
        half = most // 2
        older = list(found.filter(pk__lte=at).order_by("-pk")[: half + 1])
        newer = list(found.filter(pk__gt=at).order_by("pk")[: half + 1])
        return Talk(older[:half][::-1] + newer[:half], len(older) > half, len(newer) > half)
    if after is not None:
        rows = list(found.filter(pk__gt=after).order_by("pk")[: most + 1])
        return Talk(rows[:most], older=True, newer=len(rows) > most)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: most + 1])
    return Talk(rows[:most][::-1], older=len(rows) > most, newer=before is not None)


def _said(one: str, other: str) -> "models.QuerySet[Message]":
    """By the archive of one of them, along its index; what no archive has, by its addresses."""
    if not one:
        return Message.objects.filter(entries__archive__jid=other)
    for owner, peer in ((one, other), (other, one)):
        entries = Entry.objects.filter(archive__jid=owner, peer=peer)
        if entries.exists():
            return Message.objects.filter(entries__archive__jid=owner, entries__peer=peer)
    return Message.objects.filter(
        Q(sender_bare=one, recipient_bare=other) | Q(sender_bare=other, recipient_bare=one)
    )


def last_of(*, sender: str, recipient: str, stanza_id: str) -> Kept | None:
    """The newest message from one bare JID to another with that id of the client's, if not gone."""
    found = Message.objects.filter(
        sender_bare=sender, recipient_bare=recipient, stanza_id=stanza_id, retracted_at=None
    )
    row = found.order_by("-id").values_list("id", "xml").first()
    return Kept(*row) if row is not None else None


def in_archive(*, archive: int, message_id: int) -> Message | None:
    """One message of an archive."""
    return Message.objects.filter(entries__archive=archive, pk=message_id).first()


@transaction.atomic
def bury(message_id: int, *, tombstone: str, by: str) -> None:
    """Leave nothing of a message but that it was there (XEP-0424 section 5).

    `tombstone` is what archives, histories and queues have of it from now on.
    """
    Message.objects.filter(pk=message_id, retracted_at=None).update(
        xml=tombstone, body="", thread="", retracted_at=timezone.now(), retracted_by=by
    )


@transaction.atomic
def empty(message_ids: Sequence[int]) -> None:
    """Let go of what messages said that were to be kept no longer than until they arrived."""
    Message.objects.filter(pk__in=message_ids).update(xml="", body="", thread="")
    Passing.objects.filter(message__in=message_ids).delete()


def note_reading(actor: Actor, message_id: int) -> None:
    """Note that somebody read one message; a page that is looked at for an hour notes it once."""
    target = f"message {message_id}"
    lately = Noted.objects.filter(
        actor_name=actor.name,
        action=READ,
        target=target,
        at__gte=timezone.now() - timedelta(hours=1),
    )
    if not lately.exists():
        record(actor, READ, target)


def _matching(archive: int, query: ArchiveQuery) -> "models.QuerySet[Entry]":
    found = Entry.objects.filter(archive=archive)
    if query.peer:
        bare, _, resource = query.peer.partition("/")
        found = found.filter(peer=bare)
        if resource:
            found = found.filter(Q(message__sender=query.peer) | Q(message__recipient=query.peer))
    if query.start is not None:
        found = found.filter(message_id__gte=first_at(query.start))
    if query.end is not None:
        found = found.filter(message_id__lte=last_at(query.end))
    if query.after_id is not None:
        found = found.filter(message_id__gt=query.after_id)
    if query.before_id is not None:
        found = found.filter(message_id__lt=query.before_id)
    if query.ids is not None:
        found = found.filter(message__in=query.ids)
    return found


def _must_be_there(archive: int, named: set[int | None]) -> None:
    """All ids that a query names; beyond what a page may hold, they are too many."""
    wanted = {each for each in named if each is not None}
    if len(wanted) > MOST_IDS:
        raise TooManyIds
    if wanted and Entry.objects.filter(archive=archive, message__in=wanted).count() < len(wanted):
        raise NoSuchMessage
