"""Notices: one message, many deliveries. Composed, sent in chunks by jobs, followed."""

import re
from collections import Counter

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from chatops.accounts.models import User
from chatops.archive.models import Kind, Message
from chatops.audit.services import Actor, record
from chatops.core import wire
from chatops.core.ids import new_id
from chatops.core.jobs import enqueue
from chatops.core.live import bell, ring
from chatops.delivery.models import Delivery, State
from chatops.delivery.services import queue
from chatops.notices.models import Audience, Notice, Recipient
from chatops.notices.stanzas import notice_xml
from chatops.rooms.models import Affiliation
from chatops.xmpp.errors import NotAcceptable, NotAllowed

CHUNK = 500
SEND = "notices.send_chunk"


@bell
class NoticeStarted:
    """A process without jobs of its own has started a notice; the service sees to it."""

    notice_id: int


@bell
class NoticeMoved:
    """A notice has come further: whoever looks at it sees so."""

    notice_id: int


class UnknownPeople(NotAcceptable):
    """Some of the addresses on the list are nobody's."""


class NobodyToTell(NotAcceptable):
    """The audience is empty."""


class AlreadyStarted(NotAllowed):
    """This notice has been sent already."""


def audience_of(notice: Notice) -> "list[int]":
    """Primary keys of those it is for, at this moment. Raises UnknownPeople."""
    people = User.objects.filter(is_active=True)
    match notice.audience:
        case Audience.ONLINE:
            found = people.filter(pk__in=_online())
        case Audience.ROOM:
            found = people.filter(username__in=_names_in_room(notice))
        case Audience.LIST:
            found = people.filter(username__in=_names_on_list(notice.addresses))
        case _:
            found = people
    return list(found.order_by("pk").values_list("pk", flat=True))


def _online() -> set[int]:
    if not wire.running():
        return set()
    return {each.user_id for each in list(wire.wire().all_sessions()) if each.presence is not None}


def _names_in_room(notice: Notice) -> set[str]:
    """Those who have a standing with the room; a ban is none."""
    ranked = Affiliation.objects.filter(room=notice.room).exclude(rank=Affiliation.Rank.OUTCAST)
    return {jid.partition("@")[0] for jid in ranked.values_list("jid", flat=True) if _is_ours(jid)}


def _names_on_list(text: str) -> set[str]:
    wanted = {word.lower() for word in re.split(r"[\s,;]+", text) if word}
    names = {word.partition("@")[0] for word in wanted if "@" not in word or _is_ours(word)}
    known = set(User.objects.filter(username__in=names).values_list("username", flat=True))
    unknown = sorted(word for word in wanted if word.partition("@")[0] not in known)
    unknown += sorted(word for word in wanted if "@" in word and not _is_ours(word))
    if unknown:
        raise UnknownPeople(f"Nobody here has the address {', '.join(unknown[:10])}.")
    return known


def _is_ours(jid: str) -> bool:
    return jid.partition("@")[2] == settings.CHATOPS_DOMAIN


@transaction.atomic
def start(notice: Notice, *, by: Actor) -> Notice:
    """Freeze the audience and begin to send. Raises AlreadyStarted, NobodyToTell, UnknownPeople."""
    claimed = Notice.objects.filter(pk=notice.pk, state=Notice.State.DRAFT).update(
        state=Notice.State.SENDING, started_at=timezone.now()
    )
    if not claimed:
        raise AlreadyStarted
    user_ids = audience_of(notice)
    if not user_ids:
        raise NobodyToTell
    message = _message(notice)
    Notice.objects.filter(pk=notice.pk).update(message_id=message.pk)
    Recipient.objects.bulk_create(
        (Recipient(notice=notice, user_id=user_id) for user_id in user_ids), batch_size=1_000
    )
    record(by, "notice.send", f"notice {notice.pk}", people=len(user_ids), subject=notice.subject)
    ring(NoticeStarted(notice.pk))
    notice.refresh_from_db()
    return notice


def _message(notice: Notice) -> Message:
    number = new_id()
    return Message.objects.create(
        id=number,
        kind=Kind.NORMAL,
        sender=settings.CHATOPS_DOMAIN,
        recipient=f"notice {notice.pk}",
        sender_bare=settings.CHATOPS_DOMAIN,
        recipient_bare=f"notice {notice.pk}",
        stanza_id=str(number),
        body=notice.body,
        wants_receipt=notice.wants_receipt,
        xml=notice_xml(
            identifier=str(number),
            subject=notice.subject,
            body=notice.body,
            wants_receipt=notice.wants_receipt,
        ),
    )


def send_chunk(notice_id: int) -> None:
    """Hand the next recipients to the delivery ledger, and come back until all are.

    Safe to run twice, at once, and after a crash: a recipient is marked in the transaction that
    owes the message to it.
    """
    with transaction.atomic():
        notice = Notice.objects.select_for_update().get(pk=notice_id)
        if notice.state != Notice.State.SENDING or notice.message_id is None:
            return
        waiting = Recipient.objects.filter(notice=notice, handed_over=False).order_by("pk")
        rows = list(waiting.values_list("pk", "user_id")[:CHUNK])
        if not rows:
            Notice.objects.filter(pk=notice.pk).update(
                state=Notice.State.SENT, finished_at=timezone.now()
            )
            ring(NoticeMoved(notice.pk))
            return
        Recipient.objects.filter(pk__in=[pk for pk, _ in rows]).update(handed_over=True)
        queue(notice.message_id, user_ids=[user_id for _, user_id in rows])
        ring(NoticeMoved(notice.pk))
        enqueue(SEND, notice_id)


@transaction.atomic
def cancel(notice: Notice, *, by: Actor) -> None:
    """Stop sending, and take back what waits for the absent."""
    notice = Notice.objects.select_for_update().get(pk=notice.pk)
    if notice.state not in (Notice.State.SENDING, Notice.State.SENT):
        raise NotAllowed("Only a notice that has been sent can be cancelled.")
    notice.state, notice.finished_at = Notice.State.CANCELLED, timezone.now()
    notice.save(update_fields=["state", "finished_at"])
    if notice.message_id is not None:
        Delivery.objects.of_message(notice.message_id).filter(state=State.QUEUED).update(
            state=State.DISCARDED, owed=False
        )
    record(by, "notice.cancel", f"notice {notice.pk}")
    ring(NoticeMoved(notice.pk))


def sweep() -> int:
    """Take up notices whose jobs were lost; returns how many are being sent."""
    waiting = Notice.objects.filter(state=Notice.State.SENDING).values_list("pk", flat=True)
    for notice_id in waiting:
        enqueue(SEND, notice_id)
    return len(waiting)


def progress(notice: Notice) -> dict[str, int]:
    """How many recipients are how far: each counts by the best of its devices."""
    total = Recipient.objects.filter(notice=notice).count()
    best: dict[int, int] = {}
    if notice.message_id is not None:
        rows = Delivery.objects.of_message(notice.message_id).values_list("recipient", "state")
        for recipient, state in rows.annotate(Count("pk")).values_list("recipient", "state"):
            best[recipient] = max(best.get(recipient, 0), state)
    counts = Counter(best.values())
    confirmed = counts[State.CONFIRMED] + counts[State.DISPLAYED]
    return {
        "total": total,
        "queued": counts[State.QUEUED] + counts[State.STORED],
        "sent": counts[State.SENT],
        "confirmed": confirmed,
        "displayed": counts[State.DISPLAYED],
        "failed": counts[State.FAILED] + counts[State.EXPIRED] + counts[State.DISCARDED],
        "waiting": total - len(best),
    }


def hand_to_jobs(notice_id: int) -> None:
    """Have a worker begin; called where the broker is."""
    enqueue(SEND, notice_id)


@transaction.atomic
def send_test(notice: Notice, *, user_id: int, by: Actor) -> None:
    """One copy to one person, before anybody else sees it; the draft stays a draft."""
    message = _message(notice)
    queue(message.pk, user_ids=[user_id])
    record(by, "notice.test", f"notice {notice.pk}")
