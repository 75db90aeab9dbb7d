"""Messages on their way: errors, carbons, the queue. Who gets them: `test_delivery`."""

import pytest

from tests.conftest import Person
from tests.conversation import Client

STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
RECEIPTS = "urn:xmpp:receipts"
UNAVAILABLE = (
    "<message type='error'><error type='cancel'><service-unavailable "
    f"xmlns='{STANZAS}'/></error></message>"
)


def message(to: str, body: str = "hello", type_: str = "chat", more: str = "") -> str:
    return f"<message to='{to}' type='{type_}' id='{body}'><body>{body}</body>{more}</message>"


def got(sender: Client, body: str = "hello") -> str:
    return f"<message from='{sender.jid}' id='{body}'><body>{body}</body></message>"


@pytest.mark.spec("RFC 6121 §8.5.1", "RFC 6120 §8.3.1")
async def test_a_message_to_nobody_comes_back_with_its_words(alice: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(message("nobody-of-that-name@localhost"))
    answer = await desk.expect(UNAVAILABLE)
    assert answer.findtext("{*}body") == "hello"
    assert answer.find(f"{{*}}error/{{{STANZAS}}}text") is not None


@pytest.mark.spec("XEP-0160 §3", "XEP-0203 §3")
async def test_what_has_waited_says_since_when(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(message(bob.jid))
    await desk.nothing_else()
    phone = await bob.bound("phone")
    await phone.send("<presence/>")
    await phone.wait_for(
        f"<message from='{desk.jid}' to='{bob.jid}'><body>hello</body>"
        "<delay xmlns='urn:xmpp:delay' from='localhost' stamp='*'/></message>"
    )


@pytest.mark.parametrize(
    ("to", "condition"),
    [
        ("user@elsewhere.example", "remote-server-not-found"),
        ("a@b@c", "jid-malformed"),
        ("localhost", "service-unavailable"),
    ],
)
@pytest.mark.spec("RFC 6121 §8.3", "RFC 6121 §8.4", "RFC 6120 §8.3.3.8")
async def test_an_address_that_cannot_be_reached(alice: Person, to: str, condition: str) -> None:
    desk = await alice.online("desk")
    await desk.send(message(to))
    await desk.expect(
        f"<message type='error'><error><{condition} xmlns='{STANZAS}'/></error></message>"
    )


@pytest.mark.spec("XEP-0160 §2", "RFC 6120 §10.1")
async def test_queued_messages_come_in_order_and_only_once(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    for number in range(30):
        await desk.send(message(bob.jid, f"m{number}"))
    await desk.nothing_else()
    phone = await bob.bound("phone")
    await phone.send("<presence/>")
    for number in range(30):
        await phone.wait_for(got(desk, f"m{number}"))
    await desk.send(message(bob.jid, "live"))
    await phone.expect(got(desk, "live"))
    await phone.close()
    again = await bob.online("phone")
    await again.nothing_else()


@pytest.mark.spec("XEP-0160 §2", "RFC 6121 §8.5.2.1.1")
async def test_a_negative_priority_leaves_the_queue_alone(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(message(bob.jid))
    await desk.nothing_else()
    phone = await bob.online("phone", priority=-1)
    await phone.nothing_else()
    await phone.send("<presence><priority>1</priority></presence>")
    await phone.wait_for(got(desk))


@pytest.mark.spec("XEP-0160 §3", "XEP-0334")
async def test_a_message_that_must_not_be_stored_is_not_queued(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(message(bob.jid, more="<no-store xmlns='urn:xmpp:hints'/>"))
    await desk.send(
        f"<message to='{bob.jid}' type='chat'><composing "
        "xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )
    await desk.nothing_else()
    phone = await bob.online("phone")
    await phone.nothing_else()


@pytest.mark.spec("XEP-0280 §4", "XEP-0280 §7", "XEP-0280 §8", "XEP-0280 §9", "XEP-0297")
async def test_carbons_go_to_the_other_devices_of_both_sides(alice: Person, bob: Person) -> None:
    desk, laptop = await alice.online("desk"), await alice.online("laptop")
    phone, tablet = await bob.online("phone"), await bob.online("tablet")
    await desk.wait_for(f"<presence from='{alice.jid}/laptop'/>")
    await phone.wait_for(f"<presence from='{bob.jid}/tablet'/>")
    for client in (laptop, tablet):
        answer = await client.ask("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
        assert answer.get("type") == "result"
    await desk.send(message(phone.jid))
    await phone.expect(got(desk))
    for client, owner, direction in ((tablet, bob, "received"), (laptop, alice, "sent")):
        await client.expect(
            f"<message from='{owner.jid}' to='{client.jid}' type='chat'>"
            f"<{direction} xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
            f"<message xmlns='jabber:client' from='{desk.jid}' to='{phone.jid}'><body>hello</body>"
            f"</message></forwarded></{direction}></message>"
        )
    await desk.send(message(phone.jid, "secret", more="<private xmlns='urn:xmpp:carbons:2'/>"))
    secret = await phone.expect(got(desk, "secret"))
    assert secret.find("{urn:xmpp:carbons:2}private") is None
    await tablet.nothing_else()
    await laptop.nothing_else()


@pytest.mark.spec("XEP-0359 §3.2")
async def test_each_copy_carries_the_archives_id_and_forged_ones_go(
    alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    forged = f"<stanza-id xmlns='urn:xmpp:sid:0' by='{bob.jid}' id='forged'/>"
    await desk.send(message(bob.jid, more=forged))
    received = await phone.expect(got(desk))
    (stanza_id,) = received.findall("{urn:xmpp:sid:0}stanza-id")
    assert stanza_id.get("by") == bob.jid
    assert str(stanza_id.get("id")).isdecimal()


@pytest.mark.spec("RFC 6120 §10.1")
async def test_what_comes_while_the_queue_is_handed_over_keeps_its_order(
    alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    for round_ in range(8):
        words = [f"m{round_}-{number}" for number in range(40)]
        for word in words[:3]:
            await desk.send(message(bob.jid, word))
        phone = await bob.bound("phone")
        await phone.send("<presence/>")
        for word in words[3:]:
            await desk.send(message(bob.jid, word))
        arrived = [(await phone.wait_for("<message/>")).get("id") for _ in words]
        assert arrived == words
        await phone.close()
