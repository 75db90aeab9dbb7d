"""The ledger's hands on the wire: what happens to each message on its way to each device.

Lives on the loop. What a sender may be told about is written before he is told; what only the
service itself learns (written to a socket, acknowledged) is collected and written a moment later,
in one go: if the process dies in between, those messages count as not delivered and are offered
again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from chatops.core.database import in_db_at_last
from chatops.core.ids import new_id
from chatops.core.journal import Write
from chatops.core.queueing import returning
from chatops.core.wire import Session, wire
from chatops.delivery import returns
from chatops.delivery.beside import beside
from chatops.delivery.models import EventKind, State
from chatops.delivery.writes import advance_write, event_write, settle_write

FLUSH_SECONDS = 0.1
# A device that confirms within that time, or twice of it, has one line that says both.
SENT_SECONDS = 0.5
# What a device says of a message, and how far it has come with it.
_SAID = {
    EventKind.CONFIRMED: State.CONFIRMED,
    EventKind.DISPLAYED: State.DISPLAYED,
    EventKind.FAILED: State.FAILED,
}
REMEMBERED = 50_000  # messages whose receipts find their delivery without asking the database


@dataclass(slots=True)
class Unsure:
    """What is true of a delivery if the receipts that are being stored cannot be."""

    receipts: int
    state: State
    owed: bool
    written: State
    written_owed: bool
    event_id: int
    meanwhile: list[Callable[[], None]]  # what else was heard of it


class Receipt(NamedTuple):
    """What a device says of a delivery; `writes` go with the stanza that says so."""

    delivery: "TrackedDelivery"
    state: State
    writes: list[Write]


@dataclass(slots=True, eq=False)
class TrackedDelivery:
    """One row of delivery.Delivery while its device is connected; core.wire.Tracked."""

    id: int
    message_id: int
    recipient_id: int
    device_id: int
    ledger: "Ledger"
    state: State = State.STORED
    owed: bool = True
    event_id: int = 0  # of the last event
    sent_at: int = 0  # the id of when it was sent, while no event says so
    sent_door: str = ""
    written: State = State.STORED  # the state that the table has, or will have by a commit
    written_owed: bool = True
    insists: bool = False  # that it was written somewhere does not settle it
    gone: bool = False  # with its session: the table knows more of it now
    unsure: Unsure | None = None
    when_confirmed: Callable[[], None] | None = None

    def sent(self, session: Session) -> None:
        if self.sent_at:  # before a resumption
            self.ledger.add(self.sent_write())
        self.sent_at = self.event_id = new_id()
        self.sent_door = session.door
        if self.state < State.SENT:
            self.state = State.SENT
        self.ledger.note_sent(self)

    def confirmed(self, session: Session) -> None:
        if self.unsure is not None:
            self.unsure.meanwhile.append(partial(self.confirmed, session))
            return
        if self.state < State.CONFIRMED:  # else it is no news: the device itself said so
            self.state = State.CONFIRMED
            self.ledger.add(
                self._confirmation(EventKind.CONFIRMED, "stream acknowledgement", session.door)
            )
            self.ledger.touch(self)
        self.owed = False
        if self.when_confirmed is not None:
            self.when_confirmed()

    def settled(self, session: Session) -> None:
        if self.unsure is not None:
            self.unsure.meanwhile.append(partial(self.settled, session))
        elif self.owed:
            self.owed = False
            self.ledger.touch(self)

    def lost(self, session: Session) -> None:
        if self.unsure is not None:
            self.unsure.meanwhile.append(partial(self.lost, session))
        elif self.owed:
            self.owed, self.gone = False, True
            self.ledger.lose(self, session.bare)

    def confirm_now(self, kind: EventKind, detail: str, door: str) -> Receipt:
        """A receipt or marker, or an error, for the commit of the stanza that carries it.

        Then comes `stand_by`, or `take_back` where it could not be written.
        """
        state = _SAID[kind]
        if self.unsure is None:
            self.unsure = Unsure(
                1, self.state, self.owed, self.written, self.written_owed, self.event_id, []
            )
        else:
            self.unsure.receipts += 1
        if self.state < state:
            self.state = state
        writes = [self._confirmation(kind, detail, door)]
        if state > self.written or self.written_owed:
            writes.append(advance_write(self.id, state, owed=False, event_id=self.event_id))
            self.written, self.written_owed = self.state, False
        return Receipt(self, state, writes)

    def stand_by(self, receipt: Receipt) -> None:
        """A receipt is in the table: nothing is less than that any more."""
        before = self.unsure
        if before is not None:
            before.receipts -= 1
            if before.receipts:
                before.state = before.written = max(before.state, receipt.state)
                before.owed = before.written_owed = False
            else:
                self.unsure = None
        if self.state < receipt.state:
            self.state = receipt.state
        if self.written < receipt.state:
            self.written = receipt.state
        self.owed = self.written_owed = False
        if beside:
            self.ledger.touch(self)
        if self.when_confirmed is not None:
            self.when_confirmed()

    def take_back(self, receipt: Receipt) -> None:
        """A receipt could not be written: all is as before, and what else was heard counts."""
        before, self.unsure = self.unsure, None
        if before is not None:
            self.state, self.owed, self.event_id = before.state, before.owed, before.event_id
            self.written, self.written_owed = before.written, before.written_owed
            for again in before.meanwhile:
                again()
        sent_id = receipt.writes[0].row[-1]
        if sent_id is not None:  # it was to say that, too
            self.ledger.add(self._event(EventKind.SENT, sent_id, self.sent_door))
        self.ledger.touch(self)

    def sent_write(self) -> Write:
        """A line of its own for when it was sent."""
        event_id, self.sent_at = self.sent_at, 0
        return self._event(EventKind.SENT, event_id, self.sent_door)

    @property
    def is_behind(self) -> bool:
        """Whether there is something that the tables do not say yet."""
        return bool(
            self.sent_at or self.state > self.written or (self.written_owed and not self.owed)
        )

    def pending_writes(self) -> Iterator[Write]:
        """What brings the table's row up to this state."""
        if self.sent_at:
            yield self.sent_write()
        if self.state > self.written:
            yield advance_write(self.id, self.state, owed=self.owed, event_id=self.event_id)
        elif not self.owed and self.written_owed:
            yield settle_write(self.id)
        self.written, self.written_owed = self.state, self.owed

    def _confirmation(self, kind: EventKind, detail: str, door: str) -> Write:
        """Its line; it also says when the message had been sent, where no other does yet."""
        if self.sent_at and self.sent_door != door:
            self.ledger.add(self.sent_write())
        sent, self.sent_at = self.sent_at or None, 0
        self.event_id = new_id()
        return self._event(kind, self.event_id, door, detail, sent)

    def _event(
        self, kind: EventKind, event_id: int, door: str, detail: str = "", sent: int | None = None
    ) -> Write:
        return event_write(
            self.message_id,
            kind,
            recipient_id=self.recipient_id,
            device_id=self.device_id,
            event_id=event_id,
            node=wire().node,
            door=door,
            detail=detail,
            sent=sent,
        )


@dataclass
class Ledger:
    """What the loop knows of deliveries under way."""

    _writes: list[Write] = field(default_factory=list)
    _dirty: dict[int, TrackedDelivery] = field(default_factory=dict)
    _lost: list[tuple[TrackedDelivery, str]] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None
    # What was sent and not confirmed: since a moment, and since the turn before it.
    _sent: list[TrackedDelivery] = field(default_factory=list)
    _sent_before: list[TrackedDelivery] = field(default_factory=list)
    _turn: asyncio.TimerHandle | None = None
    # (sender, recipient, stanza id) → message and its deliveries by device
    _recent: "OrderedDict[tuple[str, str, str], tuple[int, dict[int, TrackedDelivery]]]" = field(
        default_factory=OrderedDict
    )

    def remember(
        self, sender: str, recipient: str, stanza_id: str, delivery: TrackedDelivery
    ) -> None:
        """Let a receipt for that stanza id find this delivery at once."""
        if not stanza_id:
            return
        key = (sender, recipient, stanza_id)
        known = self._recent.get(key)
        if known is None or known[0] != delivery.message_id:
            self._recent[key] = (delivery.message_id, {delivery.device_id: delivery})
            if len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)
        else:
            known[1][delivery.device_id] = delivery

    def recall(
        self, sender: str, recipient: str, stanza_id: str, device_id: int
    ) -> TrackedDelivery | None:
        """The delivery that a receipt from that device is about, if it is still remembered."""
        known = self._recent.get((sender, recipient, stanza_id))
        delivery = known[1].get(device_id) if known else None
        return None if delivery is None or delivery.gone else delivery

    def add(self, write: Write) -> None:
        self._writes.append(write)
        self._schedule()

    def touch(self, delivery: TrackedDelivery) -> None:
        self._dirty[delivery.id] = delivery
        self._schedule()

    def note_sent(self, delivery: TrackedDelivery) -> None:
        """It is written down soon, unless its device confirms it meanwhile."""
        self._sent.append(delivery)
        if self._turn is None:
            self._turn = wire().loop.call_later(SENT_SECONDS, self._write_sent)

    def lose(self, delivery: TrackedDelivery, bare: str) -> None:
        """Its session is gone: after what is known has been written, it goes back to the queue.

        Until then it is on its way there: who comes meanwhile waits for it, so that nothing newer
        overtakes it.
        """
        self._dirty[delivery.id] = delivery
        self._lost.append((delivery, bare))
        returning.begin(bare)
        self._schedule()

    def flush(self) -> None:
        """Hand all that has collected to the journal now."""
        self._touch_sent()
        self._touch_sent()
        self._flush()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        writes, self._writes = self._writes, []
        lost, self._lost = self._lost, []
        dirty, self._dirty = self._dirty, {}
        for delivery, _ in lost:
            delivery.owed = True  # until it is given back: that it was sent makes it an attempt
        for delivery in dirty.values():
            if delivery.is_behind:
                writes.extend(delivery.pending_writes())
        answered = beside.answered_by(dirty.values()) if beside else ()
        if writes or lost or answered:
            wire().commit(writes, partial(_written, writes, lost, answered))

    def _schedule(self) -> None:
        if self._timer is None:
            self._timer = wire().loop.call_later(FLUSH_SECONDS, self._flush)

    def _write_sent(self) -> None:
        self._turn = None
        self._touch_sent()
        if self._sent_before:
            self._turn = wire().loop.call_later(SENT_SECONDS, self._write_sent)

    def _touch_sent(self) -> None:
        """What was sent before the last turn, and is not confirmed, gets its line."""
        for delivery in self._sent_before:
            if delivery.sent_at:
                self.touch(delivery)
        self._sent_before, self._sent = self._sent, []


def _written(
    writes: list[Write],
    lost: list[tuple[TrackedDelivery, str]],
    answered: Collection[tuple[int, int]],
) -> None:
    """Whoever looks at those messages fetches what is written now; what was lost goes back."""
    for message_id in {write.row[1] for write in writes if write.statement.stamped}:
        wire().page(f"message-{message_id}", {"message": str(message_id)})
    if lost:
        wire().spawn(_requeue(lost))
    if answered:
        wire().spawn(in_db_at_last(returns.settle_answered, answered))


async def _requeue(lost: list[tuple[TrackedDelivery, str]]) -> None:
    try:
        await in_db_at_last(returns.requeue, delivery_ids=[delivery.id for delivery, _ in lost])
    finally:
        for _, bare in lost:
            returning.end(bare)


ledger = Ledger()
