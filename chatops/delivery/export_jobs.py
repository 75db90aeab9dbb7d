"""The delivery log as a file: written by a job a piece at a time, kept for a while, then removed.

What is in the file and how far the job is are set down together, the file first: after a crash it
is cut back to what the row says, and the job goes on there, so that no row comes twice.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from chatops.accounts.models import User
from chatops.archive.models import Message
from chatops.audit.services import Actor, record
from chatops.core.ids import moment_of, new_id
from chatops.core.jobs import enqueue
from chatops.core.limits import Limit
from chatops.core.live import ring
from chatops.delivery.formats import FORMATS, Row
from chatops.delivery.log import LogQuery
from chatops.delivery.models import Delivery, Event, ExportJob
from chatops.delivery.news import ExportMoved
from chatops.delivery.walking import Page, Place
from chatops.xmpp.errors import BadRequest, TooMuch

SEE, READ = "delivery.view_delivery", "archive.view_message"
CHUNK = 500  # rows; SQLite looks for fewer than a thousand messages by their ids at once
SECONDS_AT_ONCE = 5.0  # then other jobs have their turn
FORGOTTEN_SECONDS = 60  # since then nobody has worked on it: its worker is gone

EXPORTS = Limit(
    "CHATOPS_MAX_EXPORTS", "exports", "Exports of one person that are kept at a time.", "none"
)


class TooManyExports(TooMuch):
    """You have as many exports as you may keep: remove some of them."""


class UnknownFormat(BadRequest):
    """There is no such format."""


@transaction.atomic
def request(*, owner: User, by: Actor, query: LogQuery, format_name: str) -> ExportJob:
    """Have what `query` shows now written into a file."""
    if format_name not in FORMATS:
        raise UnknownFormat
    if EXPORTS.is_exceeded_by(ExportJob.objects.filter(owner=owner).count() + 1):
        raise TooManyExports
    oldest = Delivery.objects.order_by("message_id").values_list("message_id", flat=True).first()
    job = ExportJob.objects.create(
        owner=owner,
        format=format_name,
        query=query.as_json(),
        before=new_id(),
        oldest=oldest or 0,
    )
    record(by, "delivery.export", job, format=format_name, query=job.query)
    enqueue("delivery.export", job.pk)
    return job


@transaction.atomic
def remove(job: ExportJob, *, by: Actor) -> None:
    """Stop it where it is under way, and remove its file."""
    record(by, "delivery.export.remove", job, rows=job.rows)
    path, owner_id = path_of(job), job.owner_id
    job.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))
    ring(ExportMoved(owner_id))


def fetch(job: ExportJob, *, by: Actor) -> Path | None:
    """Where its file is, for one who downloads it, which is noted; None where there is none."""
    path = path_of(job)
    if job.state != ExportJob.State.DONE or not path.exists():
        return None
    record(by, "delivery.export.download", job, rows=job.rows)
    return path


def path_of(job: ExportJob) -> Path:
    return _folder() / f"{job.pk}.{job.format}"


def _folder() -> Path:
    folder: Path = settings.CHATOPS_DATA / "exports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def work(export_id: int) -> None:
    """Write on for a while; the rest is the next job's. Nothing where another is at it."""
    job = ExportJob.objects.open().select_related("owner").filter(pk=export_id).first()
    if job is None or job.format not in FORMATS:
        return
    with _file(job) as file:
        if file is None:
            return
        job.refresh_from_db()  # another may have gone on meanwhile
        if job.state != ExportJob.State.OPEN:
            return
        query = LogQuery(**job.query)
        if not _may(job.owner, query):
            _end(job, ExportJob.State.STOPPED)
            return
        file.truncate(job.bytes)
        file.seek(job.bytes)
        end = time.monotonic() + SECONDS_AT_ONCE
        while _write_chunk(job, query, file):
            if time.monotonic() > end:
                enqueue("delivery.export", job.pk)
                return


def _write_chunk(job: ExportJob, query: LogQuery, file: BinaryIO) -> bool:
    """The next rows, first into the file and then into the job; False where it is at its end."""
    form = FORMATS[job.format]
    place = Place.read(job.place) or Place(job.before, 0)
    page = query.page(size=CHUNK, older=place)
    after = _after(page)
    text = form.head if not job.bytes else ""
    text += form.rows(rows_of(page.rows), job.rows)
    if after is None:
        text += form.tail
    file.write(text.encode())
    file.flush()
    os.fsync(file.fileno())
    job.rows += len(page.rows)
    job.bytes = file.tell()
    job.place = str(after) if after else job.place
    if after is None:
        return _end(job, ExportJob.State.DONE)
    return _set_down(job)


def _after(page: Page) -> Place | None:
    if page.has_more:
        return Place.of(page.rows[-1])
    return None if page.looked_to is None else Place(page.looked_to, 0)


def _end(job: ExportJob, state: "ExportJob.State") -> bool:
    job.state = state
    job.expires_at = timezone.now() + timedelta(hours=settings.CHATOPS_EXPORT_HOURS)
    _set_down(job)
    return False


def _set_down(job: ExportJob) -> bool:
    """Keep how far it is; False where it was removed meanwhile."""
    job.touched_at = timezone.now()
    columns = ("state", "rows", "bytes", "place", "touched_at", "expires_at")
    values = {name: getattr(job, name) for name in columns}
    if not ExportJob.objects.open().filter(pk=job.pk).update(**values):
        path_of(job).unlink(missing_ok=True)
        return False
    ring(ExportMoved(job.owner_id))
    return True


def _may(owner: User, query: LogQuery) -> bool:
    """Whether he still may see what he asked for."""
    return (
        owner.is_active
        and owner.is_staff
        and owner.has_perm(SEE)
        and (not query.words or owner.has_perm(READ))
    )


@contextmanager
def _file(job: ExportJob) -> Iterator[BinaryIO | None]:
    """Its file, for its owner alone and for one worker at a time; None while another has it."""
    number = os.open(path_of(job), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(number, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file


def rows_of(deliveries: Sequence[Delivery]) -> Iterator[Row]:
    """As an export has them."""
    prefetch_related_objects(deliveries, "message")
    events = Event.objects.in_bulk({delivery.changed for delivery in deliveries})
    for each in deliveries:
        accepted, changed = moment_of(each.message_id), each.changed_at
        event = events.get(each.changed)
        yield {
            "accepted": _moment(accepted),
            "message_id": str(each.message_id),  # more digits than JavaScript's numbers have
            **_of_message(each),
            "recipient": each.recipient.jid,
            "device": each.device.resource if each.device else "",
            "state": each.get_state_display(),
            "owed": each.owed,
            "attempts": each.attempts,
            "changed": _moment(changed),
            "seconds": max(0.0, (changed - accepted).total_seconds()),
            "detail": event.detail if event else "",
        }


def _of_message(delivery: Delivery) -> dict[str, Any]:
    try:
        message = delivery.message
    except Message.DoesNotExist:  # it is kept nowhere
        return {"client_id": "", "kind": "", "sender": ""}
    return {
        "client_id": message.stanza_id,
        "kind": str(message.get_kind_display()).lower(),
        "sender": message.sender,
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sweep() -> None:
    """Have forgotten exports gone on with; remove those whose time is over, and files of none."""
    now = timezone.now()
    forgotten = now - timedelta(seconds=FORGOTTEN_SECONDS)
    for pk in (
        ExportJob.objects.open().filter(touched_at__lt=forgotten).values_list("pk", flat=True)
    ):
        enqueue("delivery.export", pk)
    for job in ExportJob.objects.filter(expires_at__lt=now):
        remove(job, by=Actor.task("delivery.sweep_exports"))
    kept = {path_of(job).name for job in ExportJob.objects.all()}
    for path in _folder().iterdir():
        old = path.stat().st_mtime < forgotten.timestamp()
        if path.name not in kept and old:
            path.unlink(missing_ok=True)
