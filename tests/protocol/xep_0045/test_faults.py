"""Rooms while the database is away, and after the service was killed."""

import asyncio
import sqlite3
from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.xep_0045.talk import STANZAS, USER, configure, enter, join, settled
from tests.service import ServiceProcess

pytestmark = pytest.mark.spec("XEP-0045")

SM = "urn:xmpp:sm:3"
ROOM = "tea@conference.localhost"
LOCKED_SECONDS = 3
ENOUGH = 50


def must_wait(kind: str, room: str) -> str:
    return (
        f"<{kind} type='error' from='{room}'><error type='wait'>"
        f"<resource-constraint xmlns='{STANZAS}'/></error></{kind}>"
    )


async def test_what_cannot_be_stored_is_said_to_nobody_and_the_room_recovers(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob")
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await enter(desk, ROOM, "alice")
    await configure(desk, ROOM, persistentroom="1")
    await enter(phone, ROOM, "bob")
    await settled(desk)
    other = sqlite3.connect(service.data / "chatops.sqlite3", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    await desk.send(f"<message to='{ROOM}' type='groupchat'><body>lost</body></message>")
    await desk.expect(must_wait("message", ROOM))
    await desk.send(f"<message to='{ROOM}' type='groupchat'><subject>lost</subject></message>")
    await desk.expect(must_wait("message", ROOM))
    await desk.send(f"<message to='{ROOM}/bob' type='chat'><body>lost</body></message>")
    await desk.expect(must_wait("message", f"{ROOM}/bob"))
    await asyncio.sleep(LOCKED_SECONDS)  # it is the lock's length that is tested
    other.execute("ROLLBACK")
    other.close()
    for number in range(5):
        await desk.send(
            f"<message to='{ROOM}' type='groupchat' id='n{number}'><body>new</body></message>"
        )
        if (await desk.next()).get("type") == "groupchat":
            break
    await phone.expect(f"<message from='{ROOM}/alice' type='groupchat'><body>new</body></message>")
    await desk.send(f"<presence to='{ROOM}/alice' type='unavailable'/>")
    await desk.wait_for(f"<presence from='{ROOM}/alice' type='unavailable'/>")
    await desk.send(join(ROOM, "alice", "<history maxstanzas='0'/>"))
    await desk.wait_for(f"<presence><x xmlns='{USER}'><status code='110'/></x></presence>")
    subject = await desk.wait_for("<message type='groupchat'><subject/></message>")
    assert not subject.findtext("{*}subject")
    for client in (desk, phone):
        await client.hang_up()


async def test_what_a_room_has_acknowledged_is_in_its_history_after_a_kill(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice")
    alice = Person(service, "alice")
    desk = await alice.online("desk")
    await enter(desk, ROOM, "alice")
    await configure(desk, ROOM, persistentroom="1", historylength="1000")
    await settled(desk)
    await desk.send(f"<enable xmlns='{SM}'/>")
    await desk.expect(f"<enabled xmlns='{SM}'/>")
    for number in range(ENOUGH * 2):
        await desk.send(
            f"<message to='{ROOM}' type='groupchat'><body>m{number}</body></message>"
            f"<r xmlns='{SM}'/>"
        )
    acknowledged = 0
    while acknowledged < ENOUGH:
        element = await desk.next()
        if element.tag == f"{{{SM}}}a":
            acknowledged = int(element.get("h", "0"))
    service.kill()
    await desk.hang_up()
    service.start()
    desk = await alice.online("desk")
    await desk.send(join(ROOM, "alice", "<history maxstanzas='1000'/>"))
    kept = await _history(desk)
    assert kept[:acknowledged] == [f"m{number}" for number in range(acknowledged)]
    assert len(set(kept)) == len(kept)
    await desk.hang_up()


async def _history(client: Client) -> list[str]:
    words: list[str] = []
    while True:
        element = await client.next()
        body = element.findtext("{*}body")
        if body is not None:
            words.append(body)
        elif element.find("{*}subject") is not None:
            return words
