"""What the settings of a room allow: those of XEP-0045, and those that other servers have."""

import pytest

from tests.conftest import Person
from tests.conversation import Client
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
    new_room,
    refused,
    seen,
    settled,
    tea_room,
)

REGISTER = "jabber:iq:register"


async def set_fields(client: Client, room: str, **fields: str) -> None:
    """Fields with names of their own."""
    inner = "".join(
        f"<field var='{name.replace('__', '#')}'><value>{value}</value></field>"
        for name, value in fields.items()
    )
    answer = await client.ask(
        f"<iq type='set' id='set' to='{room}'><query xmlns='{MUC}#owner'>"
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
        f"<value>{MUC}#roomconfig</value></field>{inner}</x></query></iq>"
    )
    assert answer.get("type") == "result"
    await settled(client)


async def rename(client: Client, room: str, nick: str) -> str:
    """Ask for another nickname; the condition of the refusal, "" where it is granted."""
    await client.send(f"<presence id='nick' to='{room}/{nick}'/>")
    while True:
        answer = await client.next()
        if answer.get("type") == "error":
            error = answer.find("{*}error")
            assert error is not None
            assert error.get("type") == "cancel"
            return condition(answer)
        if answer.get("from") == f"{room}/{nick}":
            return ""


@pytest.mark.spec("XEP-0045 §7.6", "XEP-0045 §7.10")
async def test_where_nicknames_are_locked_down_one_enters_under_the_registered_one(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner)
    await set_fields(owner, room, **{"x-muc__roomconfig_reservednick": "1"})
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='member' nick='Bobby'/>")
    await guest.send(join(room, "bob"))
    await guest.wait_for(seen(room, "Bobby", item("member", "participant"), 110, 210))
    await settled(guest)
    assert await rename(guest, room, "bob") == "not-acceptable"
    await other.send(join(room, "Bobby"))
    await other.expect(refused("conflict"))
    await enter(other, room, "charlie")
    assert await rename(other, room, "charles") == ""  # nobody has registered a name for him


@pytest.mark.spec("XEP-0045 §7.2.2", "XEP-0045 §7.6")
async def test_a_nickname_that_is_written_otherwise_is_told_as_it_is(alice: Person) -> None:
    owner = await alice.online()
    room = await tea_room(owner)
    await owner.send(f"<presence to='{room}/a\u212bb'/>")  # compared, the sign is the letter
    await owner.wait_for(seen(room, "a\u00c5b", item("*", "*"), 210))


@pytest.mark.spec("XEP-0045 §7.6", "XEP-0045 §7.7")
async def test_who_may_change_nicknames_and_show_a_status_is_set(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner, moderatedroom="1")
    await enter(guest, room, "bob")
    await set_fields(owner, room, allow_visitor_nickchange="0", allow_visitor_status="0")
    await settled(guest)
    assert await rename(guest, room, "robert") == "not-acceptable"
    await guest.send(f"<presence to='{room}/bob'><show>away</show><status>tea</status></presence>")
    changed = await owner.wait_for(f"<presence from='{room}/bob'><show>away</show></presence>")
    assert changed.find("{*}status") is None
    await admin(owner, room, "<item nick='bob' role='participant'/>")
    await settled(guest)
    assert await rename(guest, room, "robert") == ""
    await set_fields(owner, room, **{"x-muc__roomconfig_canchangenick": "0"})
    await settled(guest)
    assert await rename(guest, room, "bob") == "not-acceptable"
    assert await rename(owner, room, "alicia") == ""  # moderators always may


@pytest.mark.spec("XEP-0045 §7.5")
async def test_who_may_send_private_messages_is_set(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner, moderatedroom="1")
    await admin(owner, room, f"<item jid='{charlie.jid}' affiliation='member'/>")
    await enter(guest, room, "visitor")
    await enter(other, room, "member")
    clients = {"visitor": guest, "member": other, "alice": owner}
    plain = {
        "allow_private_messages_from_visitors": "anyone",
        "{xmpp:prosody.im}muc__allow_modpm": "0",
    }

    async def allowed(**fields: str) -> set[str]:
        await set_fields(owner, room, **{**plain, **fields})
        found = set()
        for sender, to in (
            ("visitor", "member"), ("visitor", "alice"), ("member", "visitor"),
            ("member", "alice"), ("alice", "visitor"),
        ):  # fmt: skip
            client = clients[sender]
            await settled(client)
            await client.send(
                f"<message id='pm' to='{room}/{to}' type='chat'><body>psst</body></message>"
            )
            await client.send(
                "<iq type='get' id='after' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"
            )
            refusal = ""
            while (answer := await client.next()).get("id") != "after":
                if answer.get("type") == "error":
                    refusal = condition(answer)
            if refusal:
                assert refusal == "forbidden"
            else:
                found.add(f"{sender} {to}")
        return found

    by_visitor, by_member = {"visitor member", "visitor alice"}, {"member visitor", "member alice"}
    by_owner = {"alice visitor"}
    pm = "muc__roomconfig_allowpm"
    assert await allowed(**{pm: "anyone"}) == by_visitor | by_member | by_owner
    assert await allowed(**{pm: "participants"}) == by_member | by_owner
    assert await allowed(**{pm: "moderators"}) == by_owner
    assert await allowed(**{pm: "none"}) == set()
    to_staff = {"visitor alice", "member alice"}
    assert await allowed(**{pm: "none", "{xmpp:prosody.im}muc__allow_modpm": "1"}) == to_staff
    few = {pm: "anyone", "allow_private_messages_from_visitors": "moderators"}
    assert await allowed(**few) == {"visitor alice"} | by_member | by_owner


@pytest.mark.spec("XEP-0045 §7.13")
async def test_requests_for_voice_may_be_rare_or_none(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner, moderatedroom="1")
    await enter(guest, room, "bob")
    await settled(owner)
    request = (
        f"<message to='{room}'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
        f"<value>{MUC}#request</value></field><field var='muc#role'><value>participant</value>"
        "</field></x></message>"
    )
    await guest.send(request)
    await owner.expect(f"<message from='{room}'><x xmlns='jabber:x:data' type='form'/></message>")
    await guest.send(request)
    await guest.expect(refused("resource-constraint", "message"))
    await set_fields(owner, room, voice_request_min_interval="0")
    await settled(guest)
    await guest.send(request)
    await owner.expect(f"<message from='{room}'><x xmlns='jabber:x:data' type='form'/></message>")
    await set_fields(owner, room, allow_voice_requests="0")
    await settled(guest)
    await guest.send(request)
    await guest.expect(refused("forbidden", "message"))


@pytest.mark.spec("XEP-0045 §5.1", "XEP-0045 §5.1.2")
async def test_voice_that_was_given_or_taken_outlasts_a_visit(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner, moderatedroom="1")

    async def comes_in_as(role: str) -> None:
        await settled(guest)  # what was done to it before is no answer to this
        await guest.send(f"<presence to='{room}/bob' type='unavailable'/>")
        await guest.send(join(room, "bob"))
        await guest.wait_for(seen(room, "bob", item("none", role), 110))

    await comes_in_as("visitor")
    await admin(owner, room, "<item nick='bob' role='participant'/>")
    await comes_in_as("participant")
    await admin(owner, room, "<item nick='bob' role='visitor'/>")
    await comes_in_as("visitor")
    await configure(owner, room, moderatedroom="0")
    await guest.wait_for(seen(room, "bob", item("none", "participant"), 110))
    await comes_in_as("participant")
    await configure(owner, room, moderatedroom="1")
    await set_fields(owner, room, members_by_default="1")
    await comes_in_as("participant")


@pytest.mark.spec("XEP-0045 §7.10")
async def test_where_nobody_may_register_the_room_says_so(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await set_fields(owner, room, **{"x-muc__roomconfig_registration": "0"})
    answer = await guest.ask(f"<iq type='get' id='r' to='{room}'><query xmlns='{REGISTER}'/></iq>")
    assert condition(answer) == "service-unavailable"
    features = {each.get("var") for each in (await info_of(guest, room)).findall(".//{*}feature")}
    assert REGISTER not in features


@pytest.mark.spec("XEP-0045 §6.5", "XEP-0045 §17.4")
async def test_people_inside_may_be_kept_from_strangers_and_from_each_others_requests(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await set_fields(owner, room, public_list="0", allow_query_users="0")
    items = "<query xmlns='http://jabber.org/protocol/disco#items'/>"
    for client, count in ((other, 0), (guest, 2)):
        answer = await client.ask(f"<iq type='get' id='i' to='{room}'>{items}</iq>")
        assert len(answer.findall(".//{*}item")) == count
    version = f"<iq type='get' id='v' to='{room}/alice'><query xmlns='jabber:iq:version'/></iq>"
    assert condition(await guest.ask(version)) == "not-allowed"
    ping = f"<iq type='get' id='s' to='{room}/bob'><ping xmlns='urn:xmpp:ping'/></iq>"
    assert (await guest.ask(ping)).get("type") == "result"


@pytest.mark.spec("XEP-0045 §7.2.9")
async def test_a_full_room_lets_in_its_staff_and_further_devices(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online("pad"), await charlie.online()
    room = await tea_room(owner)
    await set_fields(owner, room, muc__roomconfig_maxusers="2")
    await enter(guest, room, "bob")
    await other.send(join(room, "charlie"))
    error = (await other.expect(refused("service-unavailable"))).find("{*}error")
    assert error is not None
    assert error.get("type") == "wait"
    await enter(await bob.online("phone"), room, "bob")
    await enter(await alice.online("phone"), room, "alice at home")
    await admin(owner, room, f"<item jid='{charlie.jid}' affiliation='admin'/>")
    await enter(other, room, "charlie")


@pytest.mark.spec("XEP-0045 §7.2.12", "XEP-0045 §7.2.13")
async def test_who_does_not_say_hears_the_usual_history_and_who_asks_hears_more(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner, defaulthistorymessages="1")
    for number in range(3):
        await owner.send(f"<message to='{room}' type='groupchat'><body>{number}</body></message>")
    await owner.wait_for("<message><body>2</body></message>")
    for inner, count in (
        ("", 1),
        ("<history maxstanzas='2'/>", 2),
        ("<history since='1970-01-01T00:00:00Z'/>", 3),
        ("<history seconds='3600'/>", 3),
        ("<history maxstanzas='3' maxchars='100000'/>", 3),
        (
            "<history maxstanzas='3' maxchars='700'/>",
            1,
        ),  # of whole stanzas (section 7.2.13), of which two are more
    ):
        await guest.send(join(room, "bob", inner))
        await guest.wait_for(f"<presence><x xmlns='{USER}'><status code='110'/></x></presence>")
        heard = 0
        while (await guest.next()).find("{*}subject") is None:
            heard += 1
        assert heard == count


@pytest.mark.spec("XEP-0045 §7.10")
async def test_who_registers_where_nicknames_are_locked_is_called_so_at_once(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await set_fields(owner, room, **{"x-muc__roomconfig_reservednick": "1"})
    await enter(guest, room, "bob")
    await settled(owner)
    await guest.send(
        f"<iq type='set' id='r' to='{room}'><query xmlns='{REGISTER}'>"
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
        f"<value>{MUC}#register</value></field><field var='muc#register_roomnick'>"
        "<value>Bobby</value></field></x></query></iq>"
    )
    await guest.wait_for(seen(room, "Bobby", item("member", "participant"), 110, 210))
    await owner.wait_for(seen(room, "Bobby", item("member", "participant")))
    await guest.send(join(room, "bob"))  # the same again, as after a lost connection
    await guest.wait_for(seen(room, "Bobby", item("member", "participant"), 110, 210))


@pytest.mark.spec("XEP-0045 §13.6")
async def test_a_presence_that_all_are_sent_has_a_limit(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    long = f"<status>{'x' * 10_001}</status>"
    await guest.send(f"<presence to='{room}/bob'><x xmlns='{MUC}'/>{long}</presence>")
    await guest.expect(refused("policy-violation"))
    await enter(guest, room, "bob")
    await settled(owner)
    await guest.send(f"<presence to='{room}/bob'>{long}</presence>")
    await guest.wait_for(refused("policy-violation"))
    await guest.send(f"<presence to='{room}/bob' type='unavailable'>{long}</presence>")
    gone = await owner.expect(seen(room, "bob", item("none", "none"), type_="unavailable"))
    assert gone.find("{*}status") is None


@pytest.mark.spec("XEP-0045 §7.2.10", "XEP-0045 §17.2")
async def test_a_room_that_is_not_configured_is_not_there(alice: Person, bob: Person) -> None:
    owner, guest, room = await alice.online(), await bob.online(), new_room()
    await enter(owner, room, "alice")
    assert condition(await info_of(guest, room)) == "item-not-found"
    await guest.send(f"<message to='{room}' type='groupchat'><body>Anybody?</body></message>")
    await guest.expect(refused("item-not-found", "message"))
    assert (await info_of(owner, room)).get("type") == "result"
    assert (await configure(owner, room)).get("type") == "result"
    assert (await info_of(guest, room)).get("type") == "result"


@pytest.mark.spec("XEP-0045 §10.2")
async def test_an_owner_s_form_undoes_nothing_that_was_changed_since_it_was_sent(
    alice: Person, bob: Person
) -> None:
    owner = await alice.online()
    room = await tea_room(owner, roomname="Tea")
    form = await owner.ask(
        f"<iq type='get' id='form' to='{room}'><query xmlns='{MUC}#owner'/></iq>"
    )
    shown = {
        field.get("var", ""): "".join(f"<value>{each.text or ''}</value>" for each in values)
        for field in form.iter("{jabber:x:data}field")
        if (values := field.findall("{jabber:x:data}value")) and field.get("var")
    }
    other = await alice.online("other")
    await configure(other, room, roomname="Coffee", moderatedroom="1")
    await admin(other, room, f"<item jid='{bob.jid}' affiliation='admin'/>")
    shown["muc#roomconfig_roomdesc"] = "<value>Hot</value>"
    fields = "".join(f"<field var='{name}'>{inner}</field>" for name, inner in shown.items())
    answer = await owner.ask(
        f"<iq type='set' id='back' to='{room}'><query xmlns='{MUC}#owner'>"
        f"<x xmlns='jabber:x:data' type='submit'>{fields}</x></query></iq>"
    )
    assert answer.get("type") == "result"
    again = await owner.ask(
        f"<iq type='get' id='again' to='{room}'><query xmlns='{MUC}#owner'/></iq>"
    )
    now = {
        field.get("var"): field.findtext("{jabber:x:data}value")
        for field in again.iter("{jabber:x:data}field")
    }
    assert now["muc#roomconfig_roomname"] == "Coffee"
    assert now["muc#roomconfig_moderatedroom"] == "1"
    assert now["muc#roomconfig_roomdesc"] == "Hot"
    assert now["muc#roomconfig_roomadmins"] == bob.jid
