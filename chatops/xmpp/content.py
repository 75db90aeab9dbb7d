"""What a message says, judged by its children: content, or only that somebody is typing."""

from collections.abc import Collection

from chatops.xmpp.elements import Element
from chatops.xmpp.names import (
    CARBONS,
    CHAT_STATES,
    CLIENT,
    DELAY,
    EVENTS,
    HINTS,
    MUC_USER,
    RETRACT,
    STANZA_ID,
)

BODY = f"{{{CLIENT}}}body"
STORE, NO_STORE = f"{{{HINTS}}}store", f"{{{HINTS}}}no-store"
NO_PERMANENT_STORE = f"{{{HINTS}}}no-permanent-store"
PRIVATE, NO_COPY = f"{{{CARBONS}}}private", f"{{{HINTS}}}no-copy"  # XEP-0280 section 6
RETRACTION = f"{{{RETRACT}}}retract"
EVENT = f"{{{EVENTS}}}x"

_CHAT_STATE = f"{{{CHAT_STATES}}}"
# What goes along with content, and is none.
_TRIMMINGS = (
    f"{{{CLIENT}}}thread",
    f"{{{HINTS}}}",
    f"{{{STANZA_ID}}}",
    f"{{{DELAY}}}",
)
_FROM_ROOM = f"{{{MUC_USER}}}x"


def is_momentary(element: Element, tags: Collection[str]) -> bool:
    """Whether it is worth nothing once it is late: chat states (XEP-0085), composing (XEP-0022).

    `tags` are those of the element's children.
    """
    if BODY in tags:
        return False
    return all(
        tag.startswith(_CHAT_STATE)
        or tag.startswith(_TRIMMINGS)
        or (tag == EVENT and says_composing(element))
        or (tag == _FROM_ROOM and _is_empty(element.find(tag)))
        for tag in tags
    )


def says_composing(element: Element) -> bool:
    """Whether its message event says that somebody composes, or does no more (XEP-0022)."""
    event = element.find(EVENT)
    if event is None or event.find(f"{{{EVENTS}}}id") is None:
        return False
    lasting = ("offline", "delivered", "displayed")
    return all(event.find(f"{{{EVENTS}}}{name}") is None for name in lasting)


def _is_empty(element: Element | None) -> bool:
    return element is None or not len(element)
