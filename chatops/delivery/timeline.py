"""A message's timeline, as the browser draws it: a lane a device, and a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chatops.archive.models import Message
from chatops.core.ids import moment_of
from chatops.delivery.models import Delivery, Event, EventKind, State

BADGES = {
    State.STORED: "co-info",
    State.QUEUED: "co-warn",
    State.SENT: "co-info",
    State.CONFIRMED: "co-good",
    State.DISPLAYED: "co-good",
    State.FAILED: "co-bad",
    State.EXPIRED: "co-bad",
    State.DISCARDED: "co-bad",
}
SENTENCES = {
    State.STORED: "It is stored, and about to be sent to {device}.",
    State.QUEUED: "Nobody was there to take it: it waits for the next login since {since}.",
    State.SENT: "It was written to the connection of {device}, which has not confirmed it.",
    State.CONFIRMED: "{device} confirmed that it has it, {after} after it was accepted.",
    State.DISPLAYED: "It was shown on {device}, {after} after it was accepted.",
    State.FAILED: "It could not be delivered.",
    State.EXPIRED: "Its time ran out before anybody took it.",
    State.DISCARDED: "It was taken back before anybody took it.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One event."""

    at: datetime
    what: str
    detail: str
    node: str
    door: str
    after: str  # since the message was accepted


@dataclass
class Lane:
    """What happened with one device, or with the queue."""

    recipient: str
    device: str
    state: str
    badge: str
    sentence: str
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Timeline:
    """All of it."""

    message_id: int
    accepted_at: datetime
    message: Message | None
    common: list[Line]
    lanes: list[Lane]


def timeline_of(message_id: int) -> Timeline | None:
    """The timeline of a message; None where the ledger knows none."""
    message = Message.objects.filter(pk=message_id).first()
    events = list(Event.objects.filter(message_id=message_id).select_related("device", "recipient"))
    deliveries = list(
        Delivery.objects.of_message(message_id).select_related("recipient", "device").order_by("id")
    )
    if message is None and not events:
        return None
    accepted = Line(moment_of(message_id), "accepted", "", "", "", "")
    common = [accepted, *(_line(e, message_id) for e in events if e.recipient_id is None)]
    lanes = [_lane(delivery, events, message_id) for delivery in deliveries]
    return Timeline(message_id, moment_of(message_id), message, common, lanes)


def _lane(delivery: Delivery, events: Sequence[Event], message_id: int) -> Lane:
    device = delivery.device.resource if delivery.device else ""
    state = State(delivery.state)
    sentence = SENTENCES[state].format(
        device=device or "the device",
        since=f"{delivery.changed_at:%d %B, %H:%M:%S} UTC",
        after=span(delivery.changed_at, moment_of(message_id)),
    )
    mine = [
        event
        for event in events
        if event.recipient_id == delivery.recipient_id
        and event.device_id in (delivery.device_id, None)
    ]
    if delivery.device_id is None:  # the queue's lane tells the whole story of the account
        mine = [event for event in events if event.recipient_id == delivery.recipient_id]
    return Lane(
        delivery.recipient.jid,
        device or "the queue",
        state.label,
        BADGES[state],
        sentence,
        [_line(event, message_id) for event in mine],
    )


def _line(event: Event, message_id: int) -> Line:
    return Line(
        event.at,
        EventKind(event.kind).label,
        event.detail,
        event.node,
        event.door,
        span(event.at, moment_of(message_id)),
    )


def span(later: datetime, earlier: datetime) -> str:
    """``+ 0.25 s``, ``+ 3 min``, ``+ 2 h``."""
    seconds = max(0.0, (later - earlier).total_seconds())
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
