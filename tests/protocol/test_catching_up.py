"""Several devices of one account: each gets what the others got while it was away, once."""

import asyncio

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.ledger import becomes
from tests.protocol.devices import Device, comes, has_its_queue, settled
from tests.protocol.managed import got, message
from tests.protocol.test_xep_0388 import agent, log_in
from tests.service import ServiceProcess

CARBONS, DELAY, MAM = "urn:xmpp:carbons:2", "urn:xmpp:delay", "urn:xmpp:mam:2"

pytestmark = pytest.mark.spec("XEP-0203")


async def leaves(device: Device) -> None:
    """With all that it has got."""
    await device.confirms()
    await device.client.close()


async def was_here(person: Person, *resources: str) -> None:
    """Devices that are known, and away."""
    for resource in resources:
        device, _ = await settled(person, resource)
        await leaves(device)


async def has_all(person: Person, resource: str) -> Device:
    """It comes, and has got all that there is for it."""
    device, _ = await comes(person, resource)
    await has_its_queue(person, device)
    await device.confirms()
    return device


def of(device: Device, *names: str) -> list[str]:
    """What the device got of these, in its order."""
    return [each for each in device.messages if each in names]


async def test_what_another_device_confirmed_is_offered_to_one_that_was_away(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    await was_here(bob, "phone")
    tablet, _ = await settled(bob, "tablet")
    await desk.send(message(bob.jid, "m"))
    await tablet.wait_for(got(desk, "m"))
    await tablet.confirms()
    told = "stored, sent tablet, confirmed tablet"
    await becomes(service, alice.jid, "m", told, "confirmed tablet")
    phone, _ = await comes(bob, "phone")
    await phone.wait_for(
        f"<message from='{desk.jid}' to='{bob.jid}' id='m'>"
        f"<delay xmlns='{DELAY}' from='{service.domain}' stamp='*'/></message>"
    )
    await phone.confirms()
    told += ", offered phone, sent phone, confirmed phone"
    await becomes(service, alice.jid, "m", told, "confirmed tablet, confirmed phone")
    await leaves(phone)
    assert of(await has_all(bob, "phone"), "m") == []
    assert of(await has_all(bob, "pad"), "m") == []  # nobody has seen it before


async def test_what_waits_and_what_was_missed_come_in_the_order_of_acceptance(
    alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    await was_here(bob, "phone", "tablet")
    tablet = await has_all(bob, "tablet")
    for name in ("a", "b"):
        await desk.send(message(bob.jid, name))
        await tablet.wait_for(got(desk, name))
    await leaves(tablet)
    for name in ("c", "d"):
        await desk.send(message(bob.jid, name))
    await desk.nothing_else()
    assert of(await has_all(bob, "phone"), *"abcd") == ["a", "b", "c", "d"]
    assert of(await has_all(bob, "tablet"), *"abcd") == ["c", "d"]


async def test_devices_that_come_together_all_get_what_waited(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await was_here(bob, "phone", "tablet", "pad")
    names = [str(number) for number in range(5)]
    for name in names:
        await desk.send(message(bob.jid, name))
    await desk.nothing_else()
    devices = await asyncio.gather(*(comes(bob, each) for each in ("phone", "tablet", "pad")))
    for device, _ in devices:
        await device.wait_for(got(desk, names[-1]))
    for device, _ in devices:
        await has_its_queue(bob, device)
        assert of(device, *names) == names


@pytest.mark.spec("XEP-0313", "XEP-0280")
async def test_who_reads_the_archive_or_had_a_copy_does_not_get_it_again(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    reader, _ = await settled(bob, "reader")
    await reader.client.ask(f"<iq type='set' id='q'><query xmlns='{MAM}'/></iq>")
    await reader.client.close()
    copied, _ = await comes(bob, "copied")
    await wants_copies(copied)
    tablet, _ = await settled(bob, "tablet")
    await has_its_queue(bob, copied)
    await desk.send(message(tablet.jid, "m"))  # to one device, so the other gets a copy
    await tablet.wait_for(got(desk, "m"))
    await tablet.confirms()
    await copied.wait_for(f"<message><received xmlns='{CARBONS}'/></message>")
    await leaves(copied)
    for resource in ("reader", "copied"):
        assert of(await has_all(bob, resource), "m") == []
    await becomes(
        service, alice.jid, "m", "stored, sent tablet, confirmed tablet", "confirmed tablet"
    )


@pytest.mark.spec("XEP-0280 §6")
async def test_what_went_to_one_device_is_offered_to_those_that_want_copies(
    alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    copied, _ = await comes(bob, "copied")
    await wants_copies(copied)
    await has_its_queue(bob, copied)
    await leaves(copied)
    await was_here(bob, "plain")
    tablet, _ = await settled(bob, "tablet")
    private = f"<private xmlns='{CARBONS}'/>"
    for name, more in (("open", ""), ("private", private)):
        await desk.send(
            f"<message to='{tablet.jid}' type='chat' id='{name}'><body>x</body>{more}</message>"
        )
        await tablet.wait_for(f"<message id='{name}'/>")
    await tablet.confirms()
    assert of(await has_all(bob, "copied"), "open", "private") == ["open"]
    assert of(await has_all(bob, "plain"), "open", "private") == []


async def wants_copies(device: Device) -> None:
    await device.client.send(f"<iq type='set' id='c'><enable xmlns='{CARBONS}'/></iq>")
    await device.wait_for("<iq id='c' type='result'/>")


@pytest.mark.spec("XEP-0280", "XEP-0198 §5")
async def test_a_copy_that_was_lost_is_offered(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    copied, _ = await comes(bob, "copied")
    await wants_copies(copied)
    tablet, _ = await settled(bob, "tablet")
    await has_its_queue(bob, copied)
    await desk.send(message(tablet.jid, "m"))
    await tablet.wait_for(got(desk, "m"))
    await copied.wait_for(f"<message><received xmlns='{CARBONS}'/></message>")
    copied.dies()
    assert of(await has_all(bob, "copied"), "m") == ["m"]


@pytest.mark.spec("XEP-0191 §3", "RFC 6121 §8.5.2.1")
async def test_nothing_of_whom_one_blocks_nor_with_a_negative_priority(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, door = await alice.online("desk"), await charlie.online("door")
    await was_here(bob, "phone")
    tablet, _ = await settled(bob, "tablet")
    await desk.send(message(bob.jid, "m"))
    await door.send(message(bob.jid, "spam"))
    for client, name in ((desk, "m"), (door, "spam")):
        await tablet.wait_for(got(client, name))
    await tablet.client.ask(
        f"<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='{charlie.jid}'/>"
        "</block></iq>"
    )
    quiet = await bob.online("phone", priority=-1)
    await quiet.nothing_else()
    await quiet.send("<presence/>")
    await quiet.wait_for(got(desk, "m"))
    await has_its_queue(bob, phone := Device(quiet))
    assert of(phone, "spam") == []


@pytest.mark.spec("XEP-0388 §2.3", "XEP-0386 §3.2.1")
async def test_an_installation_catches_up_under_another_resource(
    alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    await (await installation(bob, "phone-1.0")).close()
    tablet, _ = await settled(bob, "tablet")
    await desk.send(message(bob.jid, "m"))
    await tablet.wait_for(got(desk, "m"))
    phone = await installation(bob, "phone-1.1")
    await phone.wait_for(got(desk, "m"))
    stranger = await installation(bob, "phone-1.0", agent("f81d4fae-7dec-41d0-a765-00a0c91e6bf6"))
    await has_its_queue(bob, device := Device(stranger))
    assert of(device, "m") == []


async def installation(person: Person, resource: str, inline: str = agent()) -> Client:
    client = await person.connect()
    await log_in(client, person.name, inline)
    await client.bind(resource)
    await client.appear()
    return client


async def test_what_nobody_else_has_is_nothing_that_one_missed(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    await was_here(bob, "phone")
    tablet, _ = await settled(bob, "tablet")
    passing = "<no-permanent-store xmlns='urn:xmpp:hints'/>"
    for name, attributes, more in (
        ("passing", "type='chat'", passing),
        ("headline", "type='headline'", ""),
        ("last", "type='chat'", ""),
    ):
        await desk.send(
            f"<message to='{bob.jid}' {attributes} id='{name}'><body>x</body>{more}</message>"
        )
    await tablet.wait_for("<message id='last'/>")
    phone = await has_all(bob, "phone")
    assert of(phone, "passing", "headline", "last") == ["last"]
