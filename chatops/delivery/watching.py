"""Who looks after the ledger: verifications, what came of them, and the alarm."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction

from chatops.audit.services import Actor, record
from chatops.core.ids import first_at, moment_of, new_id
from chatops.core.jobs import enqueue
from chatops.delivery import anchors
from chatops.delivery.findings import Report
from chatops.delivery.models import Verification
from chatops.delivery.verifying import verify

logger = logging.getLogger(__name__)

LEDGER = "the delivery ledger"  # as the audit trail calls it
OVERLAP = timedelta(minutes=5)  # what was being committed when the last one began
MOST_SHOWN = 100  # findings that are kept with a verification
KEEP_CLEAN = timedelta(days=7)  # verifications of a part without findings
BREATH_SECONDS = 0.02  # after so many events, so that messages are not kept waiting


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known of the ledger now."""

    last: Verification | None
    whole: Verification | None  # the last of everything
    wrong: Verification | None  # the last with findings that no clean one of everything followed


def condition() -> Condition:
    """What the verifications have found so far."""
    done = Verification.objects.order_by("-pk")
    whole = done.filter(since=0).first()
    clean = done.filter(since=0, found=0).first()
    wrong = done.filter(found__gt=0, pk__gt=clean.pk if clean else 0).first()
    return Condition(done.first(), whole, wrong)


def examine(
    *, by: Actor, since: int = 0, watch: Callable[[int], None]
) -> tuple[Verification, Report]:
    """Verify from an id on, keep what was found, and raise the alarm if it is something."""
    begun = new_id()
    report = verify(since=since, watch=watch)
    anchors.check(report)
    with transaction.atomic():
        done = Verification.objects.create(
            id=begun,
            finished=new_id(),
            since=since,
            by=by.name,
            events=report.events,
            seals=report.seals,
            anchors=report.anchors,
            heads={str(chain): list(head) for chain, head in report.heads.items()},
            found=report.found,
            findings=[finding.as_json() for finding in report.findings[:MOST_SHOWN]],
        )
        if report.found:
            sentences = [finding.sentence for finding in report.findings[:5]]
            record(by, "ledger.wrong", LEDGER, found=report.found, first=sentences)
        elif by.door != "task":
            record(by, "ledger.verify", LEDGER, events=report.events, heads=done.heads)
        old = first_at(moment_of(begun) - KEEP_CLEAN)
        Verification.objects.filter(found=0, since__gt=0, pk__lt=old).delete()
    if report.found:
        logger.error("the delivery ledger is not what was written: %d findings", report.found)
    return done, report


def look_after() -> Verification:
    """The periodic job: verify what is new, or everything when it is time, and note the heads."""
    known = condition()
    begun = moment_of(new_id())
    hours = settings.CHATOPS_LEDGER_VERIFY_HOURS
    late = known.whole is None or moment_of(known.whole.pk) < begun - timedelta(hours=hours)
    since = 0
    if known.last is not None and not (hours and late):
        since = first_at(moment_of(known.last.pk) - OVERLAP)
    done, _ = examine(by=Actor.task("delivery.look_after_ledger"), since=since, watch=_breathe)
    anchors.note_heads()
    return done


def ask_for_verification(*, by: Actor) -> None:
    """Have a job compare everything."""
    with transaction.atomic():
        record(by, "ledger.verify", LEDGER)
        enqueue("delivery.verify_ledger")


def verify_everything() -> Verification:
    """As somebody wants it who looks at the page."""
    done, _ = examine(by=Actor.task("delivery.verify_ledger"), watch=_breathe)
    return done


def _breathe(done: int) -> None:
    time.sleep(BREATH_SECONDS)
