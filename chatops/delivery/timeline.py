"""A message's timeline, as the browser draws it: a lane a device, and a sentence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.db.models import Count, QuerySet
from django.utils import timezone

from chatops.archive.models import Message
from chatops.core.ids import moment_of
from chatops.delivery.drawing import Axis, Track
from chatops.delivery.models import Delivery, Event, EventKind, State
from chatops.delivery.sentences import sentence, span

MOST_LANES = 40  # a notice goes to thousands: the page then narrows to a person

BADGES = {
    State.STORED: "co-info",
    State.MISSED: "co-warn",
    State.QUEUED: "co-warn",
    State.SENT: "co-info",
    State.CONFIRMED: "co-good",
    State.DISPLAYED: "co-good",
    State.FAILED: "co-bad",
    State.EXPIRED: "co-bad",
    State.DISCARDED: "co-bad",
}
_TONES = {
    EventKind.QUEUED: "co-warn",
    EventKind.REQUEUED: "co-warn",
    EventKind.OVERDUE: "co-warn",
    EventKind.MISSED: "co-warn",
    EventKind.CONFIRMED: "co-good",
    EventKind.DISPLAYED: "co-good",
    EventKind.FAILED: "co-bad",
    EventKind.EXPIRED: "co-bad",
    EventKind.DISCARDED: "co-bad",
}
# How the detail of an event is joined to what happened.
_JOINTS = {
    EventKind.CONFIRMED: "by {}",
    EventKind.DISPLAYED: "by {}",
    EventKind.REQUEUED: "because {}",
    EventKind.MISSED: "because {}",
    EventKind.NOTIFIED: "through {}",
    EventKind.DISCARDED: "by {}",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One event."""

    at: datetime
    what: str
    detail: str
    node: str
    door: str
    since_before: str  # since the line above it
    since_accepted: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """What happened with one device, or with the queue."""

    recipient: str
    device: str  # "" for the queue
    client: str
    state: str
    badge: str
    sentence: str
    lines: list[Line]
    track: Track
    dead_letter: int = 0  # the delivery on which an administrator may decide


@dataclass(frozen=True, slots=True)
class Timeline:
    """All of it; with many recipients the first of them, and how many there are in each state."""

    message_id: int
    accepted_at: datetime
    message: Message | None
    common: list[Line]
    lanes: list[Lane]
    axis: Axis
    states: list[tuple[str, str, int]]  # label, badge, how many
    total: int  # deliveries, shown or not


def timeline_of(message_id: int, *, who: str = "") -> Timeline | None:
    """The timeline of a message; None where the ledger knows none. `who` narrows to a person."""
    message = Message.objects.filter(pk=message_id).first()
    everything = Event.objects.filter(message_id=message_id)
    if message is None and not everything.exists():
        return None
    all_of_it = Delivery.objects.of_message(message_id)
    counts = dict(all_of_it.values_list("state").annotate(Count("pk")).order_by("state"))
    wanted = _narrowed(all_of_it, who)
    people = list(
        wanted.order_by("recipient_id")
        .values_list("recipient_id", flat=True)
        .distinct()[:MOST_LANES]
    )
    deliveries = list(
        wanted.filter(recipient__in=people).select_related("recipient", "device").order_by("id")
    )
    found = everything.filter(recipient__in=people).select_related("recipient", "device")
    events = sorted((line for each in found for line in each.unfolded()), key=attrgetter("pk"))
    shared = everything.filter(recipient=None).order_by("id")
    accepted, now = moment_of(message_id), timezone.now()
    first = Line(accepted, EventKind.ACCEPTED.label, "", "", "", "", "")
    stored = all_of_it.order_by("pk").values_list("pk", flat=True).first()
    open_ones = [now for each in deliveries if each.owed]
    axis = Axis.over(accepted, [*(event.at for event in events), *open_ones])
    return Timeline(
        message_id,
        accepted,
        message,
        [first, *_stored(stored, accepted), *_lines(shared, accepted)],
        _lanes(deliveries, events, axis, now),
        axis,
        [(State(state).label, BADGES[State(state)], count) for state, count in counts.items()],
        sum(counts.values()),
    )


def _stored(delivery_id: int | None, accepted: datetime) -> list[Line]:
    """Its deliveries are stored with it, so the first one's id says when that was."""
    if delivery_id is None:
        return []
    at = max(accepted, moment_of(delivery_id))
    since = span(at, accepted)
    return [Line(at, EventKind.STORED.label, "", "", "", since, since)]


def _narrowed(deliveries: "QuerySet[Delivery]", who: str) -> "QuerySet[Delivery]":
    username = who.strip().lower().partition("@")[0]
    return deliveries.filter(recipient__username__startswith=username) if username else deliveries


def _lanes(
    deliveries: Sequence[Delivery], events: Sequence[Event], axis: Axis, now: datetime
) -> list[Lane]:
    """A lane for each delivery, and for each device that it was not for in the end.

    Such a one had it once and gave it back, or was away and others than it were told (XEP-0357).
    """
    known = {(each.recipient_id, each.device_id) for each in deliveries}
    lanes = [_lane(each, _of_delivery(each, events, known), axis, now) for each in deliveries]
    others: dict[tuple[int | None, int | None], list[Event]] = {}
    for event in events:
        key = (event.recipient_id, event.device_id)
        if event.device_id is not None and key not in known:
            others.setdefault(key, []).append(event)
    return lanes + [_lane_of_another(mine, axis) for mine in others.values()]


def _of_delivery(
    delivery: Delivery, events: Iterable[Event], known: set[tuple[int, int | None]]
) -> list[Event]:
    """Its device's events; what came to the account's queue belongs to whoever took it from there.

    Where several devices got it at once, none of them took it from the queue.
    """
    person = delivery.recipient_id
    queue = delivery.device_id is None or sum(1 for each, _ in known if each == person) == 1
    return [
        event
        for event in events
        if event.recipient_id == person
        and (
            event.device_id == delivery.device_id
            or (queue and (event.device_id is None or event.kind == EventKind.REQUEUED))
        )
    ]


def _lane(delivery: Delivery, events: Sequence[Event], axis: Axis, now: datetime) -> Lane:
    device, state, accepted = delivery.device, State(delivery.state), axis.accepted
    lines = _lines(events, accepted, lane=delivery.device_id)
    return Lane(
        delivery.recipient.jid,
        device.resource if device else "",
        device.client if device else "",
        state.label,
        BADGES[state],
        sentence(delivery, events, accepted),
        lines,
        axis.track(lines, until=now if delivery.owed else None),
        delivery.pk if state in (State.FAILED, State.EXPIRED) else 0,
    )


def _lane_of_another(events: Sequence[Event], axis: Axis) -> Lane:
    recipient, device = events[0].recipient, events[0].device
    name = device.resource if device else "a device that is gone"
    lines = _lines(events, axis.accepted, lane=events[0].device_id)
    if all(event.kind == EventKind.NOTIFIED for event in events):
        state = "notified"
        words = f"It did not get to {name}; a push notification told of it."
    else:
        state = "given back"
        words = f"{name} did not confirm it, so it went back to the queue."
    return Lane(
        recipient.jid if recipient else "somebody who is gone",
        name,
        device.client if device else "",
        state,
        "",
        words,
        lines,
        axis.track(lines),
    )


def _lines(events: Iterable[Event], accepted: datetime, *, lane: int | None = None) -> list[Line]:
    lines, before = [], accepted
    for event in events:
        kind = EventKind(event.kind)
        detail = _JOINTS.get(kind, "{}").format(event.detail) if event.detail else ""
        if event.device is not None and event.device_id != lane:
            detail = f"from {event.device.resource} {detail}".strip()
        lines.append(
            Line(
                event.at,
                kind.label,
                detail,
                event.node,
                event.door,
                span(event.at, before),
                span(event.at, accepted),
                _TONES.get(kind, ""),
            )
        )
        before = event.at
    return lines
