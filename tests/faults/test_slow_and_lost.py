"""Who floods costs bounded memory and hinders nobody; what a dead connection had is not lost."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.managed import SM, bodies, failed, got, logged_in, managed, message
from tests.service import ServiceProcess

MEGABYTE = 2**20
FLOOD = 100 * MEGABYTE
STANZA = 200_000
# What the service may grow by: its buffers, what Python keeps, and the journal's batches.
MOST_GROWTH = 80 * MEGABYTE
LATEST = 5.0  # seconds for somebody else's message; on an idle service it is 0.01


def memory_of(service: ServiceProcess) -> int:
    """Bytes that the process holds in memory."""
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1_024


async def hang_up(*people: Person) -> None:
    for person in people:
        for client in person.clients:
            await client.hang_up()


def reset(client: Client) -> None:
    """Cut the connection as a crash does: the peer gets an RST, not an end."""
    sock: socket.socket = client.wire._writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.wire._writer.transport.abort()


@pytest.mark.spec("RFC 6120 §13.12")
async def test_a_flood_of_100_mb_neither_fills_the_memory_nor_hinders_others(
    own_service: Callable[..., ServiceProcess],
) -> None:
    """The flooder does not even read what he gets."""
    service = own_service(
        "alice", "bob", "charlie", CHATOPS_BYTES_PER_SECOND="20000000", CHATOPS_BYTE_BURST="1000000"
    )
    alice, bob, charlie = (Person(service, name) for name in ("alice", "bob", "charlie"))
    desk, phone, flooder = await alice.online(), await bob.online(), await charlie.online()
    before = most = memory_of(service)
    padding = "x" * STANZA
    request = f"<iq type='set' id='f'><flood xmlns='urn:example:flood'>{padding}</flood></iq>"

    async def flood() -> None:
        for _ in range(FLOOD // STANZA):
            await flooder.send(request)

    flooding = asyncio.create_task(flood())
    number, slowest = 0, 0.0
    while not flooding.done():
        began = time.monotonic()
        await desk.send(message(bob.jid, f"m{number}"))
        await phone.wait_for(got(desk, f"m{number}"))
        slowest = max(slowest, time.monotonic() - began)
        most = max(most, memory_of(service))
        number += 1
        await asyncio.sleep(0.01)
    await flooding
    assert number > 20
    assert slowest < LATEST
    assert most - before < MOST_GROWTH
    await flooder.nothing_more()  # he was slowed down, not thrown out
    await hang_up(alice, bob, charlie)


@pytest.mark.spec("XEP-0198 §5", "XEP-0198 §7")
async def test_a_reset_connection_gives_back_what_was_not_acknowledged(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    phone, _ = await managed(bob, "phone", resume=False)
    await phone.send("<presence/>")
    await phone.wait_for(f"<presence from='{phone.jid}'/>")
    for word in ("seen", "lost"):
        await desk.send(message(bob.jid, word))
        await phone.wait_for(got(desk, word))
    await phone.send(f"<a xmlns='{SM}' h='2'/>")
    await phone.nothing_more()
    reset(phone)
    again = await bob.bound("again")
    await again.send("<presence/>")
    assert await bodies(again, 1) == ["lost"]
    await again.nothing_else()


@pytest.mark.spec("XEP-0198 §5", "RFC 6120 §10.1")
async def test_after_a_kill_a_resumption_is_refused_and_nothing_is_lost(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob")
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk, phone = await alice.online("desk"), await bob.bound("phone")
    await phone.send(f"<enable xmlns='{SM}' resume='true'/>")
    token = (await phone.expect(f"<enabled xmlns='{SM}' id='*'/>")).get("id") or ""
    await phone.send("<presence/>")
    await phone.wait_for(f"<presence from='{phone.jid}'/>")
    for word in ("one", "two"):
        await desk.send(message(bob.jid, word))
        await phone.wait_for(got(desk, word))
    service.kill()
    await hang_up(alice, bob)
    service.start()
    again = await logged_in(bob)
    await again.send(f"<resume xmlns='{SM}' previd='{token}' h='3'/>")
    await again.expect(failed("item-not-found"))
    await again.bind("phone")  # on the same stream
    await again.send("<presence/>")
    assert await bodies(again, 2) == ["one", "two"]
    await hang_up(bob)
