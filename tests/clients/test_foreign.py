"""xmpp.js, Strophe.js and nbxmpp do the basic round over every door that they know."""

import pytest

from tests.clients.foreign import running
from tests.conftest import Person
from tests.service import ServiceProcess

pytestmark = pytest.mark.spec(
    "RFC 6120",
    "RFC 6121 §2",
    "RFC 6121 §5",
    "RFC 7395",
    "XEP-0030",
    "XEP-0124",
    "XEP-0184",
    "XEP-0206",
    "XEP-0313",
    "XEP-0368",
)

PING = "<iq type='get' id='done' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"
RECEIPTS = "urn:xmpp:receipts"
ADDRESSES = {
    "starttls": "xmpp://localhost:{0.c2s_port}",
    "tls": "xmpps://localhost:{0.tls_port}",
    "websocket": "ws://localhost:{0.http_port}/xmpp-websocket",
    "bosh": "http://localhost:{0.http_port}/http-bind",
}
KNOWN = {
    "xmppjs": ("starttls", "tls", "websocket"),
    "strophe": ("bosh", "websocket"),
    "nbxmpp": ("starttls", "tls", "websocket"),
}


@pytest.mark.parametrize(
    ("program", "door"), [(program, door) for program, doors in KNOWN.items() for door in doors]
)
async def test_a_client_does_the_basic_round(
    service: ServiceProcess, alice: Person, bob: Person, program: str, door: str
) -> None:
    phone = await bob.online("phone")
    desk = await alice.bound("desk")
    for one, other in ((desk, bob), (phone, alice)):  # each allows the other, then asks
        await one.send(f"<presence to='{other.jid}' type='subscribed'/>")
        await one.send(f"<presence to='{other.jid}' type='subscribe'/>")
        await one.ask(PING)
    await desk.close()
    address = ADDRESSES[door].format(service)
    async with running(program, service, address, alice.name) as client:
        (jid,) = await client.heard("online")
        assert jid.startswith(f"{alice.jid}/")
        await phone.wait_for(f"<presence from='{jid}' type='-'/>")
        await client.do("roster")
        assert await client.heard("roster") == [bob.jid]
        await client.do("disco")
        assert int((await client.heard("features"))[0]) > 5
        await client.do("say", bob.jid, "hello")
        message = await phone.wait_for(
            f"<message from='{jid}' type='chat'><body>hello</body><request xmlns='{RECEIPTS}'/>"
            "</message>"
        )
        identifier = message.get("id")
        await phone.send(
            f"<message to='{jid}' id='r'><received xmlns='{RECEIPTS}' id='{identifier}'/></message>"
        )
        assert await client.heard("receipt") == [identifier]
        await phone.send(
            f"<message to='{alice.jid}' type='chat' id='m1'><body>good morning</body>"
            f"<request xmlns='{RECEIPTS}'/></message>"
        )
        assert await client.heard("message") == [phone.jid, "good", "morning"]
        await phone.wait_for(
            f"<message from='{jid}'><received xmlns='{RECEIPTS}' id='m1'/></message>"
        )
        await client.do("history", bob.jid)
        assert await client.heard("history") == ["hello", "good", "morning"]
        await client.do("leave")
        await client.heard("offline")
        assert await client.gone() == 0
        await phone.wait_for(f"<presence from='{jid}' type='unavailable'/>")
