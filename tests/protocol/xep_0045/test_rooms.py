"""Rooms, XEP-0045: entering, talking, moderating, configuring."""

import pytest

from tests.conftest import Person
from tests.protocol.xep_0045.talk import (
    MUC,
    STANZAS,
    USER,
    admin,
    configure,
    enter,
    item,
    join,
    new_room,
    refused,
    seen,
    tea_room,
)

pytestmark = pytest.mark.spec("XEP-0045")


async def test_the_first_to_come_owns_a_room_that_is_locked_until_configured(
    alice: Person, bob: Person
) -> None:
    owner, guest, room = await alice.online(), await bob.online(), new_room()
    await owner.send(join(room, "alice"))
    await owner.expect(seen(room, "alice", item("owner", "moderator"), 201, 110))
    await owner.expect(f"<message type='groupchat' from='{room}'><subject/></message>")
    await guest.send(join(room, "bob"))
    await guest.expect(refused("item-not-found"))
    assert (await configure(owner, room)).get("type") == "result"
    await guest.send(join(room, "bob"))
    await guest.expect(seen(room, "alice", item("owner", "moderator", "jid='-'")))
    await guest.expect(seen(room, "bob", item("none", "participant"), 110))
    await guest.expect(f"<message type='groupchat' from='{room}'><subject/></message>")
    await owner.expect(seen(room, "bob", item("none", "participant", f"jid='{guest.jid}'")))


async def test_what_is_said_reaches_everybody_once_with_an_id(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online(door="websocket")
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await owner.wait_for(seen(room, "bob", item("none", "participant")))
    await guest.send(
        f"<message to='{room}' type='groupchat' id='m1'><body>Tea?</body>"
        f"<stanza-id xmlns='urn:xmpp:sid:0' by='{room}' id='forged'/></message>"
    )
    for client in (owner, guest):
        message = await client.expect(
            f"<message from='{room}/bob' to='{client.jid}' type='groupchat' id='m1'>"
            "<body>Tea?</body></message>"
        )
        (stanza_id,) = message.findall("{urn:xmpp:sid:0}stanza-id")
        assert stanza_id.get("id") != "forged"
    await owner.nothing_else()
    await guest.nothing_else()


async def test_a_newcomer_hears_the_history_and_the_subject(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    for number in range(3):
        await owner.send(f"<message to='{room}' type='groupchat'><body>m{number}</body></message>")
    await owner.send(f"<message to='{room}' type='groupchat'><subject>Tea</subject></message>")
    await owner.wait_for(f"<message from='{room}/alice'><subject>Tea</subject></message>")
    await guest.send(join(room, "bob", "<history maxstanzas='2'/>"))
    await guest.wait_for(f"<presence><x xmlns='{USER}'><status code='110'/></x></presence>")
    for number in (1, 2):
        await guest.expect(
            f"<message from='{room}/alice' type='groupchat'><body>m{number}</body>"
            f"<delay xmlns='urn:xmpp:delay' from='{room}' stamp='*'/></message>"
        )
    await guest.expect(f"<message from='{room}/alice'><subject>Tea</subject></message>")
    await guest.nothing_else()


@pytest.mark.parametrize(
    "history", ["maxstanzas='0'", "maxchars='0'", "seconds='0'", "since='2080-01-01T00:00:00Z'"]
)
async def test_a_newcomer_may_want_no_history(alice: Person, bob: Person, history: str) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await owner.send(f"<message to='{room}' type='groupchat'><body>old</body></message>")
    await owner.wait_for("<message><body>old</body></message>")
    await guest.send(join(room, "bob", f"<history {history}/>"))
    await guest.wait_for(f"<presence><x xmlns='{USER}'><status code='110'/></x></presence>")
    await guest.expect("<message type='groupchat'><subject/></message>")


async def test_each_refusal_has_its_condition(alice: Person, bob: Person, charlie: Person) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner, roomsecret="cauldron", maxusers="10")
    await guest.send(f"<presence to='{room}'><x xmlns='{MUC}'/></presence>")
    await guest.expect(refused("jid-malformed"))
    await guest.send(join(room, "bob", "<password>kettle</password>"))
    await guest.expect(refused("not-authorized"))
    await guest.send(join(room, "alice", "<password>cauldron</password>"))
    await guest.expect(refused("conflict"))
    await enter(guest, room, "bob", "<password>cauldron</password>")
    await configure(owner, room, membersonly="1", passwordprotectedroom="0")
    await guest.wait_for(seen(room, "bob", item("none", "none"), 322, 110, type_="unavailable"))
    await guest.send(join(room, "bob"))
    await guest.expect(refused("registration-required"))
    await admin(owner, room, f"<item affiliation='outcast' jid='{charlie.jid}'/>")
    await other.send(join(room, "charlie"))
    await other.expect(refused("forbidden"))


async def test_who_is_not_inside_cannot_speak(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await guest.send(f"<message to='{room}' type='groupchat'><body>x</body></message>")
    await guest.expect(refused("not-acceptable", "message"))
    await guest.send(f"<message to='{new_room()}' type='groupchat'><body>x</body></message>")
    await guest.expect(refused("item-not-found", "message"))


async def test_a_private_message_passes_through_the_room(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await owner.wait_for(seen(room, "bob", item("none", "participant")))
    await guest.send(
        f"<message to='{room}/alice' type='chat' id='w'><body>psst</body>"
        "<request xmlns='urn:xmpp:receipts'/></message>"
    )
    await owner.expect(
        f"<message from='{room}/bob' to='{owner.jid}' type='chat'><body>psst</body>"
        f"<request xmlns='urn:xmpp:receipts'/><x xmlns='{USER}'/></message>"
    )
    await guest.send(f"<message to='{room}/nobody' type='chat'><body>psst</body></message>")
    await guest.expect(refused("item-not-found", "message"))
    await configure(owner, room, allowpm="none")
    await guest.wait_for(
        f"<message from='{room}'><x xmlns='{USER}'><status code='104'/></x></message>"
    )
    await guest.send(f"<message to='{room}/alice' type='chat'><body>psst</body></message>")
    await guest.expect(refused("forbidden", "message"))


async def test_a_nickname_changes_and_conflicts(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await owner.wait_for(seen(room, "bob", item("none", "participant")))
    await guest.send(f"<presence to='{room}/bobby'/>")
    for client, codes in ((owner, [303]), (guest, [303, 110])):
        await client.expect(
            seen(
                room,
                "bob",
                item("none", "participant", "nick='bobby'"),
                *codes,
                type_="unavailable",
            )
        )
    await owner.expect(seen(room, "bobby", item("none", "participant")))
    await guest.expect(seen(room, "bobby", item("none", "participant"), 110))
    await guest.send(f"<presence to='{room}/alice'/>")
    await guest.expect(refused("conflict"))


async def test_to_leave_and_to_vanish_is_seen(alice: Person, bob: Person) -> None:
    owner = await alice.online()
    room = await tea_room(owner)
    for how in ("leave", "break"):
        guest = await bob.online()
        await enter(guest, room, "bob")
        await owner.wait_for(seen(room, "bob", item("none", "participant")))
        if how == "leave":
            await guest.send(
                f"<presence to='{room}/bob' type='unavailable'><status>bye</status></presence>"
            )
            await guest.expect(seen(room, "bob", item("none", "none"), 110, type_="unavailable"))
            status = "<status>bye</status>"
        else:
            await guest.hang_up()
            status = ""
        await owner.expect(
            f"<presence from='{room}/bob' type='unavailable'><x xmlns='{USER}'>"
            f"{item('none', 'none')}</x>{status}</presence>"
        )


async def test_moderators_kick_and_silence(alice: Person, bob: Person, charlie: Person) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner, moderatedroom="1")
    await enter(guest, room, "bob")
    await enter(other, room, "charlie")
    await guest.wait_for(seen(room, "charlie", item("none", "visitor")))
    await guest.send(f"<message to='{room}' type='groupchat'><body>x</body></message>")
    await guest.expect(refused("forbidden", "message"))
    answer = await admin(guest, room, "<item nick='charlie' role='none'/>")
    assert answer.find(f"{{*}}error/{{{STANZAS}}}forbidden") is not None
    await admin(owner, room, "<item nick='bob' role='participant'/>")
    await guest.expect(seen(room, "bob", item("none", "participant"), 110))
    await guest.send(f"<message to='{room}' type='groupchat'><body>voice</body></message>")
    await guest.expect(f"<message from='{room}/bob'><body>voice</body></message>")
    await admin(owner, room, "<item nick='charlie' role='none'><reason>noise</reason></item>")
    await guest.expect(
        f"<presence from='{room}/charlie' type='unavailable'><x xmlns='{USER}'>"
        "<item affiliation='none' role='none'><actor nick='alice'/><reason>noise</reason></item>"
        "<status code='307'/></x></presence>"
    )
    await other.wait_for(seen(room, "charlie", item("none", "none"), 307, 110, type_="unavailable"))
    answer = await admin(owner, room, f"<item jid='{alice.jid}' affiliation='none'/>")
    assert answer.find(f"{{*}}error/{{{STANZAS}}}conflict") is not None


async def test_a_ban_removes_and_a_membership_shows(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await owner.wait_for(seen(room, "bob", item("none", "participant")))
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='member'/>")
    await guest.wait_for(seen(room, "bob", item("member", "participant"), 110))
    members = await owner.ask(
        f"<iq type='get' id='l' to='{room}'><query xmlns='{MUC}#admin'>"
        "<item affiliation='member'/></query></iq>"
    )
    assert [each.get("jid") for each in members[0]] == [bob.jid]
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='outcast'/>")
    await guest.wait_for(seen(room, "bob", item("outcast", "none"), 301, 110, type_="unavailable"))


async def test_the_form_shows_and_changes_the_settings(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner, roomname="Tea", persistentroom="1")
    form = await owner.ask(f"<iq type='get' id='f' to='{room}'><query xmlns='{MUC}#owner'/></iq>")
    values = {
        field.get("var"): field.findtext("{*}value") for field in form.iter("{jabber:x:data}field")
    }
    assert values["muc#roomconfig_roomname"] == "Tea"
    assert values["muc#roomconfig_persistentroom"] == "1"
    info = await guest.ask(
        f"<iq type='get' id='i' to='{room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
    )
    features = {each.get("var") for each in info.findall(".//{*}feature")}
    assert {MUC, "muc_persistent", "muc_public", "muc_open", "muc_unsecured"} <= features
    assert {f"{MUC}#self-ping-optimization", "jabber:iq:register", "urn:xmpp:sid:0"} <= features
    assert (await configure(guest, room)).find(f"{{*}}error/{{{STANZAS}}}forbidden") is not None
    bad = await configure(owner, room, whois="everybody")
    assert bad.find(f"{{*}}error/{{{STANZAS}}}not-acceptable") is not None
    items = await guest.ask(
        "<iq type='get' id='d' to='conference.localhost'>"
        "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>"
    )
    assert room in {each.get("jid") for each in items.findall(".//{*}item")}


async def test_a_room_is_destroyed_with_a_place_to_go(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await owner.send(
        f"<iq type='set' id='end' to='{room}'><query xmlns='{MUC}#owner'>"
        "<destroy jid='other@conference.localhost'><reason>moved</reason></destroy></query></iq>"
    )
    await guest.wait_for(
        f"<presence from='{room}/bob' type='unavailable'><x xmlns='{USER}'>"
        "<destroy jid='other@conference.localhost'><reason>moved</reason></destroy></x></presence>"
    )
    await guest.send(join(room, "bob"))
    await guest.expect(seen(room, "bob", item("owner", "moderator"), 201, 110))


async def test_an_invitation_reaches_the_absent(alice: Person, bob: Person) -> None:
    owner = await alice.online()
    room = await tea_room(owner, roomsecret="cauldron")
    await owner.send(
        f"<message to='{room}'><x xmlns='{USER}'><invite to='{bob.jid}'><reason>tea</reason>"
        "</invite></x></message>"
    )
    await owner.nothing_else()
    guest = await bob.bound()
    await guest.send("<presence/>")
    await guest.wait_for(
        f"<message from='{room}'><x xmlns='{USER}'><invite from='{owner.jid}'><reason>tea</reason>"
        "</invite><password>cauldron</password></x></message>"
    )


@pytest.mark.spec("XEP-0410")
async def test_a_self_ping_tells_who_is_still_inside(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    ping = f"<iq type='get' id='s' to='{room}/alice'><ping xmlns='urn:xmpp:ping'/></iq>"
    assert (await owner.ask(ping)).get("type") == "result"
    answer = await guest.ask(ping)
    assert answer.find(f"{{*}}error/{{{STANZAS}}}not-acceptable") is not None
