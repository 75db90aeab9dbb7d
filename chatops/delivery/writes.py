"""The ledger's rows as the journal writes them."""

from chatops.core.journal import Write, insert, update
from chatops.delivery.models import Delivery, Event, EventKind, State

DELIVERY_INSERT = insert(
    Delivery, "id", "message", "recipient", "device", "state", "owed", "changed", order=30
)
EVENT_INSERT = insert(
    Event,
    "id",
    "message_id",
    "recipient",
    "device",
    "kind",
    "node",
    "door",
    "detail",
    order=40,
    stamped=True,
)
# A state only grows: what a device has confirmed is not undone by a late "sent".
_ADVANCE = {
    state: update(
        Delivery,
        set_=("state", "owed", "changed"),
        where=("id",),
        extra=f"state < {state.value}",
        order=35,
    )
    for state in (State.SENT, State.CONFIRMED, State.DISPLAYED)
}
_SETTLE = update(Delivery, set_=("owed",), where=("id",), order=36)


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
    row = (delivery_id, message_id, recipient_id, device_id, state.value, owed, delivery_id)
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
) -> Write:
    """A line of the timeline; without `event_id` it happens when it is written."""
    row = (event_id, message_id, recipient_id, device_id, kind.value, node, door, detail)
    return Write(EVENT_INSERT, row)


def advance_write(delivery_id: int, state: State, *, owed: bool, event_id: int) -> Write:
    """Move a delivery forward; nothing happens where it is further already."""
    return Write(_ADVANCE[state], (state.value, owed, event_id, delivery_id))


def settle_write(delivery_id: int) -> Write:
    """It need not be offered again."""
    return Write(_SETTLE, (False, delivery_id))
