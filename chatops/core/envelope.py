"""A message on its way through the pipeline of settings.MESSAGE_POLICY."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from chatops.core.journal import Write
from chatops.core.wire import Session, Tracked
from chatops.xmpp.elements import Element
from chatops.xmpp.jid import JID


class Dropped(Exception):
    """The message ends here, silently."""


@dataclass(slots=True)
class Copy:
    """One copy for one session, decided by the policies, handed over after the commit."""

    session: Session
    tracked: Tracked | None = None


@dataclass(slots=True)
class Envelope:
    """A message stanza with what the policies decide about it.

    A policy is ``policy(envelope) -> Awaitable[None] | None``: None when it decided at once, which
    is what the hot path does. It raises Refused to send an error back, Dropped to say nothing.
    """

    element: Element  # from is set and true
    sender: JID
    to: JID  # an account of this domain, bare or full; other addresses do not pass the pipeline
    type: str  # chat, normal, groupchat, headline or error
    id: str  # the client's id, "" for none
    message_id: int  # ours: archive key, stanza-id, MAM id
    session: Session | None  # the sender's, None for the service and for foreign domains
    tags: frozenset[str]  # of the element's children: asked often, so read once
    writes: list[Write] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    carbons: list[Session] = field(default_factory=list)  # "received" carbons go there
    own_copies: list[Session] = field(default_factory=list)  # "sent" carbons go there
    sender_id: int | None = None  # account pk of the sender, where it is local
    recipient_id: int | None = None  # account pk of the addressee, where it exists
    archived: bool = False  # a row of archive.Message is among `writes`
    archived_for_recipient: bool = False  # so the recipient's copies carry a stanza-id
    data: bytes | None = None  # as it is delivered, where it is serialised already
    offline: bool = False  # it is queued for an absent recipient
    queueing: bool = False  # counted as `underway` into the queue
    undeliverable: Exception | None = None  # what ends it, unless a rule of its own decides before
    track_copy: Callable[[Session], Tracked | None] | None = None  # follows a received carbon
    after: list[Callable[[], None]] = field(default_factory=list)  # called after the hand-over
    not_stored: tuple[Callable[[], None], ...] = ()  # called in place of it, if it cannot be stored


Policy: TypeAlias = Callable[[Envelope], Awaitable[None] | None]
