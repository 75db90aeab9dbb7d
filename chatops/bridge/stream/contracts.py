"""What a stream needs of the service above it and of the connection below it."""

from collections.abc import Awaitable, Mapping
from typing import Protocol

from chatops.bridge.session_table import SessionTable
from chatops.bridge.sessions import LiveSession
from chatops.core.wire import Session
from chatops.xmpp.elements import Element


class Router(Protocol):
    """Where a bound session's stanzas go."""

    def handle(self, session: Session, element: Element) -> Awaitable[None] | None: ...
    async def session_bound(self, session: Session) -> None: ...


class Gate(Protocol):
    """The service, as a stream sees it."""

    @property
    def sessions(self) -> SessionTable: ...
    @property
    def router(self) -> Router: ...

    def session_over(self, session: LiveSession) -> None: ...


class Door(Protocol):
    """The connection under a stream: how its elements are framed, and its transport."""

    name: str
    address: str
    secure: bool
    manageable: bool  # whether XEP-0198 is on offer

    def write(self, data: bytes) -> None: ...
    def close(self, fault: Element | None) -> None:
        """End the stream, with an error or without, and then the connection."""

    def is_drained(self) -> bool: ...
    async def drained(self) -> None: ...
    def hold_back(self, *, hold: bool) -> None:
        """Stop or go on reading."""

    def may_start_tls(self) -> bool: ...
    async def start_tls(self) -> None:
        """Answer ``<proceed/>`` and encrypt; the client then opens a new stream."""

    def bindings(self) -> Mapping[str, bytes]:
        """Type and data of the TLS channel bindings there are (RFC 5056), the strongest first."""

    def trust(self, limit: int) -> None:
        """Somebody has logged in, and the stream goes on; `limit` is the largest stanza."""

    def restart(self, limit: int) -> None:
        """A new stream begins on the connection; `limit` is the largest stanza."""
