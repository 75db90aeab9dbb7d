"""Who is seen how, and what people do to each other, beyond the plain conversation."""

import pytest

from tests.conftest import Person
from tests.protocol.xep_0045.talk import (
    MUC,
    USER,
    admin,
    condition,
    configure,
    enter,
    info_of,
    item,
    join,
    refused,
    seen,
    settled,
    tea_room,
)

pytestmark = pytest.mark.spec("XEP-0045")

REQUEST = f"{MUC}#request"


def unavailable(room: str, nick: str, affiliation: str = "none", *codes: int) -> str:
    return seen(room, nick, item(affiliation, "none"), *codes, type_="unavailable")


async def test_two_devices_share_a_nickname_until_the_last_one_leaves(
    alice: Person, bob: Person
) -> None:
    owner, phone, pad = await alice.online(), await bob.online("phone"), await bob.online("pad")
    room = await tea_room(owner)
    await enter(phone, room, "bob")
    await enter(pad, room, "bob")
    await settled(owner)
    await settled(phone)
    await owner.send(f"<message to='{room}' type='groupchat'><body>both</body></message>")
    for client in (phone, pad, owner):
        await client.expect(
            f"<message from='{room}/alice' to='{client.jid}'><body>both</body></message>"
        )
    await phone.send(f"<presence to='{room}/bob' type='unavailable'/>")
    await phone.expect(unavailable(room, "bob", "none", 110))
    # Moderators see the address of the device that is left.
    await owner.expect(seen(room, "bob", item("none", "participant", f"jid='{pad.jid}'")))
    await pad.hang_up()
    await owner.expect(unavailable(room, "bob"))


async def test_who_comes_in_again_hears_everything_again_and_others_nothing(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await settled(owner)
    await guest.send(join(room, "bob"))
    await guest.expect(seen(room, "alice", item("owner", "moderator")))
    await guest.expect(seen(room, "bob", item("none", "participant"), 170, 110))
    await guest.expect("<message type='groupchat'><subject/></message>")
    await owner.nothing_else()


async def test_addresses_are_seen_by_moderators_or_by_all(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await owner.wait_for(seen(room, "bob", item("none", "participant", f"jid='{guest.jid}'")))
    await enter(other, room, "charlie")
    await guest.wait_for(seen(room, "charlie", item("none", "participant", "jid='-'")))
    await configure(owner, room, whois="anyone")
    await guest.wait_for(
        f"<message from='{room}'><x xmlns='{USER}'><status code='172'/></x></message>"
    )
    await other.send(f"<presence to='{room}/charlie' type='unavailable'/>")
    await guest.expect(
        seen(room, "charlie", item("none", "none", f"jid='{other.jid}'"), type_="unavailable")
    )
    await other.wait_for(unavailable(room, "charlie", "none", 110))
    await other.send(join(room, "charlie"))
    await other.expect_all(
        seen(room, "alice", item("owner", "moderator", f"jid='{owner.jid}'")),
        seen(room, "bob", item("none", "participant", f"jid='{guest.jid}'")),
    )
    await other.expect(seen(room, "charlie", item("none", "participant"), 100, 170, 110))
    await settled(guest)
    for rank, condition_ in (("member", ""), ("owner", ""), ("outcast", "forbidden")):
        answer = await guest.ask(
            f"<iq type='get' id='l' to='{room}'><query xmlns='{MUC}#admin'>"
            f"<item affiliation='{rank}'/></query></iq>"
        )
        assert condition(answer) == condition_


async def test_presence_of_a_role_that_is_not_shown_is_not_sent(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner, moderatedroom="1", presencebroadcast="moderator")
    await guest.send(join(room, "bob"))
    await guest.expect(seen(room, "alice", item("owner", "moderator")))
    await guest.expect(seen(room, "bob", item("none", "visitor"), 110))
    await enter(other, room, "charlie")
    await admin(owner, room, "<item nick='charlie' role='moderator'/>")
    await guest.wait_for(seen(room, "charlie", item("none", "moderator")))
    await admin(owner, room, "<item nick='charlie' role='participant'/>")
    await guest.expect(unavailable(room, "charlie"))
    await other.send(f"<presence to='{room}/charlie' type='unavailable'/>")
    await other.wait_for(unavailable(room, "charlie", "none", 110))
    await guest.nothing_else()


async def test_a_visitor_asks_for_voice_and_gets_it(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner, moderatedroom="1")
    await enter(guest, room, "bob")
    await settled(owner)

    def form(*fields: tuple[str, str]) -> str:
        inner = "".join(f"<field var='{v}'><value>{x}</value></field>" for v, x in fields)
        return (
            f"<message to='{room}'><x xmlns='jabber:x:data' type='submit'>"
            f"<field var='FORM_TYPE'><value>{REQUEST}</value></field>{inner}</x></message>"
        )

    await guest.send(form(("muc#role", "participant")))
    await owner.expect(
        f"<message from='{room}'><x xmlns='jabber:x:data' type='form'>"
        f"<field var='muc#roomnick'><value>bob</value></field>"
        f"<field var='muc#jid'><value>{guest.jid}</value></field></x></message>"
    )
    approval = form(("muc#roomnick", "bob"), ("muc#request_allow", "1"))
    await guest.send(approval)
    await guest.expect(refused("forbidden", "message"))
    await owner.send(approval)
    await guest.expect(seen(room, "bob", item("none", "participant"), 110))


async def test_an_invitation_to_members_makes_one_and_a_decline_comes_back(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner, membersonly="1")

    def invite(jid: str) -> str:
        return f"<message to='{room}'><x xmlns='{USER}'><invite to='{jid}'/></x></message>"

    def decline(jid: str) -> str:
        return f"<message to='{room}'><x xmlns='{USER}'><decline to='{jid}'/></x></message>"

    await owner.send(invite(bob.jid))
    await guest.expect(
        f"<message from='{room}'><x xmlns='{USER}'><invite from='{owner.jid}'/></x></message>"
    )
    await enter(guest, room, "bob")
    await guest.send(invite(charlie.jid))
    await guest.wait_for(refused("forbidden", "message"))
    await settled(owner)
    await other.send(decline(alice.jid))
    await owner.expect(
        f"<message from='{room}'><x xmlns='{USER}'><decline from='{charlie.jid}'/></x></message>"
    )
    await owner.send(f"<presence to='{room}/alice' type='unavailable'/>")
    await owner.expect(unavailable(room, "alice", "owner", 110))
    await other.send(decline(alice.jid))
    await other.expect(refused("item-not-found", "message"))


async def test_only_the_service_says_what_the_service_says(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    forged = f"<x xmlns='{USER}'><status code='110'/><item affiliation='owner'/></x>"
    await guest.send(
        f"<presence to='{room}/bob'><x xmlns='{MUC}'/>{forged}<status>hi</status></presence>"
    )
    await guest.wait_for("<message><subject/></message>")
    came = await owner.wait_for(f"<presence from='{room}/bob'><status>hi</status></presence>")
    assert len(came.findall(f"{{{USER}}}x")) == 1
    await guest.send(f"<message to='{room}' type='groupchat'><body>x</body>{forged}</message>")
    came = await owner.wait_for("<message><body>x</body></message>")
    assert came.find(f"{{{USER}}}x") is None


async def test_ranks_limit_what_a_request_may_do_and_all_of_it_counts(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner)
    for client, nick in ((guest, "bob"), (other, "charlie")):
        await enter(client, room, nick)
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='admin'/>")
    await guest.wait_for(seen(room, "bob", item("admin", "moderator"), 110))

    async def answer(text: str) -> str:
        return condition(await admin(guest, room, text))

    assert await answer(f"<item jid='{alice.jid}' affiliation='outcast'/>") == "not-allowed"
    assert await answer(f"<item jid='{charlie.jid}' affiliation='admin'/>") == "forbidden"
    assert await answer(f"<item jid='{bob.jid}' affiliation='outcast'/>") == "conflict"
    assert await answer("<item nick='alice' role='none'/>") == "not-allowed"
    assert await answer("<item nick='nobody' role='none'/>") == "item-not-found"
    assert await answer("<item nick='charlie' role='none' affiliation='none'/>") == "bad-request"
    assert await answer("<item nick='charlie' role='king'/>") == "bad-request"
    ban = f"<item jid='{charlie.jid}' affiliation='outcast'/>"
    both = f"{ban}<item jid='{alice.jid}' affiliation='none'/>"
    assert await answer(both) == "not-allowed"
    assert await answer("<item nick='charlie' role='visitor'><reason>hush</reason></item>") == ""
    await other.wait_for(
        f"<presence from='{room}/charlie'><x xmlns='{USER}'><item role='visitor'>"
        "<actor nick='bob'/><reason>hush</reason></item></x></presence>"
    )
    await owner.send(
        f"<iq type='set' id='f' to='{room}'><query xmlns='{MUC}#owner'>"
        "<x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_roomadmins'>"
        f"<value>{charlie.jid}</value></field></x></query></iq>"
    )
    await other.wait_for(seen(room, "charlie", item("admin", "moderator"), 110))
    await guest.wait_for(seen(room, "bob", item("member", "participant"), 110))


async def test_a_request_to_an_occupant_is_answered_to_the_device_that_asked(
    alice: Person, bob: Person
) -> None:
    owner, phone, pad = await alice.online(), await bob.online("phone"), await bob.online("pad")
    room = await tea_room(owner)
    for client in (phone, pad):
        await enter(client, room, "bob")
    await settled(owner)
    await pad.send(
        f"<iq type='get' id='v' to='{room}/alice'><query xmlns='jabber:iq:version'/></iq>"
    )
    asked = await owner.expect(
        f"<iq type='get' from='{room}/bob' to='{owner.jid}'><query xmlns='jabber:iq:version'/></iq>"
    )
    answer = (
        f"<iq type='result' id='{asked.get('id')}' to='{room}/bob'>"
        "<query xmlns='jabber:iq:version'><name>Tea</name></query></iq>"
    )
    await phone.send(answer)  # not who was asked: it goes nowhere
    await owner.send(answer)
    await pad.wait_for(
        f"<iq type='result' id='v' from='{room}/alice' to='{pad.jid}'>"
        "<query xmlns='jabber:iq:version'><name>Tea</name></query></iq>"
    )
    await pad.nothing_else()
    await owner.nothing_else()


async def test_a_private_message_is_in_both_archives_without_the_others_address(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await settled(owner)
    await guest.send(f"<message to='{room}/alice' type='chat' id='w'><body>psst</body></message>")
    came = await owner.expect(
        f"<message from='{room}/bob' to='{owner.jid}'><body>psst</body></message>"
    )
    (stanza_id,) = came.findall("{urn:xmpp:sid:0}stanza-id")
    assert stanza_id.get("by") == alice.jid
    for client, sender in ((owner, f"{room}/bob"), (guest, guest.jid)):
        await client.send(
            "<iq type='set' id='mam'><query xmlns='urn:xmpp:mam:2'>"
            "<x xmlns='jabber:x:data' type='submit'>"
            "<field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>"
            f"<field var='with'><value>{room}</value></field></x></query></iq>"
        )
        result = await client.wait_for("<message><result xmlns='urn:xmpp:mam:2'/></message>")
        (kept,) = result.findall(".//{jabber:client}message")
        assert kept.get("from") == sender
    assert guest.bare not in str([kept.attrib for kept in came.iter()])


async def test_disco_keeps_the_secrets_of_a_hidden_room(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner, publicroom="0", roomdesc="plans")
    items = f"<iq type='get' id='i' to='{room}'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>"
    for client, names in ((owner, [f"{room}/alice"]), (guest, [])):
        answer = await client.ask(items)
        assert [each.get("jid") for each in answer.findall(".//{*}item")] == names
        info = await info_of(client, room)
        assert bool(info.findall(".//{*}field")) == bool(names)
    nickname = await info_of(guest, room, "x-roomuser-item")
    assert not list(nickname[0])
    assert condition(await info_of(guest, room, "x-other")) == "item-not-found"
