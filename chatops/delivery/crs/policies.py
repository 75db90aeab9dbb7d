"""CRS in the message pipeline; for who has it off, that is one look-up each."""

from collections.abc import Awaitable
from functools import partial
from typing import cast

from django.conf import settings

from chatops.core.envelope import Dropped, Envelope
from chatops.core.ids import moment_of
from chatops.delivery.crs.confirming import confirm, sent
from chatops.delivery.crs.people import switched
from chatops.delivery.crs.stanzas import Confirmation, read_confirmation, stored_notice
from chatops.delivery.crs.waits import waits
from chatops.delivery.tracking import TrackedDelivery


def take_confirmation(envelope: Envelope) -> Awaitable[None] | None:
    """A message to no one may confirm something, and then goes to no one."""
    session = envelope.session
    if session is None or not switched.has(session.bare):
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
    by_recipient, by_sender = switched.has(envelope.to.bare), _is_told(envelope)
    if by_sender and envelope.archived:
        envelope.after.append(partial(_tell_stored, envelope))
    if not (by_recipient or by_sender):
        return
    deliveries = [cast(TrackedDelivery, copy.tracked) for copy in envelope.copies if copy.tracked]
    if by_recipient:
        for delivery in deliveries:
            sent.remember(envelope.id, delivery)
    owed = [delivery for delivery in deliveries if delivery.owed]
    waited_for = by_sender and bool(owed) and waits.begin(envelope.message_id, envelope.sender.bare)
    for delivery in owed:
        delivery.insists = by_recipient or waited_for
        if waited_for:
            delivery.when_confirmed = partial(waits.end, envelope.message_id)


def _is_told(envelope: Envelope) -> bool:
    return (
        bool(envelope.id)
        and envelope.session is not None
        and envelope.type in ("chat", "normal")
        and switched.has(envelope.sender.bare)
    )


def _tell_stored(envelope: Envelope) -> None:
    if envelope.session is not None:
        at = moment_of(envelope.message_id)
        notice = stored_notice(envelope.id, at=at, by=settings.CHATOPS_DOMAIN)
        envelope.session.send(notice)
