"""Presence subscriptions beyond the plain way, RFC 6121 sections 2.5 and 3."""

import asyncio

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.rfc_6121.test_presence import ROSTER, befriend, set_item, with_roster

PING = "<ping xmlns='urn:xmpp:ping'/>"


def pushed(jid: str, **attributes: str) -> str:
    inner = " ".join(f"{name}='{value}'" for name, value in attributes.items())
    return (
        f"<iq type='set' from='-'><query xmlns='{ROSTER}'><item jid='{jid}' {inner}/></query></iq>"
    )


async def roster(client: Client) -> dict[str, str]:
    answer = await client.ask(f"<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>")
    return {item.get("jid", ""): item.get("subscription", "") for item in answer[0]}


@pytest.mark.spec("RFC 6121 §2.6.1", "RFC 6121 §3.4")
async def test_stream_features_offer_versions_and_pre_approval(alice: Person) -> None:
    client = await alice.bound()
    offered = {feature.tag for feature in client.features}
    assert "{urn:xmpp:features:rosterver}ver" in offered
    assert "{urn:xmpp:features:pre-approval}sub" in offered


@pytest.mark.spec("RFC 6121 §2.1.6", "RFC 6121 §2.2")
async def test_only_devices_that_asked_for_the_roster_get_pushes(alice: Person) -> None:
    desk, phone = await with_roster(alice, "desk"), await alice.online("phone")
    assert await set_item(phone, "<item jid='a@b.example' subscription='both' ask='x'/>") == ""
    await desk.wait_for(pushed("a@b.example", subscription="none", ask="-"))
    await phone.nothing_else()


@pytest.mark.spec("RFC 6121 §2.2")
async def test_a_change_by_one_is_in_the_next_roster_of_another(alice: Person) -> None:
    desk = await with_roster(alice, "desk")
    for number in range(5):
        await set_item(desk, f"<item jid='n{number}@b.example'/>")
    assert sorted(await roster(await alice.bound())) == [f"n{n}@b.example" for n in range(5)]


@pytest.mark.spec("RFC 6121 §3.1.3")
async def test_a_request_is_shown_once_however_often_it_is_sent(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    for _ in range(3):
        await desk.send(f"<presence type='subscribe' to='{bob.jid}'/>")
    await desk.nothing_else()
    await phone.expect(f"<presence type='subscribe' from='{alice.jid}'/>")
    await phone.nothing_else()
    assert await roster(phone) == {}


@pytest.mark.spec("RFC 6121 §3.1.3")
async def test_who_may_see_somebody_already_is_told_so_again(alice: Person, bob: Person) -> None:
    await befriend(alice, bob)
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.wait_for(f"<presence from='{bob.jid}/phone'/>")
    await desk.send(f"<presence type='subscribe' to='{bob.jid}'/>")
    await desk.wait_for(f"<presence from='{bob.jid}/phone' type='-'/>")
    await phone.nothing_else()
    assert await roster(desk) == {bob.jid: "both"}


@pytest.mark.spec("RFC 6121 §3.2")
async def test_a_subscription_is_cancelled_after_the_last_presence(
    alice: Person, bob: Person
) -> None:
    await befriend(alice, bob)
    desk, phone = await with_roster(alice, "desk"), await with_roster(bob, "phone")
    await desk.wait_for(f"<presence from='{bob.jid}/phone'/>")
    await phone.send(f"<presence type='unsubscribed' to='{alice.jid}'/>")
    await phone.expect(pushed(alice.jid, subscription="to"))
    await desk.expect(f"<presence type='unavailable' from='{bob.jid}/phone'/>")
    await desk.expect(f"<presence type='unsubscribed' from='{bob.jid}' to='{alice.jid}'/>")
    await desk.expect(pushed(bob.jid, subscription="from"))
    await phone.send("<presence><show>away</show></presence>")
    await phone.expect("<presence><show>away</show></presence>")
    await desk.nothing_else()


@pytest.mark.spec("RFC 6121 §3.3")
async def test_a_request_is_taken_back(alice: Person, bob: Person) -> None:
    desk = await with_roster(alice, "desk")
    await desk.send(f"<presence type='subscribe' to='{bob.jid}'/>")
    await desk.expect(pushed(bob.jid, subscription="none", ask="subscribe"))
    await desk.send(f"<presence type='unsubscribe' to='{bob.jid}'/>")
    await desk.expect(pushed(bob.jid, subscription="none", ask="-"))
    phone = await bob.online("phone")
    await phone.nothing_else()


@pytest.mark.spec("RFC 6121 §3.4.2")
async def test_a_pre_approval_is_taken_back_silently(alice: Person, bob: Person) -> None:
    phone, desk = await with_roster(bob, "phone"), await alice.online("desk")
    await phone.send(f"<presence type='subscribed' to='{alice.jid}'/>")
    await phone.expect(pushed(alice.jid, approved="true"))
    await phone.send(f"<presence type='unsubscribed' to='{alice.jid}'/>")
    await phone.expect(pushed(alice.jid, approved="-"))
    await desk.nothing_else()
    await desk.send(f"<presence type='subscribe' to='{bob.jid}'/>")
    await phone.expect(f"<presence type='subscribe' from='{alice.jid}'/>")


@pytest.mark.spec("RFC 6121 §3.4.2")
async def test_an_unasked_approval_changes_nothing_for_the_other(
    alice: Person, bob: Person
) -> None:
    phone, desk = await bob.online("phone"), await with_roster(alice, "desk")
    await phone.send(f"<presence type='subscribed' to='{alice.jid}'/>")
    await phone.nothing_else()
    await desk.nothing_else()
    assert await roster(desk) == {}


@pytest.mark.spec("RFC 6121 §2.5.2")
async def test_a_contact_removed_while_away_is_away_for_both(alice: Person, bob: Person) -> None:
    await befriend(alice, bob)
    desk = await with_roster(alice, "desk")
    await set_item(desk, f"<item jid='{bob.jid}' subscription='remove'/>")
    phone = await bob.bound("phone")
    assert await roster(phone) == {alice.jid: "none"}
    await phone.appear()
    await phone.nothing_else()


@pytest.mark.spec("RFC 6121 §3.1.2", "RFC 6121 §8.3")
async def test_another_domain_is_asked_through_the_own_roster(alice: Person) -> None:
    desk = await with_roster(alice, "desk")
    await desk.send("<presence type='subscribe' to='friend@elsewhere.example/x'/>")
    await desk.expect(pushed("friend@elsewhere.example", ask="subscribe"))
    await desk.expect(
        f"<presence type='error' from='friend@elsewhere.example' to='{alice.jid}'>"
        "<error type='cancel'><remote-server-not-found"
        " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
    )
    phone = await alice.online("phone")  # which is told of no probe that went nowhere
    await phone.nothing_else()


@pytest.mark.spec("RFC 6121 §3.1")
async def test_one_cannot_subscribe_to_oneself(alice: Person) -> None:
    desk = await with_roster(alice, "desk")
    await desk.send(f"<presence type='subscribe' to='{alice.jid}'/>")
    await desk.nothing_else()


@pytest.mark.spec("RFC 6121 §3.2", "RFC 6121 §3.3")
async def test_friends_of_a_removed_account_are_told(alice: Person, bob: Person) -> None:
    await befriend(alice, bob)
    desk, phone = await alice.online("desk"), await with_roster(bob, "phone")
    alice.service.manage("account", "remove", alice.jid)
    await desk.ended("not-authorized")
    await phone.expect_all(
        f"<presence type='unavailable' from='{alice.jid}/desk'/>",
        f"<presence type='unsubscribe' from='{alice.jid}'/>",
        pushed(alice.jid, subscription="to"),
        f"<presence type='unsubscribed' from='{alice.jid}'/>",
        pushed(alice.jid, subscription="none"),
    )


@pytest.mark.spec("RFC 6121 §2.1.6", "RFC 6121 §2.6")
async def test_who_follows_the_pushes_has_the_roster_that_a_newcomer_gets(
    alice: Person, bob: Person
) -> None:
    listener = await with_roster(alice, "listener")
    devices = [await alice.online(f"device{number}") for number in range(3)]
    phone = await bob.online("phone")
    await phone.send(f"<presence type='subscribed' to='{alice.jid}'/>")

    async def change(device: Client, turn: int) -> None:
        for number in range(15):
            item = f"<item jid='n{number % 4}@b.example' name='{turn}-{number}'"
            if number % 5 == turn:
                await set_item(device, f"{item} subscription='remove'/>")
            else:
                await set_item(device, f"{item}/>")
            kind = "subscribe" if number % 3 == turn else "unsubscribe"
            await device.send(f"<presence type='{kind}' to='{bob.jid}'/>")

    await asyncio.gather(*(change(device, turn) for turn, device in enumerate(devices)))
    for device in devices:
        await device.ask(f"<iq type='get' id='all' to='{device.domain}'>{PING}</iq>")
    await listener.send(f"<iq type='get' id='end' to='{listener.domain}'>{PING}</iq>")
    followed: dict[str, dict[str, str]] = {}
    versions = []
    while (element := await listener.next()).get("id") != "end":
        if element.tag.endswith("}iq"):
            versions.append(int(element[0].get("ver", "").partition(".")[2]))
            item = dict(element[0][0].attrib)
            followed[item["jid"]] = item
    current = {jid: item for jid, item in followed.items() if item["subscription"] != "remove"}
    newcomer = await alice.bound()
    answer = await newcomer.ask(f"<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>")
    assert current == {item.get("jid"): dict(item.attrib) for item in answer[0]}
    assert versions == sorted(set(versions))
