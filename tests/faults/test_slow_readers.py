"""Who does not read costs bounded memory, and finds later what he missed; places are given back."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

import pytest
import websockets

from tests.conftest import Person, connect
from tests.conversation import Client, Ended, FrameWire, Mismatch
from tests.faults.test_slow_and_lost import MOST_GROWTH, hang_up, memory_of, reset
from tests.protocol.managed import SM, bodies, failed, logged_in, managed, message
from tests.service import ServiceProcess

OWNER = "http://jabber.org/protocol/muc#owner"


def take_little(client: Client) -> None:
    """His system keeps little of what he does not read; otherwise it would be megabytes."""
    wire = client.wire
    transport = wire._connection.transport if isinstance(wire, FrameWire) else wire._writer
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)


@pytest.mark.parametrize("door", ["tcp", "websocket"])
async def test_who_does_not_read_costs_no_memory_and_finds_all_of_it_later(
    own_service: Callable[..., ServiceProcess], door: str
) -> None:
    service = own_service("alice", "bob", CHATOPS_SEND_BUFFER_BYTES="500000")
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk = await alice.bound("desk")
    deaf = await bob.online("deaf", door=door)
    take_little(deaf)
    before = memory_of(service)
    count, padding = 400, "x" * 50_000  # 20 MB
    for number in range(count):
        await desk.send(
            f"<message to='{bob.jid}' type='chat'><body>m{number}</body><x xmlns='urn:example:pad'>"
            f"{padding}</x></message>"
        )
    await desk.nothing_more()
    assert memory_of(service) - before < MOST_GROWTH
    seen: list[str] = []  # all, where he was still being handed his queue; else until the cut
    with contextlib.suppress(Ended, ConnectionError):
        while len(seen) < count:
            seen += await bodies(deaf, 1)
    await deaf.hang_up()
    again = await bob.bound("again")
    await again.send("<presence/>")
    later = await bodies(again, count - len(seen))
    if later and later[0] != f"m{len(seen)}":
        overlap = len(seen) - int(later[0][1:])  # his machine had not acknowledged what he saw
        later += await bodies(again, overlap)
        seen = seen[:-overlap]
    assert seen + later == [f"m{number}" for number in range(count)]
    await again.send(  # a page of 10 MB, twenty times what may wait to be sent
        "<iq type='set' id='page'><query xmlns='urn:xmpp:mam:2'>"
        "<set xmlns='http://jabber.org/protocol/rsm'><max>200</max></set></query></iq>"
    )
    await again.wait_for("<iq type='result' id='page'><fin xmlns='urn:xmpp:mam:2'/></iq>")
    await hang_up(alice, bob)


@pytest.mark.spec("XEP-0198 §5", "XEP-0198 §7")
async def test_what_waits_for_a_session_is_bounded_and_its_end_loses_nothing(
    own_service: Callable[..., ServiceProcess],
) -> None:
    """Connected and deaf, cut off for too long, or with too much waiting: the queue has it all."""
    service = own_service(
        "alice",
        "bob",
        CHATOPS_MAX_UNACKNOWLEDGED="20",
        CHATOPS_RESUME_SECONDS="2",
        CHATOPS_CATCH_UP_HOURS="0",  # what one device has taken is not offered to the next
    )
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk = await alice.online("desk")
    # Somebody who acknowledges nothing.
    phone, token = await managed(bob, "phone")
    await phone.appear()
    words = [f"a{number}" for number in range(30)]
    await desk.send("".join(message(bob.jid, word) for word in words))
    await phone.ended("resource-constraint")
    phone = await took_all(bob, words)
    await refused(bob, token, h="*")
    # Too much came while he was away.
    _, token = await cut_off(bob, phone)
    words = [f"b{number}" for number in range(30)]
    await desk.send("".join(message(bob.jid, word) for word in words))
    await desk.nothing_more()
    await refused(bob, token, h="*")
    phone = await took_all(bob, words)
    # He stayed away for too long.
    _, token = await cut_off(bob, phone)
    await desk.send(f"<presence to='{bob.jid}' type='subscribe'/>")
    await desk.send(message(bob.jid, "c"))
    watcher = await bob.bound("watcher")
    await watcher.send("<presence><priority>-1</priority></presence>")
    await watcher.wait_for(f"<presence from='{bob.jid}/phone' type='-'/>")
    await watcher.wait_for(f"<presence from='{bob.jid}/phone' type='unavailable'/>")
    await refused(bob, token, h="*")
    await watcher.close()
    await took_all(bob, ["c"])
    await hang_up(alice, bob)


async def took_all(person: Person, words: list[str]) -> Client:
    """A fresh session gets all that waited, once, and acknowledges it."""
    client = await person.bound("fresh")
    await client.send("<presence/>")
    assert await bodies(client, len(words)) == words
    await client.nothing_more()
    return client


async def refused(person: Person, token: str, h: str) -> None:
    client = await logged_in(person)
    await client.send(f"<resume xmlns='{SM}' previd='{token}' h='0'/>")
    await client.expect(failed("item-not-found", h))


async def cut_off(person: Person, other: Client) -> tuple[Client, str]:
    """A session whose connection has broken, while no other takes what is sent."""
    await other.close()
    phone, token = await managed(person, "phone")
    await phone.appear()
    # What waited has been looked for when a later change is stored; from now on all comes directly.
    await phone.ask(
        "<iq type='set' id='stored'><query xmlns='jabber:iq:roster'>"
        "<item jid='somebody@elsewhere.example'/></query></iq>"
    )
    reset(phone)
    return phone, token


async def test_failed_handshakes_and_hung_up_streams_give_their_places_back(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", CHATOPS_MAX_CONNECTIONS_WAITING="3")
    alice = Person(service, "alice")
    for _ in range(6):
        reader, writer = await asyncio.open_connection("127.0.0.1", service.tls_port)
        writer.write(b"this is no handshake" * 50)
        with contextlib.suppress(ConnectionError):
            await reader.read()  # until it is closed
        writer.close()
    kept = [await alice.connect() for _ in range(3)]
    turned_away = await connect(service)
    await turned_away.ended("resource-constraint")
    await turned_away.hang_up()
    for door in ("websocket", "tls"):
        with pytest.raises((Ended, Mismatch, ConnectionError, websockets.ConnectionClosed)):
            turned_away = await connect(service, door)
            await turned_away.open()
        await turned_away.hang_up()
    for client in kept:
        await client.close()
    await (await alice.online()).nothing_else()
    await hang_up(alice)


@pytest.mark.spec("RFC 6120 §13.12", "XEP-0045 §7.4")
async def test_a_rooms_talk_does_not_pile_up_for_who_does_not_read(
    own_service: Callable[..., ServiceProcess],
) -> None:
    """He is cut off, and the room goes on without him."""
    service = own_service("alice", "bob", CHATOPS_SEND_BUFFER_BYTES="500000")
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk, deaf = await alice.online("desk"), await bob.online("deaf")
    take_little(deaf)
    room = "tea@conference.localhost"
    for client, nick in ((desk, "alice"), (deaf, "bob")):
        await client.send(
            f"<presence to='{room}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
        await client.wait_for(f"<message from='{room}'><subject/></message>")
        if client is desk:
            await desk.ask(
                f"<iq type='set' id='o' to='{room}'><query xmlns='{OWNER}'>"
                "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
            )
    before = memory_of(service)
    padding = "x" * 50_000
    for number in range(400):  # 20 MB
        await desk.send(
            f"<message to='{room}' type='groupchat' id='g{number}'><body>{padding}</body></message>"
        )
        await desk.wait_for(f"<message from='{room}/alice' id='g{number}'/>")
    await desk.nothing_more()
    assert memory_of(service) - before < MOST_GROWTH
    await deaf.ended()
    items = await desk.ask(
        f"<iq type='get' id='i' to='{room}'>"
        "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>"
    )
    assert [each.get("jid") for each in items[0]] in ([f"{room}/alice"], [])
    await hang_up(alice, bob)
