"""Push notifications, XEP-0357: which messages are told, and when (section 7)."""

import pytest

from tests.conftest import Person
from tests.protocol.managed import managed, resumed
from tests.protocol.xep_0045.talk import enter, tea_room
from tests.protocol.xep_0357.app_server import absent, does, enable, message, says, takes

pytestmark = pytest.mark.spec("XEP-0357")


async def test_a_device_that_is_connected_is_not_woken(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone = await bob.online("phone")
    await does(phone, enable(app_server.jid))
    await says(desk, message(bob.jid, "m1"))
    await phone.expect("<message id='m1'/>")
    await app_server.nothing_else()
    tablet = await bob.online("tablet")
    await phone.close()
    await says(desk, message(bob.jid, "m2"))
    await tablet.wait_for("<message id='m2'/>")
    assert await takes(app_server) == {"message-count": "1"}  # the tablet is not the phone


async def test_a_device_whose_connection_is_lost_is_woken(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone, token = await managed(bob, "phone")
    await phone.send("<presence/>")
    await does(phone, enable(app_server.jid))
    await phone.hang_up()
    await says(desk, message(bob.jid, "m1"))
    assert await takes(app_server) == {"message-count": "1"}
    again, _ = await resumed(bob, token, 2)
    await again.wait_for("<message id='m1'/>")
    await again.send("<a xmlns='urn:xmpp:sm:3' h='3'/>")
    await app_server.nothing_else()


async def test_a_device_that_does_not_acknowledge_is_woken_after_a_while(
    alice: Person, bob: Person, charlie: Person
) -> None:
    """Its connection may be dead, or the program asleep; where it answers, nothing happens."""
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone, _ = await managed(bob, "phone")
    await phone.send("<presence/>")
    await does(phone, enable(app_server.jid))
    await phone.send("<inactive xmlns='urn:xmpp:csi:0'/>")
    await says(desk, message(bob.jid, "m1"))
    await phone.wait_for("<message id='m1'/>")
    await phone.wait_for("<r xmlns='urn:xmpp:sm:3'/>")
    await phone.nothing_else()  # life
    await says(desk, message(bob.jid, "m2"))
    await phone.wait_for("<message id='m2'/>")
    assert await takes(app_server) == {"message-count": "1"}


async def test_what_a_broken_connection_left_is_told(
    alice: Person, bob: Person, charlie: Person
) -> None:
    """Without XEP-0198 it is found in the queue when the connection is gone."""
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone = await bob.online("phone")
    await does(phone, enable(app_server.jid))
    await says(desk, message(bob.jid, "m1"))
    await app_server.nothing_else()
    await phone.hang_up()
    assert await takes(app_server) == {"message-count": "1"}
    await app_server.nothing_else()


async def test_the_count_begins_anew_when_the_device_was_here(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    for number in (1, 2):
        await says(desk, message(bob.jid, f"m{number}"))
        assert await takes(app_server) == {"message-count": str(number)}
    phone = await bob.online("phone")
    await phone.close()
    await says(desk, message(bob.jid, "m3"))
    assert await takes(app_server) == {"message-count": "1"}


STATES, HINTS = "http://jabber.org/protocol/chatstates", "urn:xmpp:hints"
CALL = "<propose xmlns='urn:xmpp:jingle-message:0' id='x'/><store xmlns='urn:xmpp:hints'/>"


@pytest.mark.parametrize(
    ("inner", "type_"),
    [
        (f"<composing xmlns='{STATES}'/>", "chat"),
        ("<received xmlns='urn:xmpp:receipts' id='x'/>", "chat"),
        ("<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>", "chat"),
        (f"<body>Tea?</body><no-store xmlns='{HINTS}'/>", "chat"),
        ("<body>Tea!</body><replace xmlns='urn:xmpp:message-correct:0' id='m0'/>", "chat"),
        ("<body>gone</body><retract xmlns='urn:xmpp:message-retract:1' id='m0'/>", "chat"),
        ("<body/>", "chat"),
        ("<subject>Tea</subject>", "normal"),
        ("<body>Tea?</body>", "headline"),
    ],
)
async def test_what_nobody_is_woken_for(
    alice: Person, bob: Person, charlie: Person, inner: str, type_: str
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await says(desk, message(bob.jid, "m1", inner, type_))
    await app_server.nothing_else()
    await says(desk, message(bob.jid, "m2"))
    assert await takes(app_server) == {"message-count": "1"}


@pytest.mark.parametrize(
    "inner", ["<private xmlns='urn:xmpp:carbons:2'/>", f"<no-copy xmlns='{HINTS}'/>"]
)
async def test_what_is_for_one_device_wakes_no_other(
    alice: Person, bob: Person, charlie: Person, inner: str
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    tablet = await bob.online("tablet")
    await says(desk, message(tablet.jid, "m1", f"<body>Tea?</body>{inner}"))
    await tablet.wait_for("<message id='m1'/>")
    await app_server.nothing_else()
    await says(desk, message(tablet.jid, "m2"))
    assert await takes(app_server) == {"message-count": "1"}


@pytest.mark.parametrize(
    "inner",
    [
        CALL,
        "<encrypted xmlns='eu.siacs.conversations.axolotl'/><store xmlns='urn:xmpp:hints'/>",
        "<x xmlns='jabber:x:conference' jid='tea@conference.localhost'/>",
    ],
)
async def test_calls_secrets_and_invitations_wake_too(
    alice: Person, bob: Person, charlie: Person, inner: str
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await says(desk, message(bob.jid, "m1", inner))
    await takes(app_server)


async def test_nobody_is_woken_by_himself_or_by_whom_he_blocks(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    tablet = await bob.online("tablet")
    await says(tablet, message(bob.jid, "m1"))
    await does(
        tablet,
        f"<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='{alice.jid}'/>"
        "</block></iq>",
    )
    await says(desk, message(bob.jid, "m2"))
    await tablet.close()
    await says(desk, message(bob.jid, "m3"))
    await app_server.nothing_else()
    await says(app_server, message(bob.jid, "m4"))
    assert await takes(app_server) == {"message-count": "1"}


async def test_requests_wake_and_those_that_wait_are_counted(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await says(desk, f"<presence type='subscribe' to='{bob.jid}'/>")
    requests = {"pending-subscription-count": "1"}
    assert await takes(app_server) == {"message-count": "0", **requests}
    await says(desk, f"<presence type='subscribe' to='{bob.jid}'/>")  # which is no news
    await says(desk, message(bob.jid, "m1"))
    assert await takes(app_server) == {"message-count": "1", **requests}


async def test_what_is_said_in_a_room_wakes_a_device_that_is_in_it(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    room = await tea_room(desk)
    phone, _ = await managed(bob, "phone")
    await phone.send("<presence/>")
    await enter(phone, room, "bob")
    await does(phone, enable(app_server.jid))
    await phone.hang_up()
    await says(desk, message(room, "subject", "<subject>Tea</subject>", "groupchat"))
    await says(desk, message(room, "m1", type_="groupchat"))
    assert await takes(app_server) == {"message-count": "1"}
    await says(desk, message(f"{room}/bob", "m2"))
    assert await takes(app_server) == {"message-count": "2"}
    await app_server.nothing_else()
