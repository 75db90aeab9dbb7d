"""Another process holds the database for a while: senders are told to wait, and all recovers."""

import asyncio
import sqlite3
from collections.abc import Callable

from tests.conftest import Person
from tests.conversation import Client
from tests.service import ServiceProcess

LOCKED_SECONDS = 20
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


async def write(client: Client, to: str, words: str) -> None:
    await client.send(f"<message to='{to}' type='chat' id='{words}'><body>{words}</body></message>")


async def test_senders_wait_while_the_database_is_locked_and_are_served_afterwards(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob", "carol")
    loop = asyncio.get_running_loop()
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await write(desk, bob.jid, "before")
    await phone.expect(f"<message from='{desk.jid}'><body>before</body></message>")
    other = sqlite3.connect(service.data / "chatops.sqlite3", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    began, refused = loop.time(), 0
    while loop.time() - began < LOCKED_SECONDS:
        # Carol has no archive yet, so what is sent to her waits at another place.
        to = (bob.jid, f"carol@{service.domain}")[refused % 2]
        asked = loop.time()
        await write(desk, to, f"refused{refused}")
        await desk.expect(
            f"<message type='error' id='refused{refused}'><error type='wait'>"
            f"<resource-constraint xmlns='{STANZAS}'/><text xmlns='{STANZAS}'>*</text>"
            "</error></message>"
        )
        assert loop.time() - asked < 2
        refused += 1
        await desk.nothing_else()  # the stream lives, and what needs no row is answered
    other.execute("ROLLBACK")
    other.close()

    number = 0
    while True:  # it recovers by itself: within a few tries
        await write(desk, bob.jid, f"new{number}")
        await desk.send(
            f"<iq type='get' id='p{number}' to='{service.domain}'>"
            "<ping xmlns='urn:xmpp:ping'/></iq>"
        )
        if (await desk.next()).tag.endswith("}iq"):
            break
        await desk.expect(f"<iq id='p{number}'/>")
        number += 1
        assert number < 5
    # Whoever was told that his message was refused must not find it delivered.
    await phone.expect(f"<message from='{desk.jid}'><body>new{number}</body></message>")
    await phone.nothing_else()
    for client in (desk, phone):
        await client.hang_up()
