"""What runs, as the domain apps see it: sessions, routing, the journal. The bridge is it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chatops.core.journal import Write
from chatops.xmpp.elements import Element
from chatops.xmpp.jid import JID

# Noted on a session: the status of its last unavailable presence (XEP-0012).
FAREWELL = "farewell"


class Tracked(Protocol):
    """One message on its way to one device; the ledger's hand on the wire."""

    owed: bool  # it must be offered again, unless something is heard of it
    insists: bool  # without XEP-0198, only the device's own word settles it

    def sent(self, session: "Session") -> None:
        """It was written to the session's connection."""

    def confirmed(self, session: "Session") -> None:
        """The device acknowledged it (XEP-0198)."""

    def settled(self, session: "Session") -> None:
        """Without XEP-0198: the connection showed life, or closed cleanly, after it was sent."""

    def lost(self, session: "Session") -> None:
        """The session is gone and nothing says that the device got it."""


class Unanswered(Exception):
    """Who was asked does not know, is gone, or takes too long; silence is an error of ours."""

    def __init__(
        self,
        condition: str = "remote-server-timeout",
        type_: str = "wait",
        text: str = "There was no answer in time.",
    ) -> None:
        super().__init__(f"{condition}: {text}" if text else condition)
        self.condition, self.type, self.text = condition, type_, text


class Session(Protocol):
    """A bound resource, RFC 6120 section 7: one device that is logged in."""

    jid: JID  # the full JID
    bare: str  # its bare JID, as text
    user_id: int
    device_id: int
    door: str  # "tcp", "tls", "websocket", "bosh"
    address: str  # where it comes from
    client: str  # name of the client's software, "" until known
    since: float  # time.time() of the login
    last_active: float  # time.time() of what it last sent
    managed: bool  # it uses XEP-0198
    priority: int
    presence: Element | None  # its last available presence, None while it is not available
    carbons: bool
    interested: bool  # it asked for the roster, so it gets roster pushes
    directed: dict[str, None]  # whom it has sent presence to directly, in that order
    notes: dict[str, Any]  # what features remember of this session, under their own names

    @property
    def blocked_until_resumed(self) -> bool:
        """Its connection is cut, and it may come back (XEP-0198)."""

    def send(self, stanza: bytes | Element, tracked: Tracked | None = None) -> None:
        """Write a stanza; queues it while the connection is cut."""

    async def drained(self) -> None:
        """Wait until what was sent has mostly left the service, or the session is gone."""

    def rest(self) -> None:
        """Nobody looks at the client: what is not urgent may wait (XEP-0352)."""

    def wake(self) -> None:
        """Somebody looks again: what has waited is sent."""

    def begin(self) -> None:
        """A message of this session is under way; it counts as handled at `finish`."""

    def finish(self) -> None: ...

    def end(self, condition: str, text: str = "") -> None:
        """Close the stream with a stream error, and end the session for good."""


class Wire(Protocol):
    """The running service."""

    node: str

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...

    def sessions_of(self, bare: str) -> Collection[Session]:
        """All sessions of an account, available or not."""

    def session(self, full: JID) -> Session | None: ...

    def all_sessions(self) -> Collection[Session]: ...

    def route(self, stanza: Element) -> None:
        """Send a stanza on its way, from and to set: to an account, a session, a sub-service.

        For what the service itself or a sub-service says; no permission is asked.
        """

    def reaches(self, jid: JID) -> bool:
        """Whether its domain is this service's, or a sub-service's."""

    async def ask(
        self, to: JID, payload: Element, *, type_: str = "get", patience: float = 30
    ) -> Element | None:
        """Put a question of the service's own to an address; the payload of the result.

        Raises Unanswered with the condition and type of the error, or with what is wrong here.
        """

    def send_for(
        self, session: Session, stanza: Element, finished: Callable[[], None]
    ) -> Awaitable[None] | None:
        """Send a message or presence as if the session had, which it asked for in another stanza.

        `finished` is called once, when it is stored, refused or dropped; what is returned is to be
        awaited before the next one.
        """

    def commit(
        self,
        writes: Sequence[Write],
        done: Callable[[], None],
        failed: Callable[[], None] | None = None,
    ) -> None:
        """Have rows written in the next batch; then call `done`, or `failed` where it cannot be.

        Without `failed` they wait for as long as the database is away.
        Calls are made on the loop, in the order of `commit`, also for no rows at all.
        """

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the background; its exception is logged."""

    def tell(self, news: object) -> None:
        """Tell news (`core.live`) from the loop; services ring instead."""

    def page(self, group: str, event: dict[str, Any]) -> None:
        """Tell the live pages that look at `group`. Callable from the loop only."""


@dataclass
class _Seat:
    wire: Wire | None = field(default=None)


_seat = _Seat()


class NotRunning(RuntimeError):
    """This process runs no bridge; ring a bell instead (`core.live`)."""


def wire() -> Wire:
    """The service that runs in this process. Raises NotRunning."""
    if _seat.wire is None:
        raise NotRunning
    return _seat.wire


async def settled() -> None:
    """Wait until all that was committed before is stored."""
    stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    wire().commit([], lambda: None if stored.done() else stored.set_result(None))
    await stored


def running() -> bool:
    return _seat.wire is not None


def install(implementation: Wire | None) -> None:
    _seat.wire = implementation
