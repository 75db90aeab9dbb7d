"""Offline messages, XEP-0160, and delayed delivery, XEP-0203.

What waited is handed over when a device comes, with the time at which it was sent.
"""

from collections.abc import Sequence
from datetime import timedelta

from chatops.accounts.habits import learn
from chatops.core.database import in_db, in_db_at_last
from chatops.core.features import DOMAIN, Feature
from chatops.core.ids import later, moment_of, new_id
from chatops.core.live import hears
from chatops.core.queueing import FLUSHING, Flush, Outflow, returning, underway
from chatops.core.wire import Session, settled, wire
from chatops.delivery import queues, returns, services
from chatops.delivery.beside import beside
from chatops.delivery.catching_up import claim, in_order
from chatops.delivery.crs.confirming import offer
from chatops.delivery.crs.people import switched
from chatops.delivery.flexible import since
from chatops.delivery.handlers.xep_0079 import is_over
from chatops.delivery.missing import is_on
from chatops.delivery.news import Beside, Waiting
from chatops.delivery.services import Owed
from chatops.delivery.tracking import TrackedDelivery, ledger
from chatops.xmpp.elements import make, serialise
from chatops.xmpp.names import DELAY
from chatops.xmpp.stamps import stamp
from chatops.xmpp.stanzas import Packed

CHUNK = 200
EVERYTHING = 0  # no id is smaller
LATELY = timedelta(minutes=1)  # nothing is under way for so long

offline = Feature("XEP-0160", ("msgoffline",), at=(DOMAIN,))
delay = Feature("XEP-0203", (DELAY,), at=(DOMAIN,))


@offline.on_session("available")
def begin(session: Session) -> None:
    """Start handing over; the session's own presence need not wait for it.

    With CRS, all is offered again at each login, however often it was offered before.
    """
    wire().spawn(hand_over(session, paused=switched.has(session.bare), missed=EVERYTHING))


@offline.on_session("bound inline")
async def leave_to_archive(session: Session) -> None:
    """Bind 2: the client gets what has waited from its archive, where that has it."""
    learn(session, reads_archive=True)
    queues.forget(session.user_id)
    await in_db(
        services.leave_to_archive,
        user_id=session.user_id,
        bare=session.bare,
        device_id=session.device_id,
    )


@hears(Waiting)
async def wake(news: Waiting) -> None:
    """Messages were queued for people of whom some are online."""
    wanted = set(news.user_ids)
    for session in list(wire().all_sessions()):
        if session.user_id in wanted and _may_take(session):
            wire().spawn(hand_over(session))


@hears(Beside)
async def watch(news: Beside) -> None:
    """These came back while other devices have them; one may have confirmed a moment ago."""
    pairs = [(message_id, user_id) for message_id, user_id in news.copies]
    beside.add(pairs)
    ledger.flush()
    await settled()
    await in_db_at_last(returns.settle_answered, pairs)


async def hand_over(session: Session, *, paused: bool = False, missed: int | None = None) -> None:
    """Send this device all that is queued for the account, oldest first.

    `paused`: also what is to wait for a while, after it was offered in vain. `missed`: also what
    others of the account have got from that id on, and this one has not.
    """
    flush: Flush = session.notes.setdefault(FLUSHING, Flush())
    if missed is not None:
        flush.look_from(missed)
    if flush.running:
        flush.again = True
        return
    flush.running = True
    claimed: list[Owed] = []
    try:
        while _may_take(session):
            await returning.none_left(session.bare)
            flush.again = session.bare in underway
            if (first := flush.missed) is not None:
                # What is under way may be for this device, too.
                flush.missed = max(first, later(new_id(), -LATELY)) if flush.again else None
                claimed += await claim(session, first=first)
            owed = await in_db_at_last(
                services.take,
                user_id=session.user_id,
                device_id=session.device_id,
                limit=CHUNK,
                after=since(session.bare),
                paused=paused,
            )
            if owed:
                queues.forget(session.user_id)
                _share(session, owed[0].message_id)
            ready, claimed = in_order(owed, claimed, is_all=len(owed) < CHUNK)
            if ready:
                await _send(session, ready)
            elif session.bare in underway:
                await underway.none_left(session.bare)
            elif not flush.again:
                break
    finally:
        session.notes.pop(FLUSHING, None)
        if claimed:
            await in_db_at_last(
                returns.requeue, delivery_ids=[each.delivery_id for each in claimed]
            )


def _share(session: Session, first: int) -> None:
    """What one device takes from the queue, others that are there have not got."""
    if not is_on():
        return
    for other in wire().sessions_of(session.bare):
        if other is not session and _may_take(other):
            wire().spawn(hand_over(other, missed=first))


async def _send(session: Session, owed: Sequence[Owed]) -> None:
    out = Outflow(session)
    for number, message in enumerate(owed):
        if not _may_take(session):
            left = [each.delivery_id for each in owed[number:]]
            await in_db_at_last(returns.requeue, delivery_ids=left)
            return
        if await is_over(message):
            continue
        tracked = TrackedDelivery(
            message.delivery_id, message.message_id, session.user_id, session.device_id, ledger
        )
        ledger.remember(message.sender_bare, session.bare, message.stanza_id, tracked)
        packed = late(message, session.jid.domain)
        packed = offer(session, packed, message.stanza_id, tracked)
        await out.send(
            packed.addressed(to=message.address(session.bare), sender=message.sender), tracked
        )
        if number % CHUNK == CHUNK - 1:
            await session.drained()
    await session.drained()


def late(message: Owed, domain: str) -> Packed:
    """The message with the note that it waited (XEP-0203)."""
    note = make(
        f"{{{DELAY}}}delay",
        "Offline storage",
        from_=domain,
        stamp=stamp(moment_of(message.message_id)),
    )
    return Packed.from_bytes(message.xml.encode()).with_child(serialise(note))


def _may_take(session: Session) -> bool:
    return (
        session.presence is not None
        and session.priority >= 0
        and wire().session(session.jid) is session
    )
