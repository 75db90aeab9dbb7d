"""A device comes, or others are handed a queue: it is offered what they have and it has not."""

from collections.abc import Sequence

from chatops.archive.policies import worth_tracking
from chatops.contacts.privacy import guard
from chatops.contacts.rules import MESSAGE
from chatops.core.database import in_db_at_last
from chatops.core.envelope import Envelope
from chatops.core.wire import Session, settled
from chatops.delivery import missing
from chatops.delivery.carbons import got
from chatops.delivery.flexible import SINCE
from chatops.delivery.services import Owed
from chatops.xmpp.content import NO_PERMANENT_STORE
from chatops.xmpp.jid import parse


def is_offered_later(envelope: Envelope) -> bool:
    """Whether a device that does not get a message now is offered what others get of it."""
    return (
        missing.is_on()
        and envelope.type in ("chat", "normal")
        and worth_tracking(envelope.tags, envelope.type)
        and NO_PERMANENT_STORE not in envelope.tags
    )


async def claim(session: Session, *, first: int) -> list[Owed]:
    """What the session's device has missed from an id on; it is on its way there from now on.

    Who looks through the queue by hand (XEP-0013) is sent nothing unasked. What its owner would
    not hear of now is left out.
    """
    if not missing.is_on() or SINCE in session.notes:
        return []
    await settled()  # what was sent to others before this device came is in the tables now
    had = got.of(session.device_id)
    found = await in_db_at_last(
        missing.missed_by,
        device_id=session.device_id,
        online_since=session.since,
        first=first,
    )
    had |= got.of(session.device_id)
    wanted = [
        each.message_id
        for each in found
        if each.message_id not in had
        and guard.lets_in(session.bare, parse(each.sender), MESSAGE, session)
    ]
    if not wanted:
        return []
    return await in_db_at_last(
        missing.offer,
        device_id=session.device_id,
        online_since=session.since,
        message_ids=wanted,
    )


def in_order(
    queued: Sequence[Owed], claimed: Sequence[Owed], *, is_all: bool
) -> tuple[list[Owed], list[Owed]]:
    """Both in the order of acceptance, and what is claimed and comes behind the rest of the queue.

    `is_all`: the queue has nothing more.
    """
    last = queued[-1].message_id if queued and not is_all else None
    now = [each for each in claimed if last is None or each.message_id < last]
    return sorted([*queued, *now], key=_by_acceptance), list(claimed[len(now) :])


def _by_acceptance(message: Owed) -> int:
    return message.message_id
