"""Bad input of every kind: each closes its own connection, with its own error, and is survived."""

import asyncio
import os
import ssl

import pytest

from tests.conftest import Person, connect
from tests.conversation import SASL, Client, Mismatch, Wire
from tests.service import ServiceProcess

TRIES = 1_000
AT_ONCE = 25


@pytest.mark.spec("RFC 6120 §13.12")
async def test_a_thousand_wrong_passwords_are_refused_and_hinder_nobody(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    """Five a stream, as a stream allows; meanwhile somebody who knows his own logs in."""
    left = TRIES
    conditions: set[str] = set()

    async def guess() -> None:
        nonlocal left
        while left > 0:
            client = await connect(service)
            await client.open()
            for _ in range(5):
                left -= 1
                try:
                    await client.authenticate(alice.name, "a wrong one")
                except Mismatch as refused:
                    conditions.add(str(refused).partition("but came:")[2].split("<ns0:")[2][:14])
            await client.ended("policy-violation")
            await client.hang_up()

    guessing = [asyncio.create_task(guess()) for _ in range(AT_ONCE)]
    known = await bob.online()
    await known.nothing_else()
    await asyncio.gather(*guessing)
    assert conditions == {"not-authorized"}
    await (await alice.online()).nothing_else()


@pytest.mark.parametrize("door", ["tcp", "tls", "http", "websocket"])
@pytest.mark.spec("RFC 6120 §4.9.3", "RFC 6120 §13.12")
async def test_binary_garbage_closes_its_own_connection_only(
    service: ServiceProcess, alice: Person, door: str
) -> None:
    client = await alice.online()
    for size in (1, 100, 100_000):
        garbage = os.urandom(size)
        if door == "websocket":
            stranger = await connect(service, "websocket")
            await stranger.wire.write(garbage)
            await stranger.ended("bad-format")
            continue
        port = {"tcp": service.c2s_port, "tls": service.tls_port, "http": service.http_port}[door]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(garbage)
        writer.write_eof()
        try:
            await asyncio.wait_for(reader.read(), 15)
        except ConnectionError:
            pass
        finally:
            writer.close()
    await client.nothing_else()


@pytest.mark.spec("RFC 6120 §10.1", "RFC 6120 §13.12")
async def test_a_flood_is_answered_in_order_and_others_are_served(
    alice: Person, bob: Person
) -> None:
    flooding, other = await alice.online(), await bob.online()
    count = 5_000
    ping = "<iq type='get' id='p{}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"
    sending = asyncio.create_task(
        flooding.wire.write("".join(ping.format(number) for number in range(count)))
    )
    await other.nothing_else()
    for number in range(count):
        await flooding.expect(f"<iq type='result' id='p{number}'/>")
    await sending


async def test_connections_that_say_nothing_or_break_cost_nobody_anything(
    service: ServiceProcess, alice: Person
) -> None:
    client = await alice.online()
    for _ in range(200):
        _, writer = await asyncio.open_connection("127.0.0.1", service.c2s_port)
        writer.write(b"<stream:stream to='loc")
        writer.transport.abort()
    await client.nothing_else()


@pytest.mark.spec("RFC 6120 §5.4.3")
async def test_a_handshake_that_is_not_tls_ends_after_proceed(alice: Person) -> None:
    client = await alice.connect()
    await client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    await client.expect("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    await client.wire.write(b"<message to='a@localhost'><body>in the clear</body></message>")
    await client.ended()


@pytest.mark.spec("RFC 6120 §5.3.3", "RFC 7590 §3.1")
async def test_what_was_sent_in_the_clear_behind_starttls_is_not_obeyed(
    alice: Person, service: ServiceProcess
) -> None:
    """CVE-2011-0411 and its like: the plain text must not be read as part of the encrypted."""
    wire = await Wire.connect("127.0.0.1", service.c2s_port)
    client = Client(wire, service.domain)
    alice.clients.append(client)
    await client.open()
    await client.wire.write(
        "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
        f"<auth xmlns='{SASL}' mechanism='SCRAM-SHA-1'>biwsbj1hLHI9Yg==</auth>"
    )
    await client.expect("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    await client.wire.start_tls(context)
    await client.open()  # the next thing is the stream, not the answer to that <auth/>
