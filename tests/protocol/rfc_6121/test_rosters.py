"""Rosters, RFC 6121 section 2."""

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.rfc_6121.test_delivery import heard
from tests.protocol.rfc_6121.test_presence import ROSTER, STANZAS, set_item, with_roster


@pytest.mark.spec("RFC 6121 §2.1.6", "RFC 6121 §2.3", "RFC 6121 §2.4", "RFC 6121 §2.5")
async def test_a_contact_is_added_changed_removed_and_pushed_to_each_device(alice: Person) -> None:
    desk, phone = await with_roster(alice, "desk"), await with_roster(alice, "phone")
    await desk.wait_for(f"<presence from='{alice.jid}/phone'/>")
    await desk.send(
        f"<iq type='set' id='1'><query xmlns='{ROSTER}'><item jid='Friend@elsewhere.example/x'"
        " name='A friend'><group>Work</group><group>Tea</group></item></query></iq>"
    )
    pushed = (
        f"<iq type='set' id='*'><query xmlns='{ROSTER}' ver='*'><item name='A friend' ask='-'"
        " jid='friend@elsewhere.example' subscription='none'><group>Work</group>"
        "<group>Tea</group></item></query></iq>"
    )
    await desk.expect_all("<iq type='result' id='1'/>", pushed)
    await phone.expect(pushed)
    assert (
        await set_item(phone, "<item jid='friend@elsewhere.example' subscription='remove'/>") == ""
    )
    await desk.expect(
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='friend@elsewhere.example'"
        " subscription='remove'/></query></iq>"
    )


@pytest.mark.spec("RFC 6121 §2.6.3")
async def test_a_known_version_of_the_roster_is_not_sent_again(alice: Person) -> None:
    client = await alice.bound()
    await set_item(client, "<item jid='a@b.example'/>")
    roster = await client.ask(f"<iq type='get' id='1'><query xmlns='{ROSTER}' ver=''/></iq>")
    version = roster[0].get("ver")
    again = await client.ask(
        f"<iq type='get' id='2'><query xmlns='{ROSTER}' ver='{version}'/></iq>"
    )
    assert len(roster[0]) == 1
    assert len(again) == 0


@pytest.mark.parametrize(
    ("inner", "error"),
    [
        ("", "modify bad-request"),
        ("<item/>", "modify bad-request"),
        ("<item jid=''/>", "modify bad-request"),
        ("<item jid='a@b'/><item jid='c@d'/>", "modify bad-request"),
        ("<item jid='a@b'><group>x</group><group>x</group></item>", "modify bad-request"),
        ("<item jid='a@b'><group/></item>", "modify not-acceptable"),
        ("<item jid='a@b'><group>" + "g" * 1_024 + "</group></item>", "modify not-acceptable"),
        ("<item jid='a@b' name='" + "n" * 1_024 + "'/>", "modify not-acceptable"),
        ("<item jid='@b@@'/>", "modify jid-malformed"),
        ("<item jid='a b@c'/>", "modify jid-malformed"),
        ("<item jid='unknown@b' subscription='remove'/>", "cancel item-not-found"),
        ("<item jid='{self}'/>", "cancel not-allowed"),
    ],
)
@pytest.mark.spec("RFC 6121 §2.3.3", "RFC 6121 §2.5.3")
async def test_a_roster_change_that_breaks_the_rules_is_refused(
    alice: Person, inner: str, error: str
) -> None:
    client = await with_roster(alice)
    type_, condition = error.split()
    await client.send(
        f"<iq type='set' id='s'><query xmlns='{ROSTER}'>{inner.replace('{self}', alice.jid)}"
        "</query></iq>"
    )
    await client.expect(
        f"<iq type='error' id='s'><error type='{type_}'>"
        f"<{condition} xmlns='{STANZAS}'/></error></iq>"
    )
    answer = await client.ask(f"<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>")
    assert len(answer[0]) == 0


@pytest.mark.parametrize(
    ("type_", "inner"),
    [
        ("get", ""),
        ("set", "<item jid='a@b'/>"),
        ("set", "<item jid='a@b' subscription='remove'/>"),
    ],
)
@pytest.mark.spec("RFC 6121 §2.1.3", "RFC 6121 §2.3.3")
async def test_a_roster_is_its_owners_alone(
    alice: Person, bob: Person, type_: str, inner: str
) -> None:
    client, other = await alice.bound(), await with_roster(bob)
    await client.send(
        f"<iq type='{type_}' id='1' to='{bob.jid}'><query xmlns='{ROSTER}'>{inner}</query></iq>"
    )
    await client.expect(
        f"<iq type='error' id='1' from='{bob.jid}'><error type='auth'>"
        f"<forbidden xmlns='{STANZAS}'/></error></iq>"
    )
    await other.nothing_else()


@pytest.mark.spec("RFC 6121 §2.1.2.1", "RFC 6121 §2.1.2.3", "RFC 6121 §2.1.2.6")
async def test_what_only_the_service_may_say_of_a_contact_is_not_taken(alice: Person) -> None:
    client = await with_roster(alice)
    item = (
        "<item jid='A@B.example/x' subscription='both' ask='subscribe' approved='true' name=' a '/>"
    )
    assert await set_item(client, item) == ""
    answer = await client.ask(f"<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>")
    assert [dict(each.attrib) for each in answer[0]] == [
        {"jid": "a@b.example", "subscription": "none", "name": " a "}
    ]


@pytest.mark.spec("RFC 6121 §2.4")
async def test_a_change_replaces_name_and_groups(alice: Person) -> None:
    client = await with_roster(alice)
    for inner in ("name='Old'><group>One</group><group>Two</group>", "><group>two</group>"):
        assert await set_item(client, f"<item jid='a@b.example' {inner}</item>") == ""
    answer = await client.ask(f"<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>")
    (item,) = answer[0]
    assert item.get("name") is None
    assert [group.text for group in item] == ["two"]


@pytest.mark.spec("RFC 6121 §2.1.6", "RFC 6120 §8.2.3")
async def test_an_answer_to_a_push_is_taken_in_silence(alice: Person, bob: Person) -> None:
    desk, phone = await with_roster(alice, "desk"), await with_roster(bob, "phone")
    assert await set_item(phone, "<item jid='a@b.example'/>") == ""
    assert await set_item(desk, "<item jid='a@b.example'/>") == ""
    await heard(desk)
    for to in ("", f" to='{desk.domain}'", f" to='{alice.jid}'", f" to='{bob.jid}'"):
        await desk.send(f"<iq type='result' id='push-2'{to}/>")
        await desk.send(
            f"<iq type='error' id='push-2'{to}><error type='cancel'>"
            f"<service-unavailable xmlns='{STANZAS}'/></error></iq>"
        )
    assert await heard(desk) == []


@pytest.mark.spec("RFC 6121 §2.1.6")
async def test_pushes_come_from_the_own_account_alone(alice: Person, bob: Person) -> None:
    """What somebody else calls a push says whom it is from, and changes nothing here."""
    desk, phone = await with_roster(alice, "desk"), await with_roster(bob, "phone")
    await desk.send(f"<presence to='{bob.jid}'/>")
    await phone.expect(f"<presence from='{desk.jid}'/>")
    forged = f"<query xmlns='{ROSTER}'><item jid='evil@b.example'/></query>"
    await phone.send(f"<iq type='set' id='f' to='{desk.jid}'>{forged}</iq>")
    await desk.expect(f"<iq type='set' id='f' from='{phone.jid}'/>")
    assert await roster_of(desk) == []


async def roster_of(client: Client) -> list[str]:
    answer = await client.ask(f"<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>")
    return [item.get("jid", "") for item in answer[0]]
