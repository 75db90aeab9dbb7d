"""Where a message stands with one device, and why, in plain words."""

from collections.abc import Sequence
from datetime import datetime

from chatops.accounts.models import User
from chatops.core.ids import moment_of, new_id
from chatops.delivery.models import Delivery, Event, EventKind, State
from chatops.delivery.retries import GIVEN_UP


def sentence(delivery: Delivery, events: Sequence[Event], accepted: datetime) -> str:
    """What an administrator wants to know first: has it arrived, and if not, why not."""
    whose = _whose(delivery.recipient, delivery)
    last = {EventKind(event.kind): event for event in events}
    match State(delivery.state):
        case State.STORED if not delivery.owed:
            return f"It is not sent: {whose} can read it in its archive."
        case State.STORED:
            return f"It is stored, and about to be sent to {whose}."
        case State.MISSED:
            return _missed(delivery, whose, last.get(EventKind.MISSED))
        case State.QUEUED:
            return _waits(delivery, last)
        case State.SENT if delivery.owed:
            again = last.get(EventKind.RETRIED)
            tries = f" ({again.detail})" if again and again.detail else ""
            return (
                f"It was written to the connection of {whose}{tries}, which has not confirmed it"
                " yet."
            )
        case State.SENT:
            return f"It was written to the connection of {whose}; it is not offered again."
        case State.CONFIRMED | State.DISPLAYED as state:
            return _arrived(delivery, state, events, last.get(EventKind.SENT), accepted)
        case State.FAILED:
            return _failed(delivery, last.get(EventKind.FAILED))
        case State.EXPIRED:
            name = delivery.recipient.get_short_name()
            return (
                f"Its time was over on {_when(delivery.changed_at)}, after"
                f" {span(delivery.changed_at, accepted)}:{_tries(delivery)} no device of {name}"
                " had confirmed it. Nobody tries again until an administrator decides."
            )
        case State.DISCARDED:
            event = last.get(EventKind.DISCARDED)
            why = f" ({event.detail})" if event and event.detail else ""
            return f"It was taken back on {_when(delivery.changed_at)}, before it arrived{why}."


def _missed(delivery: Delivery, whose: str, event: Event | None) -> str:
    why = f" because {event.detail}" if event and event.detail else ""
    tried = f" It was sent it {_times(delivery.attempts).lower()}." if delivery.attempts else ""
    return (
        f"{_capital(whose)} did not confirm it{why}, while another device of"
        f" {delivery.recipient.get_short_name()} has it.{tried} It is offered it again when it"
        " comes, if that is soon enough."
    )


def _waits(delivery: Delivery, last: dict[EventKind, Event]) -> str:
    name = delivery.recipient.get_short_name()
    parts = [
        f"No device of {name} has it: it waits in the offline queue since"
        f" {_when(delivery.changed_at)}"
    ]
    if delivery.attempts:
        parts.append(f"{_times(delivery.attempts)} a device was sent it and did not confirm it")
    if delivery.due > new_id():
        parts.append(f"it is offered again from {_when(moment_of(delivery.due))} on")
    if delivery.expires is not None:
        parts.append(f"it is given up on {_when(moment_of(delivery.expires))}")
    told = last.get(EventKind.NOTIFIED)
    if told is not None:
        parts.append(f"a push notification told of it on {_when(told.at)}")
    return "; ".join(parts) + "."


def _arrived(
    delivery: Delivery,
    state: State,
    events: Sequence[Event],
    sent: Event | None,
    accepted: datetime,
) -> str:
    kind = EventKind.CONFIRMED if state == State.CONFIRMED else EventKind.DISPLAYED
    first = next((event for event in events if event.kind == kind), None)
    at = first.at if first else delivery.changed_at
    start, word = (sent.at, "sent") if sent and sent.at <= at else (accepted, "accepted")
    verb = "confirmed it" if state == State.CONFIRMED else "showed it"
    whose = _whose(delivery.recipient, delivery)
    return f"{_capital(whose)} {verb} {span(at, start)} after it was {word}."


def _failed(delivery: Delivery, event: Event | None) -> str:
    name = delivery.recipient.get_short_name()
    detail = event.detail if event else ""
    if detail.startswith(GIVEN_UP):
        return (
            f"{_times(delivery.attempts)} a device of {name} was sent it and did not confirm it,"
            f" the last time because {detail.removeprefix(GIVEN_UP)}: it was given up. Nobody"
            " tries again until an administrator decides."
        )
    why = f": it came back with {detail}" if detail else ""
    return (
        f"It could not be delivered to {_whose(delivery.recipient, delivery)}{why}."
        " Nobody tries again until an administrator decides."
    )


def _tries(delivery: Delivery) -> str:
    return f" it was sent {_times(delivery.attempts).lower()}, and" if delivery.attempts else ""


def _times(number: int) -> str:
    return {1: "Once", 2: "Twice"}.get(number, f"{number} times")


def _when(at: datetime) -> str:
    return f"{at:%d %B %Y, %H:%M:%S} UTC"


def _whose(person: User, delivery: Delivery) -> str:
    device = delivery.device.resource if delivery.device else "device"
    return f"{person.get_short_name()}'s {device}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def span(later: datetime, earlier: datetime) -> str:
    """``250 ms``, ``1.2 s``, ``3 min``, ``2 h``, ``4 days``."""
    seconds = max(0.0, (later - earlier).total_seconds())
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86_400:.0f} days"
