"""The same round through every door and over IPv6: login, roster, presence, messages."""

from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.service import PASSWORD

pytestmark = pytest.mark.spec(
    "RFC 6120 §3", "RFC 6121 §2", "RFC 6121 §5", "RFC 7395", "XEP-0124", "XEP-0206"
)

DOORS = ["tcp", "tls", "websocket", "bosh"]
HOSTS = ["127.0.0.1", "::1"]


async def come(person: Person, door: str, host: str = "127.0.0.1") -> Client:
    client = await person.connect(door, host)
    await client.authenticate(person.name, PASSWORD)
    await client.bind(door)
    await client.appear()
    return client


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("door", DOORS)
async def test_the_basic_round(alice: Person, bob: Person, door: str, host: str) -> None:
    """Bob is on the next door, so that every pair of neighbours talks."""
    other = DOORS[(DOORS.index(door) + 1) % len(DOORS)]
    desk, phone = await come(alice, door, host), await come(bob, other, host)
    await desk.ask(
        "<iq type='set' id='add'><query xmlns='jabber:iq:roster'>"
        f"<item jid='{bob.jid}' name='Bob'/></query></iq>"
    )
    roster = await desk.ask("<iq type='get' id='all'><query xmlns='jabber:iq:roster'/></iq>")
    assert [item.get("jid") for item in roster.iter("{jabber:iq:roster}item")] == [bob.jid]
    await desk.send(f"<presence to='{bob.jid}' type='subscribe'/>")
    await phone.wait_for(f"<presence from='{alice.jid}' type='subscribe'/>")
    await phone.send(f"<presence to='{alice.jid}' type='subscribed'/>")
    await desk.wait_for(f"<presence from='{phone.jid}' type='-'/>")
    await desk.send(
        f"<message to='{bob.jid}' type='chat' id='m1'><body>Grüße &amp; 🫖</body>"
        "<request xmlns='urn:xmpp:receipts'/></message>"
    )
    await phone.wait_for(
        f"<message from='{desk.jid}' id='m1'><body>Grüße &amp; 🫖</body></message>"
    )
    await phone.send(
        f"<message to='{desk.jid}' id='r1'><received xmlns='urn:xmpp:receipts' id='m1'/></message>"
    )
    await desk.wait_for(
        f"<message from='{phone.jid}'><received xmlns='urn:xmpp:receipts' id='m1'/></message>"
    )
    await phone.close()
    await desk.wait_for(f"<presence from='{phone.jid}' type='unavailable'/>")
    await desk.close()


@pytest.mark.parametrize("door", DOORS)
async def test_what_came_before_the_login_is_waiting(
    alice: Person, person: Callable[[], Person], door: str
) -> None:
    absent, desk = person(), await come(alice, "tcp")
    for number in range(30):
        await desk.send(
            f"<message to='{absent.jid}' type='chat' id='w{number}'><body>{number}</body></message>"
        )
    await desk.nothing_else()
    there = await come_reading(absent, door)
    for number in range(30):
        await there.wait_for(f"<message from='{desk.jid}'><body>{number}</body></message>")


async def come_reading(person: Person, door: str) -> Client:
    client = await person.bound(door=door)
    await client.send("<presence/>")
    return client
