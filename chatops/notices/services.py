"""Notices: one message, many deliveries. Composed, sent in chunks by jobs, followed."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Case, Count, F, Max, Q, QuerySet, SmallIntegerField, Value, When
from django.utils import timezone

from chatops.accounts.models import User
from chatops.archive.models import Kind, Message
from chatops.audit.services import Actor, record
from chatops.core.ids import first_at, new_id
from chatops.core.jobs import enqueue
from chatops.core.live import bell, ring
from chatops.delivery.models import Delivery, State
from chatops.delivery.retries import Allowance
from chatops.delivery.services import queue, withdraw
from chatops.notices.audiences import MOST_ON_LIST, ListTooLong, audience_of
from chatops.notices.models import MOST_ATTEMPTS, MOST_DAYS, Audience, Notice, Recipient
from chatops.notices.stanzas import notice_xml
from chatops.rooms.models import Room
from chatops.xmpp.errors import NotAcceptable, NotAllowed
from chatops.xmpp.text import fit_for_xml

CHUNK = 500
SEND = "notices.send_chunk"
# A notice that has come no further for so long has lost its job.
STUCK_SECONDS = 10
# A delivery's state, where what has failed is worth less than what still waits.
_STANDING = Case(
    When(state__gte=State.FAILED, then=0), default=F("state"), output_field=SmallIntegerField()
)


@bell
class NoticeWanted:
    """A process that does not know who is online asks the service to start a notice."""

    notice_id: int
    command: str


@bell
class NoticeStarted:
    """A notice is to be sent; who hears it has a job begin."""

    notice_id: int


@bell
class NoticeMoved:
    """A notice has come further: whoever looks at it sees so."""

    notice_id: int


class NothingToSay(NotAcceptable):
    """A notice needs a text."""


class TooMuch(NotAcceptable):
    """That is more than a notice can have."""


class NobodyToTell(NotAcceptable):
    """The audience is empty."""


class EverybodyConfirmed(NotAcceptable):
    """Everybody has confirmed it, or will get it at the next login."""


class AlreadyStarted(NotAllowed):
    """This notice has been sent already."""


class NotSent(NotAllowed):
    """Only a notice that has been sent can be cancelled."""


def compose(
    *,
    by: Actor,
    body: str,
    subject: str = "",
    audience: str = Audience.ALL,
    room: Room | None = None,
    addresses: str = "",
    wants_receipt: bool = True,
    lifetime_days: int | None = None,
    attempts: int | None = None,
) -> Notice:
    """A new draft. Raises NothingToSay, TooMuch, and what `audience_of` raises of rooms and lists.

    How long and how often it is offered are the service's settings where they are None.
    """
    return _written(
        Notice(
            subject=subject,
            body=body,
            audience=audience,
            room=room,
            addresses=addresses,
            wants_receipt=wants_receipt,
            lifetime_days=lifetime_days,
            attempts=attempts,
            created_by_id=by.user_id,
        ),
        "notice.compose",
        by,
    )


@transaction.atomic
def revise(notice: Notice, *, by: Actor) -> Notice:
    """Keep a draft as it reads now. Raises AlreadyStarted, and what `compose` raises."""
    _must_be_draft(notice)
    return _written(notice, "notice.change", by)


@transaction.atomic
def _written(notice: Notice, action: str, by: Actor) -> Notice:
    notice.subject = " ".join(fit_for_xml(notice.subject).split())[:200]
    notice.body = fit_for_xml(notice.body)
    if not notice.body.strip():
        raise NothingToSay
    if not 0 <= (notice.lifetime_days or 0) <= MOST_DAYS:
        raise TooMuch(f"The lifetime is 0 to {MOST_DAYS:,} days.")
    if not 0 <= (notice.attempts or 0) <= MOST_ATTEMPTS:
        raise TooMuch(f"The attempts are 0 to {MOST_ATTEMPTS:,}.")
    if notice.audience in (Audience.ROOM, Audience.LIST):
        audience_of(notice)
    notice.save()
    record(by, action, f"notice {notice.pk}", subject=notice.subject, audience=notice.audience)
    return notice


@transaction.atomic
def remove(notice: Notice, *, by: Actor) -> None:
    """Throw a draft away. Raises AlreadyStarted."""
    _must_be_draft(notice)
    record(by, "notice.remove", f"notice {notice.pk}", subject=notice.subject)
    notice.delete()


def _must_be_draft(notice: Notice) -> None:
    drafts = Notice.objects.select_for_update().filter(state=Notice.State.DRAFT)
    if not drafts.filter(pk=notice.pk).exists():
        raise AlreadyStarted


@transaction.atomic
def start(notice: Notice, *, by: Actor) -> Notice:
    """Freeze the audience and begin to send.

    Raises AlreadyStarted, NobodyToTell and what `audience_of` raises.
    """
    claimed = Notice.objects.filter(pk=notice.pk, state=Notice.State.DRAFT).update(
        state=Notice.State.SENDING, started_at=timezone.now()
    )
    if not claimed:
        raise AlreadyStarted
    notice.refresh_from_db()
    count = _freeze(notice, audience_of(notice))
    if not count:
        raise NobodyToTell
    notice.message_id = _message(notice).pk
    notice.save(update_fields=["message_id"])
    record(by, "notice.send", f"notice {notice.pk}", people=count, subject=notice.subject)
    ring(NoticeStarted(notice.pk))
    return notice


def _freeze(notice: Notice, people: "QuerySet[User]") -> int:
    """Write down who they are, in one statement: other writers wait meanwhile."""
    rows = people.order_by().values_list(
        Value(notice.pk),
        "pk",
        Value(False),  # noqa: FBT003 - a column's value
    )
    try:
        sql, values = rows.query.sql_with_params()
    except EmptyResultSet:  # nobody is online, or the list has nobody's name
        return 0
    names = ("notice_id", "user_id", "handed_over")
    columns = ", ".join(connection.ops.quote_name(name) for name in names)
    table = connection.ops.quote_name(Recipient._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) {sql}", values)
        return int(cursor.rowcount)


def ask_to_start(notice: Notice, *, command: str) -> None:
    """Have the running service start it, which knows who is online."""
    ring(NoticeWanted(notice.pk, command))


def start_as_asked(notice_id: int, *, command: str) -> None:
    """What a command asked for; a draft that is for nobody is thrown away. Raises Refused."""
    notice = Notice.objects.filter(pk=notice_id, state=Notice.State.DRAFT).first()
    if notice is None:  # it was not waited for, or two services were asked
        return
    by = Actor.command(command)
    try:
        start(notice, by=by)
    except NobodyToTell:
        remove(notice, by=by)


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


@transaction.atomic
def send_chunk(notice_id: int) -> None:
    """Hand the next recipients to the delivery ledger, and come back until all are.

    Safe to run twice, at once, and after a crash: a recipient is marked in the transaction that
    owes the message to it.
    """
    sending = Notice.objects.select_for_update().filter(state=Notice.State.SENDING)
    notice = sending.filter(pk=notice_id).first()
    if notice is None or notice.message_id is None:
        return
    waiting = Recipient.objects.filter(notice=notice, handed_over=False).order_by("pk")
    rows = list(waiting.values_list("pk", "user_id")[:CHUNK])
    if rows:
        Recipient.objects.filter(pk__in=[pk for pk, _ in rows]).update(handed_over=True)
        people = [user_id for _, user_id in rows]
        queue(notice.message_id, user_ids=people, allowance=_allowance(notice))
        enqueue(SEND, notice_id)
    else:
        notice.state, notice.finished_at = Notice.State.SENT, timezone.now()
        notice.save(update_fields=["state", "finished_at"])
    ring(NoticeMoved(notice.pk))


@transaction.atomic
def cancel(notice: Notice, *, by: Actor) -> None:
    """Stop sending, and take back what waits for the absent. Raises NotSent."""
    notice = Notice.objects.select_for_update().get(pk=notice.pk)
    if notice.state not in (Notice.State.SENDING, Notice.State.SENT) or notice.message_id is None:
        raise NotSent
    notice.state, notice.finished_at = Notice.State.CANCELLED, timezone.now()
    notice.save(update_fields=["state", "finished_at"])
    taken_back = withdraw(notice.message_id, detail="an administrator, who cancelled the notice")
    record(by, "notice.cancel", f"notice {notice.pk}", taken_back=taken_back)
    ring(NoticeMoved(notice.pk))


def sweep() -> int:
    """Take up notices whose jobs were lost; returns how many there are."""
    moment = timezone.now() - timedelta(seconds=STUCK_SECONDS)
    stuck = [
        notice.pk
        for notice in Notice.objects.filter(state=Notice.State.SENDING, started_at__lt=moment)
        if not Delivery.objects.filter(message=notice.message_id, pk__gte=first_at(moment)).exists()
    ]
    for notice_id in stuck:
        enqueue(SEND, notice_id)
    return len(stuck)


def progress(notice: Notice) -> dict[str, int]:
    """How many recipients are how far: each counts by the best of its devices."""
    total = Recipient.objects.filter(notice=notice).count()
    counts = dict.fromkeys(("queued", "sent", "confirmed", "displayed", "failed"), 0)
    if notice.message_id is not None:
        counts = _by_recipient(notice.message_id).aggregate(
            queued=Count("best", filter=Q(best__in=(State.STORED, State.QUEUED))),
            sent=Count("best", filter=Q(best=State.SENT)),
            confirmed=Count("best", filter=Q(best__in=(State.CONFIRMED, State.DISPLAYED))),
            displayed=Count("best", filter=Q(best=State.DISPLAYED)),
            failed=Count("best", filter=Q(best=0)),
        )
    known = sum(counts[each] for each in ("queued", "sent", "confirmed", "failed"))
    return {"total": total, **counts, "waiting": max(0, total - known)}


def _by_recipient(message_id: int) -> "QuerySet[Delivery, Any]":
    """The best that any device of each recipient has come to; 0 where all have failed."""
    return (
        Delivery.objects.of_message(message_id)
        .order_by()
        .values("recipient")
        .annotate(best=Max(_STANDING))
    )


@transaction.atomic
def again(notice: Notice, *, by: Actor) -> Notice:
    """A draft with the same words for those who were sent it and have not confirmed.

    Who is absent is not among them: the first copy still waits. Raises EverybodyConfirmed,
    ListTooLong.
    """
    if notice.message_id is None:
        raise EverybodyConfirmed
    missing = _by_recipient(notice.message_id).filter(Q(best__in=(0, State.SENT)))
    names = list(
        User.objects.filter(pk__in=missing.values("recipient"), is_active=True)
        .order_by("username")
        .values_list("username", flat=True)[: MOST_ON_LIST + 1]
    )
    if not names:
        raise EverybodyConfirmed
    if len(names) > MOST_ON_LIST:
        raise ListTooLong(f"More than {MOST_ON_LIST:,} have not confirmed: send a new notice.")
    return compose(
        by=by,
        body=notice.body,
        subject=notice.subject,
        audience=Audience.LIST,
        addresses="\n".join(names),
        wants_receipt=notice.wants_receipt,
        lifetime_days=notice.lifetime_days,
        attempts=notice.attempts,
    )


def _allowance(notice: Notice) -> Allowance:
    return Allowance(attempts=notice.attempts, lifetime_days=notice.lifetime_days)


def hand_to_jobs(notice_id: int) -> None:
    """Have a worker begin; called where the broker is."""
    enqueue(SEND, notice_id)


@transaction.atomic
def send_test(notice: Notice, *, user_id: int, by: Actor) -> None:
    """One copy to one person, before anybody else sees it; the draft stays a draft."""
    message = _message(notice)
    queue(message.pk, user_ids=[user_id], allowance=_allowance(notice))
    record(by, "notice.test", f"notice {notice.pk}")
