"""CRS on the wire: what devices confirm with, and what the service says (docs/crs.md)."""

import json
from dataclasses import dataclass
from datetime import datetime

from chatops.xmpp.content import BODY
from chatops.xmpp.elements import Element, add, make, parse, serialise, stanza, tag_of
from chatops.xmpp.names import CRS_OFFLINE, DELAY, RECEIPTS
from chatops.xmpp.stamps import stamp

CRS = "crs"  # the type of its messages
STORED = "10013"
OVERDUE = "501"
RECEIVED = "200"

_RECEIVED = f"{{{RECEIPTS}}}received"
_OFFLINE = f"{{{CRS_OFFLINE}}}offline"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A device has the message with that id; `detail` is how the timeline names what said so."""

    stanza_id: str
    detail: str


def read_confirmation(element: Element) -> Confirmation | None:
    """What a message to the service confirms; None where it is no such message.

    One that is, and confirms nothing (it names no message, or another code), has an empty id.
    """
    received = element.find(_RECEIVED)
    stanza_id = element.get("id", "")
    if element.get("type") == CRS:
        if element.find(_OFFLINE) is not None:
            return Confirmation(stanza_id, "CRS, after it had waited")
        if received is not None and (received.text or "").strip() not in ("", RECEIVED):
            return Confirmation("", "")
        return Confirmation(stanza_id, "CRS")
    if received is None or received.get("type") != RECEIVED:
        return None
    return Confirmation(received.get("id") or stanza_id, "CRS, in a receipt")


def stored_notice(stanza_id: str, *, at: datetime, by: str) -> Element:
    """To the sender: the message is stored durably."""
    notice = stanza("message", type_=CRS, id_=stanza_id, from_=by)
    add(notice, BODY, json.dumps({"time": stamp(at), "msgType": STORED}))
    return notice


def overdue_error(xml: str, stanza_id: str, *, sent: datetime, now: datetime, by: str) -> Element:
    """To the sender: the message, of which `xml` is the stanza, was not confirmed in time."""
    error = stanza("message", type_="error", id_=stanza_id, from_=by)
    for child in parse(xml.encode()):
        if tag_of(child) == BODY:
            error.append(child)
    add(error, f"{{{DELAY}}}delay", OVERDUE, current=stamp(now), stamp=stamp(sent))
    return error


def offline_mark(now: datetime) -> bytes:
    """What a message has that waited for its recipient."""
    return serialise(make(_OFFLINE, current=stamp(now)))
