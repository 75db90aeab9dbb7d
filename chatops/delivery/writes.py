"""The ledger's rows as the journal writes them."""

from chatops.core.journal import Insert, Update, Write
from chatops.delivery.events import EVENT_INSERT
from chatops.delivery.models import Delivery, EventKind, State
from chatops.delivery.retries import USUAL

DELIVERY_INSERT = Insert(
    Delivery,
    order=30,
    fields=("id", "message", "recipient", "device", "state", "owed", "changed", "expires"),
)
# A state only grows: what a device has confirmed is not undone by a late "sent".
_ADVANCE = {
    state: Update(
        Delivery,
        order=35,
        fields=("state", "owed", "changed"),
        unless=f"state >= {state.value}",
    )
    for state in (State.SENT, State.CONFIRMED, State.DISPLAYED, State.FAILED)
}
_SETTLE = Update(Delivery, order=36, fields=("owed",))


def delivery_write(
    delivery_id: int,
    message_id: int,
    recipient_id: int,
    device_id: int | None,
    *,
    state: State,
    owed: bool,
) -> Write:
    """A new delivery; without a device it is queued for whichever comes first."""
    expires = USUAL.end_of_life(message_id) if owed else None
    row = (
        delivery_id, message_id, recipient_id, device_id, state.value, owed, delivery_id, expires,
    )  # fmt: skip
    return Write(DELIVERY_INSERT, row)


def event_write(
    message_id: int,
    kind: EventKind,
    *,
    recipient_id: int | None = None,
    device_id: int | None = None,
    event_id: int | None = None,
    node: str = "",
    door: str = "",
    detail: str = "",
    sent: int | None = None,
) -> Write:
    """A line of the timeline; without `event_id` it happens when it is written."""
    row = (event_id, message_id, recipient_id, device_id, kind.value, node, door, detail, sent)
    return Write(EVENT_INSERT, row)


def advance_write(delivery_id: int, state: State, *, owed: bool, event_id: int) -> Write:
    """Move a delivery forward; nothing happens where it is further already."""
    return Write(_ADVANCE[state], (delivery_id, state.value, owed, event_id))


def settle_write(delivery_id: int) -> Write:
    """It need not be offered again."""
    return Write(_SETTLE, (delivery_id, False))
