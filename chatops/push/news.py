"""What a device is to hear of: which messages are worth waking somebody for."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field

from chatops.core.ids import new_id
from chatops.xmpp.content import BODY, NO_STORE, RETRACTION
from chatops.xmpp.elements import Element
from chatops.xmpp.jid import JID
from chatops.xmpp.names import (
    CONFERENCE,
    JINGLE_MESSAGE,
    MUC_USER,
    OMEMO,
    OMEMO_2,
    OPENPGP,
    PGP_LEGACY,
    REPLACE,
)

LONGEST_BODY = 500  # characters; what comes behind the app server takes little more

_ENCRYPTED = frozenset(
    (
        f"{{{OMEMO}}}encrypted",
        f"{{{OMEMO_2}}}encrypted",
        f"{{{OPENPGP}}}openpgp",
        f"{{{PGP_LEGACY}}}x",
    )
)
# A call, and an invitation into a room by who knows it.
_URGENT = _ENCRYPTED | {f"{{{JINGLE_MESSAGE}}}propose", f"{{{CONFERENCE}}}x"}
_INVITATION = f"{{{MUC_USER}}}x/{{{MUC_USER}}}invite"
_FROM_ROOM = f"{{{MUC_USER}}}x"
# Not to be kept, so there would be nothing to fetch; or no message of its own.
_QUIET = frozenset((NO_STORE, RETRACTION, f"{{{REPLACE}}}replace"))


@dataclass(frozen=True, slots=True)
class News:
    """What somebody's device is to hear of: a message that is stored, or a subscription request."""

    message_id: int  # of a request, an id of its own
    sender: str
    body: str
    in_ledger: bool = True  # so that its timeline can tell of the notification
    is_message: bool = True
    at: float = field(default_factory=time.time)


def is_worth_waking_for(
    element: Element, tags: Collection[str], type_: str, *, sender: JID, owner: str
) -> bool:
    """Whether a message to `owner` is: something that a person has said, or a call, or a request.

    Chat states, receipts and markers are not, nor what somebody's own devices say to each other.
    `tags` are those of the element's children.
    """
    if type_ not in ("chat", "normal") or sender.bare == owner:
        return False
    if not _QUIET.isdisjoint(tags):
        return False
    if BODY in tags and element.findtext(BODY):
        return True
    if not _URGENT.isdisjoint(tags):
        return True
    return _FROM_ROOM in tags and element.find(_INVITATION) is not None


def news_of(
    element: Element,
    tags: Collection[str],
    *,
    message_id: int,
    sender: JID,
    in_ledger: bool = True,
    from_room: bool = False,
) -> News:
    """What there is to tell of it. What is encrypted has no body but a remark for old clients."""
    body = (element.findtext(BODY) or "") if _ENCRYPTED.isdisjoint(tags) else ""
    if len(body) > LONGEST_BODY:
        body = body[: LONGEST_BODY - 1] + "…"
    # In rooms people are their nicknames, which are resources; elsewhere devices are nobody's
    # business.
    shown = sender.full if from_room or _FROM_ROOM in tags else sender.bare
    return News(message_id, str(shown), body, in_ledger)


def request_news() -> News:
    """Somebody asks for a subscription: it is counted apart, and who asks is not told."""
    return News(new_id(), "", "", in_ledger=False, is_message=False)
