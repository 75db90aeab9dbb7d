"""Client state indication, XEP-0352: what an inactive client hears, and when."""

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.test_xep_0079 import friends
from tests.service import PASSWORD

CSI, STATES = "urn:xmpp:csi:0", "http://jabber.org/protocol/chatstates"
SM = "urn:xmpp:sm:3"

pytestmark = pytest.mark.spec("XEP-0352")


async def says(client: Client, state: str) -> None:
    await client.send(f"<{state} xmlns='{CSI}'/>")
    await client.nothing_more()


async def hears_nothing(client: Client) -> None:
    """By a round trip that is no stanza: an answer to one would bring along what waits."""
    await client.send(f"<r xmlns='{SM}'/>")
    await client.expect(f"<a xmlns='{SM}'/>")


async def managed(client: Client) -> None:
    await client.send(f"<enable xmlns='{SM}'/>")
    await client.wait_for(f"<enabled xmlns='{SM}'/>")


def message(to: str, id_: str, inner: str = "<body>Tea?</body>") -> str:
    return f"<message to='{to}' type='chat' id='{id_}'>{inner}</message>"


@pytest.mark.spec("XEP-0352 §4.1")
async def test_it_is_announced(alice: Person) -> None:
    client = await alice.connect()
    await client.authenticate(alice.name, PASSWORD)
    assert client.features.find(f"{{{CSI}}}csi") is not None


@pytest.mark.spec("XEP-0352 §4.2", "XEP-0085 §5")
async def test_presence_waits_and_chat_states_go_nowhere(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await friends(phone, desk)
    await managed(phone)
    await phone.send(f"<inactive xmlns='{CSI}'/>")
    for show in ("away", "dnd", "xa"):
        await desk.send(f"<presence><show>{show}</show></presence>")
    await desk.send(message(phone.jid, "typing", f"<composing xmlns='{STATES}'/>"))
    await desk.nothing_more()
    await hears_nothing(phone)
    await phone.send(f"<active xmlns='{CSI}'/>")
    await phone.expect(f"<presence from='{desk.jid}'><show>xa</show></presence>")  # the last alone
    await desk.send("<presence/>")
    await phone.wait_for(f"<presence from='{desk.jid}' type='-'/>")


@pytest.mark.spec("XEP-0352 §5")
async def test_a_message_takes_along_what_has_waited(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await friends(phone, desk)
    await managed(phone)
    await phone.send(f"<inactive xmlns='{CSI}'/>")
    await hears_nothing(phone)
    await desk.send("<presence><show>away</show></presence>")
    await desk.send(message(bob.jid, "m1"))
    await phone.expect(f"<presence from='{desk.jid}'><show>away</show></presence>")
    await phone.expect("<message id='m1'/>")
    await desk.send("<presence><show>dnd</show></presence>")
    await desk.nothing_more()
    await phone.send(f"<r xmlns='{SM}'/>")
    while (element := await phone.next()).tag != f"{{{SM}}}a":
        assert element.tag == f"{{{SM}}}r"  # it is still inactive


@pytest.mark.spec("XEP-0352 §5.2")
async def test_a_resumed_stream_begins_active(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await friends(phone, desk)
    await phone.send(f"<enable xmlns='{SM}' resume='true'/>")
    enabled = await phone.wait_for(f"<enabled xmlns='{SM}' id='*'/>")
    await says(phone, "inactive")
    await phone.hang_up()
    await desk.send("<presence><show>away</show></presence>")
    await desk.nothing_more()
    again = await bob.connect("websocket")
    await again.authenticate(bob.name, PASSWORD)
    await again.send(f"<resume xmlns='{SM}' previd='{enabled.get('id')}' h='0'/>")
    await again.wait_for(f"<resumed xmlns='{SM}'/>")
    await again.wait_for(f"<presence from='{desk.jid}'><show>away</show></presence>")
    again.jid = phone.jid
    await desk.send("<presence><show>dnd</show></presence>")
    await again.wait_for(f"<presence from='{desk.jid}'><show>dnd</show></presence>")


async def test_what_waits_is_delivered_when_the_session_is_over(alice: Person, bob: Person) -> None:
    """A receipt may wait; were it lost with the session, nobody would ever know."""
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await says(phone, "inactive")
    receipt = "<received xmlns='urn:xmpp:receipts' id='x'/><store xmlns='urn:xmpp:hints'/>"
    await desk.send(message(bob.jid, "r1", receipt))
    await desk.nothing_more()
    await phone.hang_up()
    later = await bob.bound("later")
    await later.send("<presence/>")
    await later.wait_for("<message id='r1'/>")
