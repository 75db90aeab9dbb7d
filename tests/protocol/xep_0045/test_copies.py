"""Private messages are copied to the sender's other devices in the room, XEP-0280 section 6.1."""

import pytest

from tests.conftest import Person
from tests.protocol.xep_0045.talk import USER, enter, settled, tea_room

CARBONS = "urn:xmpp:carbons:2"


@pytest.mark.spec("XEP-0280 §6.1", "XEP-0045 §7.5")
async def test_a_private_message_is_copied_to_devices_under_the_same_nickname(
    alice: Person, bob: Person
) -> None:
    owner = await alice.online()
    room = await tea_room(owner)
    desk, phone, away = [await bob.online(name) for name in ("desk", "phone", "away")]
    for device in (desk, phone, away):
        await device.ask(f"<iq type='set' id='c'><enable xmlns='{CARBONS}'/></iq>")
    for device in (desk, phone):
        await enter(device, room, "bob")
    for device in (desk, phone, away):
        await settled(device)
    await desk.send(f"<message id='p1' to='{room}/alice' type='chat'><body>psst</body></message>")
    copied = await phone.expect(
        f"<message from='{bob.jid}' to='{phone.jid}'><sent xmlns='{CARBONS}'>"
        "<forwarded xmlns='urn:xmpp:forward:0'>"
        f"<message xmlns='jabber:client' id='p1' from='{desk.jid}' to='{room}/alice' type='chat'>"
        f"<body>psst</body><x xmlns='{USER}'/></message></forwarded></sent></message>"
    )
    assert alice.jid not in {each.get("by") for each in copied.iter()}
    private = f"<private xmlns='{CARBONS}'/><no-copy xmlns='urn:xmpp:hints'/>"
    await desk.send(
        f"<message to='{room}/alice' type='chat'><body>only here</body>{private}</message>"
    )
    await owner.wait_for("<message><body>only here</body></message>")
    for device in (desk, phone, away):
        await device.nothing_else()
