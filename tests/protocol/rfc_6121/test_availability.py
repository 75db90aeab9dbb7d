"""Availability beyond the plain way, RFC 6121 section 4: probes, priorities, directed presence."""

import pytest

from tests.conftest import Person
from tests.protocol.rfc_6121.test_presence import befriend

STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


@pytest.mark.spec("RFC 6121 §4.2.2", "RFC 6121 §4.5.2")
async def test_ones_own_devices_see_each_other(alice: Person) -> None:
    desk = await alice.online("desk", priority=5)
    phone = await alice.bound("phone")
    await phone.send("<presence><show>xa</show><priority>-1</priority></presence>")
    await phone.expect_all(
        f"<presence from='{alice.jid}/phone' to='{alice.jid}'/>",
        f"<presence from='{alice.jid}/desk' type='-'><priority>5</priority></presence>",
    )
    await desk.expect(f"<presence from='{alice.jid}/phone'><show>xa</show></presence>")
    await phone.send("<presence type='unavailable'><status>bye</status></presence>")
    gone = f"<presence type='unavailable' from='{alice.jid}/phone'><status>bye</status></presence>"
    await desk.expect(gone)
    await phone.expect(gone)
    await desk.send("<presence/>")
    await desk.expect(f"<presence from='{alice.jid}/desk' type='-'/>")
    await phone.nothing_else()


@pytest.mark.spec("RFC 6121 §4.4.2", "RFC 6121 §4.4.3")
async def test_later_presence_goes_to_the_same_people_and_asks_nobody(
    alice: Person, bob: Person
) -> None:
    await befriend(alice, bob)
    desk, pad, phone = [
        await each.online(name)
        for each, name in (
            (alice, "desk"),
            (alice, "pad"),
            (bob, "phone"),
        )
    ]
    for client in (desk, pad, phone):
        await client.nothing_more()
    for inner in ("<show>dnd</show>", "<show>dnd</show><status>tea</status><priority>7</priority>"):
        await desk.send(f"<presence>{inner}</presence>")
        for client, to in ((desk, alice), (pad, alice), (phone, bob)):
            await client.expect(
                f"<presence from='{desk.jid}' to='{to.jid}' type='-'>{inner}</presence>"
            )
            await client.nothing_else()


@pytest.mark.spec("RFC 6121 §4.2.2")
async def test_a_device_that_is_not_available_hears_of_nobody(alice: Person, bob: Person) -> None:
    await befriend(alice, bob)
    desk = await alice.bound("desk")
    await bob.online("phone")
    await desk.nothing_else()


@pytest.mark.spec("RFC 6121 §4.7.2.2", "RFC 6120 §8.1.5")
async def test_a_status_in_two_languages_arrives_whole(alice: Person, bob: Person) -> None:
    await befriend(alice, bob)
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.wait_for(f"<presence from='{bob.jid}/phone'/>")
    await phone.send(
        "<presence xml:lang='en'><status>tea &lt;3</status><status xml:lang='de'>Tee</status>"
        "<x xmlns='urn:example'/></presence>"
    )
    await desk.expect(
        f"<presence from='{bob.jid}/phone' to='{alice.jid}'"
        " xml:lang='en'><status>tea &lt;3</status><status xml:lang='de'>Tee</status>"
        "<x xmlns='urn:example'/></presence>"
    )


@pytest.mark.spec("RFC 6121 §4.3.2")
async def test_a_friends_probe_is_answered_for_each_device(alice: Person, bob: Person) -> None:
    await befriend(alice, bob)
    desk = await alice.online("desk")
    await desk.send(f"<presence type='probe' to='{bob.jid}'/>")
    await desk.expect(f"<presence type='unavailable' from='{bob.jid}'/>")
    phone, pad = await bob.online("phone"), await bob.online("pad")
    for client in (phone, pad):
        await desk.expect(f"<presence from='{client.jid}' type='-'/>")
    await desk.send(f"<presence type='probe' to='{bob.jid}'/>")
    await desk.expect_all(*(f"<presence from='{each.jid}' type='-'/>" for each in (phone, pad)))
    await desk.send(f"<presence type='probe' to='{pad.jid}'/>")
    await desk.expect(f"<presence from='{pad.jid}' type='-'/>")
    await desk.nothing_else()


@pytest.mark.spec("RFC 6121 §4.3.2", "RFC 6121 §3.1.3")
async def test_a_probe_does_not_take_a_waiting_request_away(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(f"<presence type='subscribe' to='{bob.jid}'/>")
    await desk.send(f"<presence type='probe' to='{bob.jid}'/>")
    await desk.nothing_else()
    phone = await bob.bound("phone")
    await phone.send("<presence/>")
    await phone.wait_for(f"<presence type='subscribe' from='{alice.jid}'/>")


@pytest.mark.spec("RFC 6121 §4.6.3")
async def test_directed_presence_is_taken_back_by_hand_or_by_leaving(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, phone, pad = [await each.online() for each in (alice, bob, charlie)]
    for listener in (phone, pad):
        await desk.send(f"<presence to='{listener.jid}'/>")
        await listener.expect(f"<presence from='{desk.jid}' type='-'/>")
    await desk.send(f"<presence type='unavailable' to='{phone.jid}'/>")
    await phone.expect(f"<presence from='{desk.jid}' type='unavailable'/>")
    await desk.send("<presence><show>dnd</show></presence>")  # is for subscribers
    await desk.expect("<presence><show>dnd</show></presence>")
    await desk.send("<presence type='unavailable'><status>gone</status></presence>")
    await pad.expect(
        f"<presence from='{desk.jid}' type='unavailable'><status>gone</status></presence>"
    )
    await phone.nothing_else()


@pytest.mark.spec("RFC 6121 §4.6.3")
async def test_presence_from_who_is_not_available_can_be_directed(
    alice: Person, bob: Person
) -> None:
    desk, phone = await alice.bound("desk"), await bob.online("phone")
    await desk.send(f"<presence to='{bob.jid}'/>")
    await phone.expect(f"<presence from='{alice.jid}/desk' to='{bob.jid}' type='-'/>")
    await desk.close()
    await phone.expect(f"<presence from='{alice.jid}/desk' type='unavailable'/>")


@pytest.mark.spec("RFC 6121 §4.6.3")
async def test_a_friend_who_was_greeted_too_hears_of_the_end_once(
    alice: Person, bob: Person
) -> None:
    await befriend(alice, bob)
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.send(f"<presence to='{phone.jid}'><status>you</status></presence>")
    await phone.wait_for(f"<presence from='{desk.jid}'><status>you</status></presence>")
    await desk.close()
    await phone.expect(f"<presence from='{desk.jid}' type='unavailable'/>")
    await phone.nothing_else()


@pytest.mark.spec("RFC 6121 §4.6.3")
async def test_nobody_greets_without_end(alice: Person) -> None:
    desk = await alice.online()
    for number in range(1_001):
        await desk.send(f"<presence to='n{number}@localhost'/>")
    await desk.expect(
        "<presence type='error' from='n1000@localhost'><error type='modify'>"
        f"<policy-violation xmlns='{STANZAS}'/></error></presence>"
    )


@pytest.mark.spec("RFC 6121 §4.5.2", "RFC 6120 §7.7.2.2")
async def test_a_new_connection_that_takes_a_resource_stays_available(
    alice: Person, bob: Person
) -> None:
    await befriend(alice, bob)
    phone = await bob.online("phone")
    for _ in range(3):
        await alice.online("desk")
    await phone.wait_for(f"<presence from='{alice.jid}/desk' type='-'/>")
    again = await bob.bound("pad")
    await again.send("<presence/>")
    await again.wait_for(f"<presence from='{alice.jid}/desk' type='-'/>")
