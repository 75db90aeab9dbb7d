"""The ledger's part of the message pipeline."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from functools import partial

from django.conf import settings

from chatops.archive.policies import worth_tracking
from chatops.contacts.rosters import rosters
from chatops.core.envelope import Dropped, Envelope
from chatops.core.ids import new_id
from chatops.core.wire import wire
from chatops.delivery import amp
from chatops.delivery.models import EventKind, State
from chatops.delivery.receipts import (
    CONFIRMATIONS,
    count,
    read_error,
    read_receipts,
    take_back,
    tell_pages,
)
from chatops.delivery.tracking import TrackedDelivery, ledger
from chatops.delivery.writes import delivery_write, event_write
from chatops.xmpp.content import EVENT
from chatops.xmpp.elements import Element, add, stanza
from chatops.xmpp.errors import Refused
from chatops.xmpp.names import EVENTS

_OFFLINE, _ID = f"{{{EVENTS}}}offline", f"{{{EVENTS}}}id"


def note_receipts(envelope: Envelope) -> Awaitable[None] | None:
    """Write down what a receipt, marker or error says, in the commit of the stanza that carries it.

    What memory no longer has is looked up first, and written by itself.
    """
    is_error = envelope.type == "error"
    if envelope.session is None or (not is_error and envelope.tags.isdisjoint(CONFIRMATIONS)):
        return None
    read = read_error if is_error else read_receipts
    receipts = read(envelope.element, original_sender=envelope.to.bare, session=envelope.session)
    for receipt in receipts.found:
        envelope.writes.extend(receipt.writes)
        envelope.after.append(partial(count, receipt))
        envelope.not_stored += (partial(take_back, receipt),)
    return receipts.look_up() if receipts.unknown else None


def apply_amp_rules(envelope: Envelope) -> Awaitable[None] | None:
    """Follow the rules that the message carries, before its usual fate (XEP-0079 section 2.2)."""
    if amp.AMP_TAG not in envelope.tags or envelope.type in ("error", "groupchat"):
        return None
    return _apply_rules(envelope)


async def _apply_rules(envelope: Envelope) -> None:
    element, domain = envelope.element, settings.CHATOPS_DOMAIN
    try:
        rules = amp.read_rules(element)
        if not rules:
            return
        if not await _may_see(envelope):
            amp.must_not_spy(rules)
    except Refused as refusal:
        _tell_sender(envelope, amp.refuse(element, refusal, by=domain))
        raise Dropped from refusal
    for rule in amp.decide(rules, _fate(envelope)):
        reply = amp.answer(element, rule, sender=envelope.sender, to=envelope.to, by=domain)
        if rule.action == "notify":
            envelope.after.append(partial(_tell_sender, envelope, reply))
            continue
        _tell_sender(envelope, reply)
        raise Dropped
    carried = element.find(amp.AMP_TAG)
    if carried is not None:  # section 4.1: every server says whose rules they are
        carried.set("from", envelope.sender.full)
        carried.set("to", envelope.to.full)


async def _may_see(envelope: Envelope) -> bool:
    """Whether the sender may know if the recipient is there (section 9)."""
    if envelope.sender.bare == envelope.to.bare:
        return True
    roster = await rosters.of(envelope.to.bare)
    return roster is not None and roster.is_seen_by(envelope.sender.bare)


def _fate(envelope: Envelope) -> amp.Fate:
    if envelope.undeliverable is not None:
        delivery = "none"
    elif envelope.copies:
        delivery = "direct"
    else:
        delivery = "stored"
    resources = tuple(copy.session.jid.resource for copy in envelope.copies)
    intended = envelope.to.resource
    return amp.Fate(delivery, resources, intended, datetime.now(UTC))


def _tell_sender(envelope: Envelope, reply: Element | None) -> None:
    if reply is None:
        return
    if envelope.session is not None:
        envelope.session.send(reply)
    else:
        wire().route(reply)


def answer_event_requests(envelope: Envelope) -> None:
    """Tell who asked for it that the message waits for the absent recipient (XEP-0022 section 2.1).

    The recipient's client does not see that request: it has been answered.
    """
    if EVENT not in envelope.tags:
        return
    for event in envelope.element.findall(EVENT):
        offline = event.find(_OFFLINE)
        if offline is None or event.find(_ID) is not None:
            continue
        event.remove(offline)
        if envelope.offline:
            raised = stanza("message", from_=envelope.to.bare, to=envelope.sender.full)
            answer = add(raised, EVENT)
            add(answer, _OFFLINE)
            add(answer, _ID, envelope.id)
            envelope.after.append(partial(_tell_sender, envelope, raised))
        if not len(event):
            envelope.element.remove(event)


def track(envelope: Envelope) -> None:
    """Open a line in the ledger for each device that will get it, or for the queue."""
    recipient_id = envelope.recipient_id
    if recipient_id is None:
        return
    if not envelope.offline and not worth_tracking(envelope.tags, envelope.type):
        return
    # What the sender does not want stored, and headlines, are never offered a second time.
    owed = envelope.archived and envelope.type != "headline"
    # That it was stored is said by its deliveries, which are stored with it.
    writes, message_id = envelope.writes, envelope.message_id
    if envelope.offline:
        writes.append(
            delivery_write(new_id(), message_id, recipient_id, None, state=State.QUEUED, owed=True)
        )
        writes.append(
            event_write(message_id, EventKind.QUEUED, recipient_id=recipient_id, node=wire().node)
        )
        envelope.after.append(partial(tell_pages, message_id))
        return
    for copy in envelope.copies:
        delivery = TrackedDelivery(
            new_id(), message_id, recipient_id, copy.session.device_id, ledger, owed=owed
        )
        delivery.written_owed = owed
        copy.tracked = delivery
        ledger.remember(envelope.sender.bare, envelope.to.bare, envelope.id, delivery)
        writes.append(
            delivery_write(
                delivery.id,
                message_id,
                recipient_id,
                delivery.device_id,
                state=State.STORED,
                owed=owed,
            )
        )
