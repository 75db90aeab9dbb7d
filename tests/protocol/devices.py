"""Devices that count what they get (XEP-0198), for tests that look into the ledger."""

import itertools

from tests.conftest import Person
from tests.conversation import Client, Element, difference, parse
from tests.faults.test_slow_and_lost import reset
from tests.ledger import timeline
from tests.protocol.managed import SM, managed, message

_numbers = itertools.count()


class Device:
    """A client that counts what comes, so that it can confirm it."""

    def __init__(self, client: Client) -> None:
        self.client, self.jid, self.came = client, client.jid, 0
        self.messages: list[str] = []  # their ids

    async def wait_for(self, pattern: str) -> Element:
        wanted = parse(pattern)
        while True:
            element = await self.client.next()
            self.came += element.tag.startswith("{jabber:client}")
            if element.tag == "{jabber:client}message":
                self.messages.append(element.get("id", ""))
            if not difference(wanted, element):
                return element

    async def confirms(self) -> None:
        """All that it has read."""
        await self.client.send(f"<a xmlns='{SM}' h='{self.came}'/>")

    def dies(self) -> None:
        reset(self.client)


async def comes(person: Person, resource: str, *, resume: bool = False) -> tuple[Device, str]:
    """An available device that has all that waited, and what its session is resumed with."""
    client, token = await managed(person, resource, resume=resume)
    device = Device(client)
    await client.send("<presence/>")
    await device.wait_for(f"<presence from='{client.jid}'/>")
    return device, token


async def settled(person: Person, resource: str, *, resume: bool = False) -> tuple[Device, str]:
    """The same, after its queue was handed over: what comes now comes directly."""
    device, token = await comes(person, resource, resume=resume)
    await has_its_queue(person, device)
    await device.confirms()
    return device, token


async def has_its_queue(person: Person, device: Device) -> None:
    """What it sends itself comes behind all that waited, or directly when nothing is left."""
    ways = ["queued"]
    while any(each.startswith(("queued", "offered")) for each in ways):
        name = f"probe-{next(_numbers)}"
        await device.client.send(message(person.jid, name))
        await device.wait_for(f"<message id='{name}'/>")
        ways = timeline(person.service, person.jid, name)
