"""How rooms begin, wake up and end, and that they are what they were after a restart."""

import asyncio
from collections.abc import Callable

import pytest

from tests.conftest import Person, connect
from tests.conversation import Client
from tests.protocol.xep_0045.talk import (
    MUC,
    USER,
    admin,
    condition,
    configure,
    enter,
    info_of,
    item,
    join,
    new_room,
    refused,
    seen,
    settled,
    tea_room,
)
from tests.service import PASSWORD, ServiceProcess

pytestmark = pytest.mark.spec("XEP-0045 §10")


async def test_a_temporary_room_ends_and_its_history_is_not_the_next_ones(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await owner.send(f"<message to='{room}' type='groupchat'><body>secret</body></message>")
    await owner.wait_for("<message><body>secret</body></message>")
    await owner.send(f"<presence to='{room}/alice' type='unavailable'/>")
    await owner.expect(seen(room, "alice", item("owner", "none"), 110, type_="unavailable"))
    await guest.send(join(room, "bob"))
    await guest.expect(seen(room, "bob", item("owner", "moderator"), 201, 110))
    await guest.expect(f"<message from='{room}' type='groupchat'><subject/></message>")


async def test_an_owner_who_cancels_the_first_form_has_no_room(alice: Person) -> None:
    owner, room = await alice.online(), new_room()
    await enter(owner, room, "alice")
    await owner.send(
        f"<iq type='set' id='c' to='{room}'><query xmlns='{MUC}#owner'>"
        "<x xmlns='jabber:x:data' type='cancel'/></query></iq>"
    )
    await owner.wait_for(
        f"<presence from='{room}/alice' type='unavailable'><x xmlns='{USER}'><destroy/></x>"
        "</presence>"
    )
    await settled(owner)
    assert condition(await info_of(owner, room)) == "item-not-found"


@pytest.mark.spec("XEP-0045 §7.2.17")
async def test_who_only_thinks_to_be_inside_is_told_so(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    for address in (room, new_room()):
        await guest.send(f"<presence to='{address}/bob'><show>away</show></presence>")
        await guest.expect(
            seen(address, "bob", item("none", "none"), 110, 307, 333, type_="unavailable")
        )
    await guest.hang_up()  # nobody was greeted, so nobody is told
    await owner.nothing_else()


async def test_many_who_come_and_go_at_once_find_one_room(person: Callable[[], Person]) -> None:
    clients = [await person().online() for _ in range(8)]
    room = new_room()

    async def come(client: Client, number: int) -> None:
        """Whoever makes the room opens it; the others try again until it is open."""
        while True:
            await client.send(join(room, f"n{number}"))
            while (answer := await client.next()).get("type") != "error":
                codes = {each.get("code") for each in answer.iter(f"{{{USER}}}status")}
                if "201" in codes:
                    await client.send(
                        f"<iq type='set' id='open' to='{room}'><query xmlns='{MUC}#owner'>"
                        "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
                    )
                if answer.find("{*}subject") is not None:
                    return

    async def visit(client: Client, number: int) -> None:
        for _ in range(5):
            await come(client, number)
            await client.send(f"<presence to='{room}/n{number}' type='unavailable'/>")
            await client.wait_for(
                f"<presence type='unavailable' from='{room}/n{number}'>"
                f"<x xmlns='{USER}'><status code='110'/></x></presence>"
            )
        await come(client, number)

    await asyncio.gather(*(visit(client, n) for n, client in enumerate(clients)))
    for number, client in enumerate(clients):
        await client.send(
            f"<message to='{room}' type='groupchat'><body>from {number}</body></message>"
        )
    for client in clients:  # all of them are in the same room
        for number in range(len(clients)):
            await client.wait_for(f"<message from='{room}/n{number}'><body/></message>")
    info = await info_of(clients[0], room)
    (count,) = info.findall(".//{*}field[@var='muc#roominfo_occupants']/{*}value")
    assert count.text == str(len(clients))


@pytest.mark.spec("XEP-0045 §11.2", "XEP-0410 §3", "XEP-0421 §4.1")
async def test_a_persistent_room_is_after_a_restart_what_it_was(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob")

    async def online(name: str) -> Client:
        client = await connect(service)
        await client.open()
        await client.authenticate(name, PASSWORD)
        await client.bind("desk")
        await client.appear()
        return client

    alice, bob = await online("alice"), await online("bob")
    tea, brief = "tea@conference.localhost", "brief@conference.localhost"
    for room, persistent in ((tea, "1"), (brief, "0")):
        await enter(alice, room, "alice")
        await configure(alice, room, persistentroom=persistent, membersonly="1", roomname="Tea")
    await admin(alice, tea, f"<item affiliation='member' jid='{bob.bare}'/>")
    await enter(bob, tea, "bob")
    await bob.send(f"<message to='{tea}' type='groupchat'><body>kept</body></message>")
    await alice.send(f"<message to='{tea}' type='groupchat'><subject>Milk</subject></message>")
    await bob.wait_for(f"<message from='{tea}/alice'><subject>Milk</subject></message>")
    await settled(alice)
    who = ".//{urn:xmpp:occupant-id:0}occupant-id"
    # Everybody is told that it is the service that goes, and nobody of the others.
    stopping = asyncio.create_task(asyncio.to_thread(service.stop))
    gone = seen(tea, "bob", item("member", "none"), 110, 332, type_="unavailable")
    before = (await bob.wait_for(gone)).find(who)
    await bob.ended("system-shutdown")
    for room in (tea, brief):
        await alice.wait_for(
            seen(room, "alice", item("owner", "none"), 110, 332, type_="unavailable")
        )
    await alice.ended("system-shutdown")
    await stopping
    for client in (alice, bob):
        await client.hang_up()
    service.start()
    bob = await online("bob")
    ping = f"<iq type='get' id='s' to='{tea}/bob'><ping xmlns='urn:xmpp:ping'/></iq>"
    assert condition(await bob.ask(ping)) == "not-acceptable"  # so it knows that it must rejoin
    await bob.send(join(tea, "bob"))
    own = await bob.expect(seen(tea, "bob", item("member", "participant"), 170, 110))
    after = own.find(who)
    assert before is not None
    assert after is not None
    assert after.attrib == before.attrib
    await bob.expect(
        f"<message from='{tea}/bob'><body>kept</body><delay xmlns='urn:xmpp:delay'/></message>"
    )
    await bob.expect(f"<message from='{tea}/alice'><subject>Milk</subject></message>")
    assert "Tea" in [each.get("name") for each in (await info_of(bob, tea)).iter()]
    await bob.send(join(brief, "bob"))
    await bob.expect(seen(brief, "bob", item("owner", "moderator"), 201, 110))
    await bob.hang_up()


async def test_a_locked_room_lets_nobody_in_but_its_owners(alice: Person, bob: Person) -> None:
    owner, guest, room = await alice.online(), await bob.online(), new_room()
    await enter(owner, room, "alice")
    await guest.send(join(room, "bob"))
    await guest.expect(refused("item-not-found"))
    phone = await alice.online("phone")
    await enter(phone, room, "alice")
