"""CRS in the message pipeline; for who has it off, that is one look-up each."""

from collections.abc import Awaitable
from functools import partial

from chatops.core.envelope import Dropped, Envelope
from chatops.core.ids import moment_of
from chatops.core.queueing import FLUSHING
from chatops.core.wire import wire
from chatops.delivery.crs.confirming import confirm, sent
from chatops.delivery.crs.people import switched
from chatops.delivery.crs.stanzas import Confirmation, read_confirmation
from chatops.delivery.crs.telling import tell_stored
from chatops.delivery.crs.waits import waits
from chatops.delivery.tracking import TrackedDelivery


def take_confirmation(envelope: Envelope) -> Awaitable[None] | None:
    """A message to no one may confirm something, and then goes to no one."""
    session = envelope.session
    if not switched or session is None or not switched.has(session.bare):
        return None
    if envelope.element.get("to") is not None:
        return None
    confirmation = read_confirmation(envelope.element)
    return None if confirmation is None else _confirm(envelope, confirmation)


async def _confirm(envelope: Envelope, confirmation: Confirmation) -> None:
    if envelope.session is not None:
        pending = confirm(envelope.session, confirmation)
        if pending is not None:
            await pending
    raise Dropped


def follow(envelope: Envelope) -> None:
    """After `track`: what the recipient's devices have to confirm, and what its sender is told."""
    if not switched:
        return
    if _is_told(envelope):
        at = moment_of(envelope.message_id)
        envelope.after.append(partial(tell_stored, envelope.sender, envelope.id, at))
        if envelope.copies or _is_handed_over(envelope):
            waits.begin(envelope.message_id, envelope.sender.bare)
    elif not switched.has(envelope.to.bare):
        return
    by_recipient = switched.has(envelope.to.bare)
    for copy in envelope.copies:
        if isinstance(copy.tracked, TrackedDelivery):
            waits.follow(copy.tracked, by_recipient=by_recipient)
            if by_recipient:
                sent.remember(envelope.id, copy.tracked)


def _is_handed_over(envelope: Envelope) -> bool:
    """Whether it is queued only behind older ones, which a device is being handed."""
    return any(FLUSHING in each.notes for each in wire().sessions_of(envelope.to.bare))


def _is_told(envelope: Envelope) -> bool:
    return (
        envelope.session is not None
        and envelope.archived
        and bool(envelope.id)
        and envelope.type in ("chat", "normal")
        and switched.has(envelope.sender.bare)
    )
