"""The service is killed as a power failure would, while people write."""

import asyncio
from collections.abc import Callable

import pytest
from websockets import ConnectionClosed

from tests.conftest import Person
from tests.conversation import Client, Ended
from tests.service import ServiceProcess

SM = "urn:xmpp:sm:3"
MAM = "urn:xmpp:mam:2"
RSM = "http://jabber.org/protocol/rsm"
ENOUGH = 150


async def write_until_it_breaks(client: Client, to: str) -> None:
    number = 0
    try:
        while True:
            await client.send(
                f"<message to='{to}' type='chat' id='i{number}'><body>m{number}</body></message>"
            )
            await client.send(f"<r xmlns='{SM}'/>")
            number += 1
            await asyncio.sleep(0)  # lets the reader have its turn
    except (ConnectionError, ConnectionClosed):
        return


async def archived(client: Client) -> list[str]:
    """The words of all that is in the archive of the client's owner."""
    words: list[str] = []
    after = ""
    while True:
        await client.send(
            f"<iq type='set' id='page'><query xmlns='{MAM}'><set xmlns='{RSM}'><max>200</max>"
            f"{after}</set></query></iq>"
        )
        while not (element := await client.next()).tag.endswith("}iq"):
            words.append(element.findtext(".//{jabber:client}body") or "")
        fin = element.find(f"{{{MAM}}}fin")
        assert fin is not None
        if fin.get("complete") == "true":
            return words
        after = f"<after>{fin.findtext(f'.//{{{RSM}}}last')}</after>"


async def last_acknowledged(client: Client) -> int:
    """What the acknowledgements that are still on the wire add up to."""
    acknowledged = 0
    try:
        while True:
            element = await client.next()
            acknowledged = max(acknowledged, int(element.get("h") or 0))
    except (Ended, ConnectionError):
        return acknowledged


@pytest.mark.parametrize("door", ["tcp", "websocket"])
@pytest.mark.spec("XEP-0198 §4", "XEP-0160")
async def test_what_was_acknowledged_is_kept_and_reaches_the_absent_once(
    own_service: Callable[..., ServiceProcess], door: str
) -> None:
    # On a busy machine, too, all is stored in the end: who is told to try again spoils the count.
    service = own_service("alice", "bob", CHATOPS_STORE_SECONDS="60")
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk = await alice.bound("desk", door=door)
    await desk.send(f"<enable xmlns='{SM}'/>")
    await desk.expect(f"<enabled xmlns='{SM}'/>")
    writer = asyncio.create_task(write_until_it_breaks(desk, bob.jid))
    acknowledged = 0
    while acknowledged < ENOUGH:
        acknowledged = int((await desk.expect(f"<a xmlns='{SM}' h='*'/>")).get("h", "0"))
    service.kill()
    acknowledged = max(acknowledged, await last_acknowledged(desk))
    await writer

    service.start()
    kept = await archived(await alice.bound("desk"))
    assert kept[:acknowledged] == [f"m{number}" for number in range(acknowledged)]
    phone = await bob.bound("phone")
    assert await archived(phone) == kept
    await phone.send("<presence/>")
    for words in kept:
        await phone.wait_for(f"<message from='{alice.jid}/desk'><body>{words}</body></message>")
    await phone.nothing_else()
    await phone.close()
    again = await bob.online("phone")
    await again.nothing_else()
    for client in (*alice.clients, *bob.clients):
        await client.hang_up()
