"""A service whose BOSH sessions are impatient, so that tests need not wait."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

import pytest
import pytest_asyncio

from tests.bosh import BoshWire, Response
from tests.service import PASSWORD, ServiceProcess

SETTINGS = {
    "CHATOPS_HTTPS": "on",  # a proxy may say so; who comes directly says nothing
    "CHATOPS_BOSH_INACTIVITY_SECONDS": "2",
    "CHATOPS_BOSH_POLLING_SECONDS": "1",
    "CHATOPS_BOSH_MAX_PAUSE_SECONDS": "5",
    "CHATOPS_MAX_CONNECTIONS_WAITING": "60",
    "CHATOPS_BOSH_MAX_BODY_BYTES": "300000",
    "CHATOPS_BOSH_ORIGINS": "https://chat.example.org, https://other.example.org",
}
Start = Callable[..., Coroutine[None, None, "Session"]]


class Session(BoshWire):
    """One session, each request of which a test writes itself."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self._asked: list[asyncio.Task[Response]] = []

    def ask(self, payload: str = "", **attributes: object) -> "asyncio.Task[Response]":
        """Send the next request; its response may take a while."""
        self._asked.append(asyncio.ensure_future(self.post(payload, **attributes)))
        return self._asked[-1]

    async def hang_up(self) -> None:
        for task in self._asked:
            task.cancel()
        await asyncio.gather(*self._asked, return_exceptions=True)
        await super().hang_up()

    async def start(self, **attributes: object) -> Response:
        said = {"to": "localhost", "ver": "1.6", "wait": 60, "hold": 1, "xmpp_version": "1.0"}
        response = await self.post(**(said | attributes))
        self.session = dict(response.body.attrib) if response.content else {}
        self.sid = self.session.get("sid", "")
        return response

    async def ended(self, condition: str = "item-not-found") -> None:
        """The service knows the session no more, or says why it ended."""
        body = (await self.post()).body
        assert (body.get("type"), body.get("condition")) == ("terminate", condition)


@pytest.fixture(scope="package")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    process = ServiceProcess(tmp_path_factory.mktemp("bosh") / "data", SETTINGS)
    process.data.mkdir()
    process.manage("migrate", "-v0")
    names = ["alice", "bob", *(f"person{number}" for number in range(40))]
    lines = [f"{name}@{process.domain},{PASSWORD}" for name in names]
    process.manage("account", "import", "-", text="\n".join(lines))
    process.start()
    yield process
    process.stop()
    assert "Traceback" not in process.log, process.log[-5000:]


@pytest_asyncio.fixture
async def start(impatient: ServiceProcess) -> AsyncIterator[Start]:
    """Begins sessions; they are ended afterwards."""
    sessions: list[Session] = []

    async def make(**attributes: object) -> Session:
        sessions.append(Session("127.0.0.1", impatient.http_port))
        await sessions[-1].start(**attributes)
        return sessions[-1]

    yield make
    for session in sessions:
        await session.hang_up()
