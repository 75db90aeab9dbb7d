"""Devices that catch up, while the service is killed: nothing twice, nothing lost."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.conftest import Person
from tests.faults.test_slow_and_lost import hang_up
from tests.ledger import becomes
from tests.protocol.devices import comes, settled
from tests.protocol.managed import got, message
from tests.protocol.test_catching_up import CARBONS, has_all, of, wants_copies, was_here
from tests.service import ServiceProcess


def copies_noted(service: ServiceProcess) -> int:
    path = service.data / "chatops.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM delivery_copiesgot").fetchone()[0])


@pytest.mark.spec("XEP-0198 §5", "XEP-0280")
async def test_a_killed_service_knows_what_each_device_has(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob")
    alice, bob = Person(service, "alice"), Person(service, "bob")

    def restart() -> None:
        service.kill()
        service.start()

    desk = await alice.online("desk")
    await was_here(bob, "phone")
    copied, _ = await settled(bob, "copied")
    await wants_copies(copied)
    tablet, _ = await settled(bob, "tablet")
    await desk.send(message(bob.jid, "m"))
    await desk.send(message(tablet.jid, "c"))
    await tablet.wait_for(got(desk, "c"))
    await copied.wait_for(f"<message><received xmlns='{CARBONS}'/></message>")
    told = "stored, sent copied, sent tablet, confirmed tablet"
    await tablet.confirms()
    await becomes(service, alice.jid, "m", told, "sent copied owed, confirmed tablet")
    await copied.confirms()
    async with asyncio.timeout(15):
        while not copies_noted(service):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    phone, _ = await comes(bob, "phone")
    await phone.wait_for(got(desk, "m"))
    told += ", confirmed copied, offered phone, sent phone"
    had = "confirmed copied, confirmed tablet"
    await becomes(service, alice.jid, "m", told, f"{had}, sent phone owed")
    restart()  # it has not confirmed
    phone, _ = await comes(bob, "phone")
    await phone.wait_for(got(desk, "m"))
    await phone.confirms()
    told += ", missed phone, offered phone, sent phone, confirmed phone"
    await becomes(service, alice.jid, "m", told, f"{had}, confirmed phone")
    restart()
    for resource in ("phone", "copied", "tablet"):
        assert of(await has_all(bob, resource), "m", "c") == []
    await hang_up(alice, bob)
