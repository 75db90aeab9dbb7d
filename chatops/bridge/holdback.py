"""What a client that nobody looks at need not hear at once (XEP-0352), nor one that is cut off.

Presence waits, the latest of each sender alone; so do receipts and other late news; chat states
and messages that say nothing go nowhere (XEP-0085). All that is urgent takes with it what waited,
in its order.
"""

import enum
from collections.abc import Callable

from chatops.core.limits import Limit
from chatops.core.wire import Tracked
from chatops.xmpp.elements import Element, local_name, namespace_of, parse, tag_of
from chatops.xmpp.names import (
    CARBONS,
    CHAT_STATES,
    CLIENT,
    DELAY,
    FORWARD,
    HINTS,
    MARKERS,
    MUC_USER,
    PUBSUB_EVENT,
    RECEIPTS,
    STANZA_ID,
)

HELD_BACK = Limit(
    "CHATOPS_MAX_HELD_BACK",
    "stanzas",
    "Stanzas that wait for a client that reported itself inactive; then they are sent all the"
    " same.",
    "none",
)
MOST_BYTES = 262_144  # of all that waits for one session

_NOTHING = frozenset((CHAT_STATES, HINTS, STANZA_ID, DELAY))  # namespaces without news of their own
_LATE = frozenset((RECEIPTS, MARKERS, PUBSUB_EVENT))
_SILENT = frozenset((f"{{{CLIENT}}}thread", f"{{{CARBONS}}}private", f"{{{RECEIPTS}}}request"))
_SUBJECT = f"{{{CLIENT}}}subject"
_STATUS = f"{{{MUC_USER}}}x/{{{MUC_USER}}}status"


class Worth(enum.Enum):
    """What a stanza is worth to somebody who is not looking."""

    NOTHING = enum.auto()
    LATER = enum.auto()
    NOW = enum.auto()


class Holdback:
    """The stanzas that wait for one session."""

    def __init__(self, send: Callable[[bytes, Tracked | None], None]) -> None:
        self._send = send
        self._waiting: dict[object, tuple[bytes, Tracked | None]] = {}
        self._bytes = 0

    def takes(self, data: bytes, tracked: Tracked | None) -> bool:
        """Whether it need not be sent now; if it must, what waited has been sent before it."""
        element = parse(data)
        worth = worth_of(element)
        if worth is Worth.NOW:
            self.release()
            return False
        if worth is Worth.NOTHING and tracked is None:
            return True
        key: object = element.get("from") if local_name(element) == "presence" else object()
        replaced = self._waiting.pop(key, None)
        if replaced is not None:
            self._bytes -= len(replaced[0])
        self._waiting[key] = data, tracked
        self._bytes += len(data)
        if HELD_BACK.is_exceeded_by(len(self._waiting)) or self._bytes > MOST_BYTES:
            self.release()
        return True

    def release(self) -> None:
        """Send all that waits."""
        waiting, self._waiting, self._bytes = self._waiting, {}, 0
        for data, tracked in waiting.values():
            self._send(data, tracked)

    def tracked(self) -> list[Tracked]:
        """What of it somebody follows, for a session that is over."""
        return [tracked for _, tracked in self._waiting.values() if tracked is not None]


def worth_of(element: Element) -> Worth:
    """How urgent a stanza is."""
    kind = local_name(element)
    if kind == "presence":
        if element.get("type") not in (None, "unavailable"):
            return Worth.NOW  # about subscriptions, or an error
        # A room's status codes tell the receiver of himself.
        return Worth.NOW if element.find(_STATUS) is not None else Worth.LATER
    if kind != "message" or element.get("type") == "error":
        return Worth.NOW
    return _worth_of_message(element)


def _worth_of_message(element: Element) -> Worth:
    worth = Worth.NOTHING
    for child in element:
        namespace, tag = namespace_of(child), tag_of(child)
        if namespace == CARBONS and len(child):
            copied = child.find(f"{{{FORWARD}}}forwarded/{{{CLIENT}}}message")
            return Worth.NOW if copied is None else _worth_of_message(copied)
        if namespace in _NOTHING or tag in _SILENT:
            continue
        if namespace not in _LATE and tag != _SUBJECT:
            return Worth.NOW
        worth = Worth.LATER
    return worth
