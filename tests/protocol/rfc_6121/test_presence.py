"""Subscriptions and presence, RFC 6121 sections 3 and 4."""

import pytest

from tests.conftest import Person
from tests.conversation import Client

ROSTER = "jabber:iq:roster"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


async def with_roster(person: Person, resource: str = "") -> Client:
    """Online, with the roster asked for, so that it gets pushes."""
    client = await person.bound(resource)
    await client.ask(f"<iq type='get' id='roster'><query xmlns='{ROSTER}'/></iq>")
    await client.appear()
    return client


async def befriend(one: Person, other: Person) -> None:
    """Both see each other's presence; nobody stays online."""
    first, second = await one.online("first"), await other.online("second")
    for asking, answering, asker, answerer in (
        (first, second, one, other),
        (second, first, other, one),
    ):
        await asking.send(f"<presence type='subscribe' to='{answerer.jid}'/>")
        await answering.wait_for(f"<presence type='subscribe' from='{asker.jid}'/>")
        await answering.send(f"<presence type='subscribed' to='{asker.jid}'/>")
        await asking.wait_for(f"<presence type='subscribed' from='{answerer.jid}'/>")
    for client in (first, second):
        await client.close()


async def set_item(client: Client, inner: str) -> str:
    answer = await client.ask(
        f"<iq type='set' id='set'><query xmlns='{ROSTER}'>{inner}</query></iq>"
    )
    error = answer.find("{*}error")
    return "" if error is None else error[0].tag.rpartition("}")[2]


@pytest.mark.spec("RFC 6121 §3.1")
async def test_two_people_subscribe_to_each_other(alice: Person, bob: Person) -> None:
    desk, phone = await with_roster(alice, "desk"), await with_roster(bob, "phone")
    await desk.send(f"<presence type='subscribe' to='{bob.jid}/ignored' id='s1'/>")
    await desk.expect(
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='{bob.jid}' subscription='none'"
        " ask='subscribe'/></query></iq>"
    )
    await phone.expect(f"<presence type='subscribe' from='{alice.jid}' to='{bob.jid}' id='s1'/>")
    await phone.send(f"<presence type='subscribed' to='{alice.jid}'/>")
    await phone.expect(
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='{alice.jid}' subscription='from'/>"
        "</query></iq>"
    )
    await desk.expect_all(
        f"<presence type='subscribed' from='{bob.jid}' to='{alice.jid}'/>",
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='{bob.jid}' subscription='to' ask='-'/>"
        "</query></iq>",
        f"<presence from='{bob.jid}/phone' type='-'/>",
    )
    await phone.nothing_else()
    await phone.send("<presence><show>dnd</show><status xml:lang='de'>weg</status></presence>")
    await desk.expect(
        f"<presence from='{bob.jid}/phone'><show>dnd</show><status>weg</status></presence>"
    )


@pytest.mark.spec("RFC 6121 §3.1.3")
async def test_a_request_waits_for_the_absent_at_each_login(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(f"<presence type='subscribe' to='{bob.jid}'><status>please</status></presence>")
    await desk.nothing_else()
    for _ in range(2):
        phone = await bob.bound("phone")
        await phone.send("<presence/>")
        await phone.wait_for(
            f"<presence type='subscribe' from='{alice.jid}'><status>please</status></presence>"
        )
        await phone.close()
    phone = await bob.bound("phone")
    await phone.send(f"<presence type='unsubscribed' to='{alice.jid}'/>")
    await desk.expect(f"<presence type='unsubscribed' from='{bob.jid}'/>")
    await phone.appear()
    await phone.nothing_else()


@pytest.mark.spec("RFC 6121 §3.4")
async def test_a_pre_approved_request_is_granted_unasked(alice: Person, bob: Person) -> None:
    phone = await with_roster(bob, "phone")
    await phone.send(f"<presence type='subscribed' to='{alice.jid}'/>")
    await phone.expect(
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='{alice.jid}' subscription='none'"
        " approved='true'/></query></iq>"
    )
    desk = await alice.online("desk")
    await desk.send(f"<presence type='subscribe' to='{bob.jid}'/>")
    await desk.wait_for(f"<presence type='subscribed' from='{bob.jid}'/>")
    await desk.wait_for(f"<presence from='{bob.jid}/phone' type='-'/>")
    await phone.wait_for(
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='{alice.jid}' subscription='from'/>"
        "</query></iq>"
    )


@pytest.mark.spec("RFC 6121 §4.2", "RFC 6121 §4.5")
async def test_presence_comes_and_goes_with_each_device(alice: Person, bob: Person) -> None:
    await befriend(alice, bob)
    desk = await alice.online("desk")
    phone = await bob.online("phone")
    await desk.wait_for(f"<presence from='{bob.jid}/phone' type='-'/>")
    await phone.send("<presence type='unavailable'><status>home</status></presence>")
    await desk.wait_for(
        f"<presence from='{bob.jid}/phone' type='unavailable'><status>home</status></presence>"
    )
    tablet = await bob.online("tablet")
    await desk.wait_for(f"<presence from='{bob.jid}/tablet' type='-'/>")
    await tablet.hang_up()
    await desk.wait_for(f"<presence from='{bob.jid}/tablet' type='unavailable'/>")
    assert phone.jid


@pytest.mark.spec("RFC 6121 §4.3")
async def test_a_newcomer_sees_who_is_there(alice: Person, bob: Person) -> None:
    await befriend(alice, bob)
    phone = await bob.online("phone")
    desk = await alice.bound("desk")
    await desk.send("<presence/>")
    await desk.wait_for(f"<presence from='{bob.jid}/phone' to='{alice.jid}/desk' type='-'/>")
    await phone.wait_for(f"<presence from='{alice.jid}/desk' type='-'/>")


@pytest.mark.spec("RFC 6121 §3.3")
async def test_who_unsubscribes_sees_no_more(alice: Person, bob: Person) -> None:
    await befriend(alice, bob)
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.wait_for(f"<presence from='{bob.jid}/phone'/>")
    await desk.send(f"<presence type='unsubscribe' to='{bob.jid}'/>")
    await phone.wait_for(f"<presence type='unsubscribe' from='{alice.jid}'/>")
    await desk.wait_for(f"<presence type='unavailable' from='{bob.jid}/phone'/>")
    await phone.send("<presence><show>away</show></presence>")
    await phone.wait_for("<presence><show>away</show></presence>")
    await desk.nothing_else()


@pytest.mark.spec("RFC 6121 §2.5.2")
async def test_who_is_taken_from_the_roster_is_told(alice: Person, bob: Person) -> None:
    await befriend(alice, bob)
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.wait_for(f"<presence from='{bob.jid}/phone'/>")
    assert await set_item(desk, f"<item jid='{bob.jid}' subscription='remove'/>") == ""
    await phone.wait_for(f"<presence type='unavailable' from='{alice.jid}/desk'/>")
    for kind in ("unsubscribe", "unsubscribed"):
        await phone.wait_for(f"<presence type='{kind}' from='{alice.jid}'/>")


@pytest.mark.spec("RFC 6121 §4.6.3")
async def test_directed_presence_is_withdrawn_when_the_sender_goes(
    alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.send(f"<presence to='{bob.jid}/phone'><status>for you</status></presence>")
    await phone.expect(f"<presence from='{alice.jid}/desk'><status>for you</status></presence>")
    await desk.hang_up()
    await phone.expect(f"<presence from='{alice.jid}/desk' type='unavailable'/>")


@pytest.mark.spec("RFC 6121 §4.3.2")
async def test_a_stranger_learns_nothing_from_a_probe(alice: Person, bob: Person) -> None:
    await bob.online("phone")
    desk = await alice.online("desk")
    await desk.send(f"<presence type='probe' to='{bob.jid}'/>")
    await desk.nothing_else()


@pytest.mark.parametrize(
    "stanza",
    [
        "<presence><priority>128</priority></presence>",
        "<presence><priority>high</priority></presence>",
        "<presence><show>busy</show></presence>",
        "<presence type='subscribe'/>",
        "<presence type='nonsense' to='{self}'/>",
    ],
)
@pytest.mark.spec("RFC 6121 §4.7")
async def test_presence_that_breaks_the_rules_is_a_bad_request(alice: Person, stanza: str) -> None:
    client = await alice.online()
    await client.send(stanza.replace("{self}", alice.jid))
    await client.expect(
        f"<presence type='error'><error type='modify'><bad-request xmlns='{STANZAS}'/></error>"
        "</presence>"
    )
