"""Extended stanza addressing, XEP-0033: one stanza to the service, a copy to each who is named.

Copies go the way that they would go had the client sent them one by one: the same permissions,
archives, ledger and errors.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass

from chatops.core.features import DOMAIN, ITSELF, Feature
from chatops.core.limits import Limit
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element
from chatops.xmpp.errors import (
    BadRequest,
    Forbidden,
    Malformed,
    NotAcceptable,
    Refused,
    Unavailable,
    error_reply,
)
from chatops.xmpp.jid import JID, InvalidJID, parse
from chatops.xmpp.names import ADDRESSES

TAG, ADDRESS = f"{{{ADDRESSES}}}addresses", f"{{{ADDRESSES}}}address"
RECIPIENTS = ("to", "cc", "bcc")
OTHERS = ("replyto", "replyroom", "noreply", "ofrom")

MOST = Limit(
    "CHATOPS_MAX_ADDRESSES",
    "addresses",
    "Recipients that one stanza may name (XEP-0033).",
    "not-acceptable",
)

addressing = Feature("XEP-0033", (ADDRESSES,), at=(DOMAIN,))


class TooMany(NotAcceptable):
    """These are more recipients than one stanza may have."""


class NotForStrangers(Forbidden):
    """Only who is logged in here may write to many at once."""


class NoUris(Malformed):
    """This service reaches addresses of XMPP alone."""


class OutOfReach(Forbidden):
    """Nobody gets it, because one of the addresses is out of this service's reach."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is to get a copy."""

    jid: JID
    entry: Element  # his ``<address/>``
    hidden: bool  # bcc: the others do not see him


@addressing.message(DOMAIN, having=TAG)
async def send_message(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """Section 5: done when each copy is stored, or refused; what the client says next waits."""
    await _send_all(element, to, session)


@addressing.presence(ITSELF)
async def send_presence(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """Section 4.3: directed presence, which is withdrawn when the session goes."""
    if element.find(TAG) is not None and element.get("type") in (None, "unavailable"):
        await _send_all(element, to, session)


async def _send_all(element: Element, to: JID, session: Session | None) -> None:
    if session is None:
        raise NotForStrangers
    if to.resource:
        raise Unavailable("To many one writes by the address of the service itself.")
    recipients = list(_recipients(element.findall(TAG)))
    if MOST.is_exceeded_by(len(recipients)):
        raise TooMany
    finished: list[asyncio.Future[None]] = []
    for each in copies(element, recipients):
        done: asyncio.Future[None] = wire().loop.create_future()
        finished.append(done)
        try:
            pending = wire().send_for(session, each, _settler(done))
            if pending is not None:
                await pending
        except Refused as refusal:
            session.send(error_reply(each, refusal))
            _settler(done)()
    if finished:
        await asyncio.wait(finished)


def _settler(future: "asyncio.Future[None]") -> Callable[[], None]:
    return lambda: None if future.done() else future.set_result(None)


def copies(element: Element, recipients: Iterable[Recipient]) -> Iterator[Element]:
    """The stanza as each recipient gets it (section 4.2.4): who is hidden is seen by himself alone.

    What the recipients see says of all who were not hidden that the stanza was delivered to them.
    """
    everybody = list(recipients)
    for each in everybody:
        if not each.hidden:
            each.entry.set("delivered", "true")
    for each in everybody:
        if each.hidden:
            _parent(each.entry).remove(each.entry)
    told: set[str] = set()
    for each in everybody:
        if each.jid.full in told:
            continue
        told.add(each.jid.full)
        copy = deepcopy(element)
        copy.set("to", each.jid.full)
        if each.hidden:
            addresses = copy.find(TAG)
            if addresses is not None:
                addresses.append(deepcopy(each.entry))
        yield copy


def _recipients(blocks: Iterable[Element]) -> Iterator[Recipient]:
    """Who is to get it; raises for what section 4 does not allow."""
    for entry in (each for block in blocks for each in block.iterchildren(ADDRESS)):
        type_, jid = entry.get("type"), entry.get("jid")
        if type_ not in RECIPIENTS + OTHERS:
            raise BadRequest("An address has one of the known types.")
        if entry.get("uri") is not None:
            raise NoUris
        if jid is None:
            if type_ == "noreply":
                continue
            raise BadRequest("An address through a multicast service has a jid.")
        try:
            parsed = parse(jid)
        except InvalidJID as error:
            raise Malformed from error
        if type_ not in RECIPIENTS or entry.get("delivered") == "true":
            continue
        if not wire().reaches(parsed):
            raise OutOfReach
        yield Recipient(parsed, entry, hidden=type_ == "bcc")


def _parent(entry: Element) -> Element:
    parent = entry.getparent()
    if parent is None:
        raise RuntimeError("an address outside of its block")
    return parent
