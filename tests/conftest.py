"""Fixtures: one service for each worker, fresh people for each test."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from tests.bosh import BoshWire
from tests.conversation import Client, FrameWire, Wire, any_certificate
from tests.postgres import Postgres
from tests.service import PASSWORD, ServiceProcess

pytest_plugins = ["tests.proof"]

# How fast examples are made says how busy the machine is, and nothing of what is tested.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")

ACCOUNTS = 400  # at a time
usual_door = ["tcp"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--door",
        choices=("tcp", "tls", "websocket", "bosh"),
        default="tcp",
        help="through which clients come where a test does not say",
    )


def pytest_configure(config: pytest.Config) -> None:
    usual_door[0] = config.getoption("--door")


class Person:
    """Somebody with an account; `online` logs a client in."""

    def __init__(self, service: ServiceProcess, name: str) -> None:
        self.service, self.name = service, name
        self.jid = f"{name}@{service.domain}"
        self.clients: list[Client] = []

    async def connect(self, door: str = "", host: str = "127.0.0.1") -> Client:
        """A stream that is open and not authenticated."""
        client = await connect(self.service, door, host)
        self.clients.append(client)
        await client.open()
        return client

    async def bound(self, resource: str = "", *, door: str = "") -> Client:
        """Logged in, and not available yet."""
        client = await self.connect(door)
        await client.authenticate(self.name, PASSWORD)
        await client.bind(resource)
        return client

    async def online(
        self, resource: str = "", *, door: str = "", priority: int | None = None
    ) -> Client:
        """Logged in and available."""
        client = await self.bound(resource, door=door)
        await client.appear(priority)
        return client


async def connect(service: ServiceProcess, door: str = "", host: str = "127.0.0.1") -> Client:
    """Through "tcp", "tls", "websocket" or "bosh", else the one of `--door`; not open yet."""
    door = door or usual_door[0]
    wire: Wire
    if door == "bosh":
        wire = BoshWire(host, service.http_port)
    elif door == "websocket":
        wire = await FrameWire.connect_to(service.websocket_at(host))
    elif door == "tls":
        wire = await Wire.connect(host, service.tls_port, any_certificate())
    else:
        wire = await Wire.connect(host, service.c2s_port)
    return Client(wire, service.domain)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """The service that all tests of this worker talk to."""
    process = ServiceProcess(tmp_path_factory.mktemp("service") / "data")
    process.data.mkdir()
    process.manage("migrate", "-v0")
    add_people(process, 0)
    process.manage("account", "add", "root", "--password", PASSWORD, "--admin")
    process.start()
    yield process
    process.stop()
    assert "Traceback" not in process.log, process.log[-5000:]
    assert "nothing was changed" in process.manage("ledger", "verify")


def add_people(process: ServiceProcess, first: int) -> None:
    numbers = range(first, first + ACCOUNTS)
    lines = [f"person{number}@{process.domain},{PASSWORD}" for number in numbers]
    process.manage("account", "import", "-", text="\n".join(lines))


_names = itertools.count()


@pytest_asyncio.fixture
async def person(service: ServiceProcess) -> AsyncIterator[Callable[[], Person]]:
    """Makes fresh people; their clients are hung up afterwards."""
    people: list[Person] = []

    def make() -> Person:
        number = next(_names)
        if number and number % ACCOUNTS == 0:  # all that there are have been somebody
            add_people(service, number)
        people.append(Person(service, f"person{number}"))
        return people[-1]

    yield make
    clients = [client for each in people for client in each.clients]
    await asyncio.gather(*(client.hang_up() for client in clients))


@pytest.fixture
def alice(person: Callable[[], Person]) -> Person:
    return person()


@pytest.fixture
def bob(person: Callable[[], Person]) -> Person:
    return person()


@pytest.fixture
def charlie(person: Callable[[], Person]) -> Person:
    return person()


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Callable[..., ServiceProcess]]:
    """Services of a test's own, to be killed and restarted; settings as keywords."""
    made: list[ServiceProcess] = []

    def make(*names: str, **settings: str) -> ServiceProcess:
        process = ServiceProcess(tmp_path / f"own{len(made)}", settings)
        process.data.mkdir()
        process.manage("migrate", "-v0")
        lines = [f"{name}@{process.domain},{PASSWORD}" for name in names]
        process.manage("account", "import", "-", text="\n".join(lines))
        made.append(process)
        return process.start()

    yield make
    for process in made:
        if process.process is not None:
            process.kill()


@pytest.fixture
def database() -> Iterator[Postgres]:
    """A PostgreSQL, empty and running."""
    server = Postgres()
    yield server
    server.remove()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI a skipped test is a failed one: what it needs has to be there."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
