"""Who sent a message to a device is told when it was not confirmed in time.

One timer serves all messages: each waits equally long, so the oldest is due first. What is due is
judged by the ledger, which knows what memory may not: that another device has confirmed meanwhile.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from django.conf import settings

from chatops.core.database import in_db, in_db_at_last
from chatops.core.ids import moment_of
from chatops.core.limits import Limit
from chatops.core.wire import Session, settled, wire
from chatops.delivery import acknowledgements
from chatops.delivery.acknowledgements import Overdue
from chatops.delivery.crs.people import switched
from chatops.delivery.crs.stanzas import overdue_error
from chatops.delivery.models import EventKind
from chatops.delivery.receipts import tell_pages
from chatops.delivery.tracking import TrackedDelivery, ledger
from chatops.delivery.writes import event_write
from chatops.xmpp.jid import parse

CHUNK = 200

WAITING = Limit(
    "CHATOPS_MAX_CRS_WAITING",
    "messages",
    "Messages of one person that are waited for to be confirmed (CRS); of more, nobody is told when"
    " they are late. The messages themselves are delivered as ever.",
    "none",
)


@dataclass(frozen=True, slots=True)
class Wait:
    """For one message of somebody."""

    bare: str
    due: float  # time of the loop


class Waits:
    """All that is waited for, the oldest first."""

    def __init__(self) -> None:
        self._waits: OrderedDict[int, Wait] = OrderedDict()
        self._counts: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, message_id: int, bare: str) -> bool:
        """Wait from now on for that person's message; False where nobody is to be told."""
        patience = settings.CHATOPS_CRS_TIMEOUT_SECONDS
        if patience <= 0 or WAITING.is_exceeded_by(self._counts.get(bare, 0) + 1):
            return False
        due = asyncio.get_running_loop().time() + patience
        self._waits[message_id] = Wait(bare, due)
        self._counts[bare] = self._counts.get(bare, 0) + 1
        self._schedule()
        return True

    def __contains__(self, message_id: int) -> bool:
        return message_id in self._waits

    def follow(self, delivery: TrackedDelivery, *, by_recipient: bool) -> None:
        """Have a device's word count; where it is waited for, nothing else does."""
        waited_for = delivery.message_id in self
        delivery.insists = by_recipient or waited_for
        if waited_for:
            delivery.when_confirmed = partial(self.end, delivery.message_id)

    def end(self, message_id: int) -> None:
        """It was confirmed, or is due."""
        wait = self._waits.pop(message_id, None)
        if wait is None:
            return
        self._counts[wait.bare] -= 1
        if not self._counts[wait.bare]:
            del self._counts[wait.bare]

    def _schedule(self) -> None:
        if self._timer is None and self._waits:
            oldest = next(iter(self._waits.values()))
            self._timer = asyncio.get_running_loop().call_at(oldest.due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        due: list[tuple[int, str]] = []
        for message_id, wait in self._waits.items():
            if wait.due > now or len(due) == CHUNK:
                break
            due.append((message_id, wait.bare))
        for message_id, _ in due:
            self.end(message_id)
        if due:
            wire().spawn(_judge([each for each in due if switched.has(each[1])]))
        self._schedule()


waits = Waits()


async def take_up() -> None:
    """After a restart: what was waited for is waited for anew, since all have to come back."""
    if not switched:
        return
    left = await in_db(acknowledgements.left_waiting, patience=_patience())
    _wait_on([each for each in left if switched.has(each[1])])


def _wait_on(messages: Iterable[tuple[int, str]]) -> None:
    for message_id, bare in messages:
        waits.begin(message_id, bare)


async def _judge(due: Sequence[tuple[int, str]]) -> None:
    ledger.flush()
    await settled()
    message_ids = [message_id for message_id, _ in due]
    for message in await in_db_at_last(
        acknowledgements.overdue, message_ids=message_ids, patience=_patience()
    ):
        _tell(message)


def _patience() -> timedelta:
    return timedelta(seconds=settings.CHATOPS_CRS_TIMEOUT_SECONDS)


def _tell(message: Overdue) -> None:
    """First into the timeline, then to the sender."""
    sessions = _sessions_of(message)
    told = "its sender was told" if sessions else "its sender was not there to be told"
    # Of the message as a whole: none of the devices has confirmed it.
    write = event_write(
        message.message_id, EventKind.OVERDUE, node=wire().node, detail=f"{told} (CRS)"
    )
    wire().commit(
        [write],
        partial(_send, message, sessions),
        partial(_wait_on, [(message.message_id, message.sender_bare)]),
    )


def _sessions_of(message: Overdue) -> list[Session]:
    """The one that it came from; all of the account where that is gone."""
    session = wire().session(parse(message.sender))
    return [session] if session is not None else list(wire().sessions_of(message.sender_bare))


def _send(message: Overdue, sessions: Sequence[Session]) -> None:
    error = overdue_error(
        message.xml,
        message.stanza_id,
        sent=moment_of(message.message_id),
        now=datetime.now(UTC),
        by=settings.CHATOPS_DOMAIN,
    )
    for session in sessions:
        session.send(error)
    tell_pages(message.message_id)
