"""A stream when the service itself fails: its own end, with a name, and nobody else's."""

import asyncio
from collections.abc import Awaitable, Mapping

import pytest

from chatops.bridge.session_table import SessionTable
from chatops.bridge.sessions import LiveSession
from chatops.bridge.stream.stream import Stream
from chatops.core.wire import Session
from chatops.xmpp.elements import Element, serialise, stanza
from chatops.xmpp.jid import parse


class BrokenRouter:
    """Fails at once, or a little later."""

    def __init__(self, *, later: bool) -> None:
        self._later = later

    def handle(self, session: Session, element: Element) -> Awaitable[None] | None:
        if not self._later:
            raise RuntimeError("broken")
        return self._fail()

    async def _fail(self) -> None:
        raise RuntimeError("broken later")

    async def session_bound(self, session: Session) -> None: ...


class BrokenGate:
    def __init__(self, *, later: bool) -> None:
        self.sessions, self.router = SessionTable(), BrokenRouter(later=later)

    def session_over(self, session: LiveSession) -> None: ...


class Connection:
    """A Door that keeps what is written."""

    name, address, secure, manageable = "tcp", "127.0.0.1", True, True

    def __init__(self) -> None:
        self.fault: Element | None = None
        self.closed = asyncio.Event()

    def write(self, data: bytes) -> None: ...
    def close(self, fault: Element | None) -> None:
        self.fault = fault
        self.closed.set()

    def is_drained(self) -> bool:
        return True

    async def drained(self) -> None: ...
    def hold_back(self, *, hold: bool) -> None: ...
    def may_start_tls(self) -> bool:
        return False

    async def start_tls(self) -> None: ...
    def bindings(self) -> Mapping[str, bytes]:
        return {}

    def trust(self, limit: int) -> None: ...
    def restart(self, limit: int) -> None: ...


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.spec("RFC 6120 §4.9.3.8")
async def test_a_failure_of_our_own_is_called_that(
    later: bool, caplog: pytest.LogCaptureFixture
) -> None:
    door = Connection()
    stream = Stream(BrokenGate(later=later), door, plaintext_allowed=True)
    stream.take_over(LiveSession(parse("bob@localhost/phone"), 1, 1, lambda _: None))
    stream.feed([stanza("iq", type_="get", id_="1")])
    await door.closed.wait()
    assert door.fault is not None
    assert b"<internal-server-error" in serialise(door.fault)
    assert b"broken" not in serialise(door.fault)
    assert "broken" in caplog.text  # for administrators
