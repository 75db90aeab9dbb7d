"""Stream management, XEP-0198: what is acknowledged, and sessions that outlive their connection."""

import pytest

from tests.conftest import Person
from tests.conversation import STREAM
from tests.protocol.managed import (
    SM,
    acknowledged,
    bodies,
    failed,
    got,
    logged_in,
    managed,
    message,
    resumed,
)
from tests.protocol.test_xep_0079 import friends
from tests.service import PASSWORD

pytestmark = pytest.mark.spec("XEP-0198")

TOO_HIGH = (
    f"<stream:error xmlns:stream='{STREAM}'>"
    "<undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
    f"<handled-count-too-high xmlns='{SM}' h='5' send-count='0'/></stream:error>"
)


# Section 3


@pytest.mark.spec("XEP-0198 §2")
async def test_it_is_announced_after_the_login(alice: Person) -> None:
    client = await alice.connect()
    assert client.features.find(f"{{{SM}}}sm") is None
    await client.authenticate(alice.name, PASSWORD)
    assert client.features.find(f"{{{SM}}}sm") is not None


@pytest.mark.spec("XEP-0198 §3")
async def test_it_is_enabled_after_binding_and_once(alice: Person) -> None:
    client = await logged_in(alice)
    enable = f"<enable xmlns='{SM}' resume='1'/>"
    await client.send(enable)
    await client.expect(failed("unexpected-request"))
    await client.send(f"<r xmlns='{SM}'/>")
    await client.expect(failed("unexpected-request"))
    await client.bind("desk")
    await client.send(enable)
    await client.expect(f"<enabled xmlns='{SM}' id='*' resume='true' max='300'/>")
    await client.send(enable)
    await client.expect(failed("unexpected-request"))
    await client.send(f"<resume xmlns='{SM}' previd='x' h='0'/>")
    await client.expect(failed("unexpected-request"))
    assert await acknowledged(client) == 0


@pytest.mark.spec("XEP-0198 §3")
async def test_before_the_login_there_is_nothing_to_enable(alice: Person) -> None:
    client = await alice.connect()
    await client.send(f"<enable xmlns='{SM}'/>")
    await client.ended("not-authorized")


@pytest.mark.spec("XEP-0198 §3")
async def test_who_does_not_ask_for_resumption_has_none(alice: Person) -> None:
    client = await alice.bound("desk")
    await client.send(f"<enable xmlns='{SM}'/>")
    await client.expect(f"<enabled xmlns='{SM}' id='-' resume='-' max='-'/>")


# Section 4


@pytest.mark.spec("XEP-0198 §4")
async def test_a_stanza_is_acknowledged_when_it_is_stored(alice: Person, bob: Person) -> None:
    client, _ = await managed(alice, "desk")
    for number in range(5):
        await client.send(message(bob.jid, f"m{number}") + f"<r xmlns='{SM}'/>")
        await client.expect(f"<a xmlns='{SM}' h='{number + 1}'/>")


@pytest.mark.spec("XEP-0198 §4")
async def test_every_stanza_counts_and_nothing_else(alice: Person, bob: Person) -> None:
    """Refused ones too, in whatever order they were answered."""
    client = await alice.bound("desk")
    await client.send(
        message(bob.jid, "before")
        + f"<enable xmlns='{SM}'/>"
        + message(bob.jid, "stored")
        + message("a@nowhere.invalid", "refused")
        + "<presence/>"
        + "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"
        + "<active xmlns='urn:xmpp:csi:0'/> "
        + message(bob.jid, "wrong", "nonsense")
        + message("@", "no-address")
        + f"<a xmlns='{SM}' h='0'/>"
    )
    assert await acknowledged(client) == 6


@pytest.mark.spec("XEP-0198 §4")
async def test_the_service_asks_for_what_it_sent(alice: Person, bob: Person) -> None:
    phone, _ = await managed(bob, "phone")
    desk = await alice.online("desk")
    await desk.send(message(phone.jid, "hello"))
    await phone.expect(got(desk, "hello"))
    await phone.expect(f"<r xmlns='{SM}'/>")
    await phone.send(f"<a xmlns='{SM}' h='1'/>")
    await phone.hang_up()
    await finds_nothing(bob)


@pytest.mark.spec("XEP-0198 §6", "RFC 6120 §4.9.3.21")
async def test_who_acknowledges_too_much_is_told_so(alice: Person) -> None:
    client, _ = await managed(alice, "desk")
    await client.send(f"<a xmlns='{SM}' h='5'/>")
    await client.expect(TOO_HIGH)
    await client.ended()


@pytest.mark.parametrize("h", ["", "x", "-1", "4294967296", "9" * 5_000, "٣"])
@pytest.mark.spec("XEP-0198 §4")
async def test_what_is_no_number_ends_the_stream(alice: Person, h: str) -> None:
    client, _ = await managed(alice, "desk")
    await client.send(f"<a xmlns='{SM}' h='{h}'/>")
    await client.ended("bad-format")


@pytest.mark.spec("XEP-0198 §5")
async def test_a_resumption_that_acknowledges_too_much_harms_nothing(alice: Person) -> None:
    _, token = await managed(alice, "desk")
    wrong = await logged_in(alice)
    await wrong.send(f"<resume xmlns='{SM}' previd='{token}' h='5'/>")
    await wrong.expect(TOO_HIGH)
    await resumed(alice, token, 0)


# Section 5


@pytest.mark.spec("XEP-0198 §5")
async def test_a_session_is_resumed_through_each_door_and_misses_nothing(
    alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    phone, token = await managed(bob, "phone")
    await phone.send("<presence/>")
    await phone.wait_for(f"<presence from='{phone.jid}'/>")
    sent, jid = 1, phone.jid
    for number, door in enumerate(("websocket", "tls", "tcp")):
        await phone.hang_up()
        for word in ("one", "two"):
            await desk.send(message(bob.jid, f"{word}{number}"))
        await desk.nothing_else()
        phone, answer = await resumed(bob, token, sent, door)
        assert answer.get("h") == str(1 + number)
        assert await bodies(phone, 2) == [f"one{number}", f"two{number}"]
        sent += 2
        phone.jid = jid
        await phone.send(f"<a xmlns='{SM}' h='{sent}'/>" if door == "tcp" else "<presence/>")
        if door != "tcp":
            await phone.wait_for(f"<presence from='{jid}'/>")
            sent += 1


@pytest.mark.spec("XEP-0198 §5")
async def test_what_a_living_connection_has_is_moved_and_it_is_told(
    alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    phone, token = await managed(bob, "phone")
    await desk.send(message(phone.jid, "hello"))
    await phone.expect(got(desk, "hello"))
    again, _ = await resumed(bob, token, 0, "websocket")
    await phone.ended("conflict")
    assert await bodies(again, 1) == ["hello"]


@pytest.mark.spec("XEP-0198 §5")
async def test_what_is_under_way_counts_before_the_session_moves(
    alice: Person, bob: Person
) -> None:
    """The client sends again from the answer's count on, and nothing arrives twice."""
    phone = await bob.online("phone")
    desk, token = await managed(alice, "desk")
    count = 300
    texts = [message(bob.jid, f"m{number}") for number in range(count)]
    await desk.send("".join(texts))
    again, answer = await resumed(alice, token, 0, "tls")
    await again.send("".join(texts[int(answer.get("h", "")) :]))
    assert await acknowledged(again) == count
    assert await bodies(phone, count) == [f"m{number}" for number in range(count)]
    await phone.nothing_else()


@pytest.mark.parametrize("previd", ["unknown", ""])
@pytest.mark.spec("XEP-0198 §5")
async def test_a_session_that_is_not_there_cannot_be_resumed(alice: Person, previd: str) -> None:
    client = await logged_in(alice)
    await client.send(f"<resume xmlns='{SM}' previd='{previd}' h='0'/>")
    await client.expect(failed("item-not-found"))
    await client.bind("desk")
    await client.send(f"<enable xmlns='{SM}' resume='true'/>")
    await client.expect(f"<enabled xmlns='{SM}'/>")


@pytest.mark.spec("XEP-0198 §5", "XEP-0198 §7")
async def test_a_session_that_was_closed_is_over_and_its_count_is_known(
    alice: Person, bob: Person
) -> None:
    desk, token = await managed(alice, "desk")
    await desk.send(message(bob.jid, "one") + message(bob.jid, "two"))
    await desk.close()
    for person, h in ((alice, "2"), (bob, "-")):  # his own alone
        client = await logged_in(person)
        await client.send(f"<resume xmlns='{SM}' previd='{token}' h='0'/>")
        await client.expect(failed("item-not-found", h))


@pytest.mark.spec("XEP-0198 §9")
async def test_nobody_resumes_anothers_session(alice: Person, bob: Person) -> None:
    desk, token = await managed(alice, "desk")
    thief = await logged_in(bob)
    await thief.send(f"<resume xmlns='{SM}' previd='{token}' h='0'/>")
    await thief.expect(failed("item-not-found"))
    await desk.nothing_else()


@pytest.mark.spec("XEP-0198 §5")
async def test_a_broken_connection_is_nothing_that_contacts_hear_of(
    alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    phone, token = await managed(bob, "phone")
    await phone.appear()
    await friends(desk, phone)
    await phone.hang_up()
    await desk.send("<presence><show>away</show></presence>")
    await desk.wait_for(f"<presence from='{desk.jid}'><show>away</show></presence>")
    await desk.nothing_else()
    probe = await alice.bound("laptop")
    await probe.send("<presence/>")
    await probe.wait_for(f"<presence from='{phone.jid}' type='-'/>")  # he is there
    await resumed(bob, token, 0)


# Its end


async def finds_nothing(person: Person) -> None:
    """A further device appears, and no message waits for it."""
    client = await person.bound("further")
    await client.send("<presence/>")
    await client.wait_for(f"<presence from='{client.jid}'/>")
    await client.send(
        f"<iq type='get' id='last' to='{client.domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
    )
    while (element := await client.next()).get("id") != "last":
        assert not element.tag.endswith("}message")


@pytest.mark.spec("XEP-0198 §7")
async def test_what_a_dead_session_did_not_acknowledge_is_delivered_again(
    alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    phone, _ = await managed(bob, "phone", resume=False)
    await phone.send("<presence/>")
    await phone.wait_for(f"<presence from='{bob.jid}/phone'/>")
    for body in ("seen", "lost"):
        await desk.send(message(bob.jid, body))
        await phone.wait_for(got(desk, body))
    await phone.send(f"<a xmlns='{SM}' h='2'/>")
    await phone.hang_up()
    again = await bob.bound("phone")
    await again.send("<presence/>")
    await again.wait_for(got(desk, "lost"))
    await again.nothing_else()


@pytest.mark.spec("XEP-0198 §7")
async def test_what_another_device_has_is_not_delivered_again(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    phone, _ = await managed(bob, "phone", resume=False)
    await phone.appear()
    tablet = await bob.online("tablet")
    await desk.send(message(bob.jid, "both"))
    await phone.wait_for(got(desk, "both"))
    await tablet.wait_for(got(desk, "both"))
    await tablet.nothing_else()
    await phone.hang_up()
    await tablet.wait_for(f"<presence from='{phone.jid}' type='unavailable'/>")
    await finds_nothing(bob)
