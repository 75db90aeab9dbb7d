"""Message archive management, XEP-0313, in the archives of rooms."""

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.test_xep_0313 import MAM, bodies, id_of, query
from tests.protocol.xep_0045.talk import (
    USER,
    admin,
    condition,
    configure,
    enter,
    info_of,
    join,
    settled,
    tea_room,
)

pytestmark = pytest.mark.spec("XEP-0313 §6.2.3")


async def say(client: Client, room: str, *texts: str) -> list[str]:
    """Each in turn; returns the ids that the room gives them."""
    ids = []
    for text in texts:
        await client.send(f"<message to='{room}' type='groupchat'><body>{text}</body></message>")
        heard = await client.wait_for(f"<message from='*'><body>{text}</body></message>")
        (given,) = heard.findall("{urn:xmpp:sid:0}stanza-id")
        assert given.get("by") == room
        ids.append(given.get("id", ""))
    return ids


async def asked(client: Client, room: str, form: dict[str, str] | None = None) -> str:
    """The condition of the refusal, "" where the room answers."""
    await settled(client)
    return condition((await query(client, form, to=room))[1])


def names(results: list[Element]) -> list[str]:
    """The addresses that the forwarded messages show."""
    return [each.get("jid", "") for result in results for each in result.iter(f"{{{USER}}}item")]


@pytest.mark.spec("XEP-0313 §4", "XEP-0313 §5")
async def test_a_rooms_archive_is_read_in_pages_by_the_ids_that_were_told(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    ids = await say(guest, room, "m0", "m1", "m2", "m3")
    await guest.send(f"<message to='{room}/alice' type='chat'><body>psst</body></message>")
    await guest.send(f"<message to='{room}' type='groupchat'><body>m4</body></message>")
    results, fin = await query(await alice.online("other"), to=room)
    assert bodies(results) == ["m0", "m1", "m2", "m3", "m4"]  # and nothing of the private one
    assert [id_of(each) for each in results][:4] == ids
    assert fin.find(f"{{{MAM}}}fin[@complete='true']") is not None
    for result in results:
        assert result.get("from") == room
        forwarded = result.find(".//{urn:xmpp:forward:0}forwarded/{jabber:client}message")
        assert forwarded is not None
        assert (forwarded.get("from"), forwarded.get("to")) == (f"{room}/bob", None)
    await settled(owner)
    page, _ = await query(owner, rsm=f"<max>2</max><after>{ids[0]}</after>", to=room)
    assert bodies(page) == ["m1", "m2"]
    page, _ = await query(owner, rsm=f"<max>2</max><before>{ids[2]}</before>", to=room)
    assert bodies(page) == ["m0", "m1"]
    page, _ = await query(owner, {"ids": ids[3]}, to=room)
    assert bodies(page) == ["m3"]
    answer = await owner.ask(f"<iq type='get' id='md' to='{room}'><metadata xmlns='{MAM}'/></iq>")
    start = answer.find(f".//{{{MAM}}}start")
    assert start is not None
    assert start.get("id") == ids[0]
    form = await owner.ask(f"<iq type='get' id='f' to='{room}'><query xmlns='{MAM}'/></iq>")
    assert form.find(".//{*}field[@var='with']") is not None
    features = {each.get("var") for each in (await info_of(guest, room)).findall(".//{*}feature")}
    assert {MAM, f"{MAM}#extended", "urn:xmpp:sid:0"} <= features


async def test_whoever_may_enter_may_read(alice: Person, bob: Person, charlie: Person) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner, persistentroom="1")
    await say(owner, room, "tea")
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='member'/>")
    assert await asked(other, room) == ""
    await configure(owner, room, membersonly="1")
    assert [await asked(each, room) for each in (owner, guest, other)] == ["", "", "forbidden"]
    await configure(owner, room, membersonly="0", roomsecret="cauldron")
    assert [await asked(each, room) for each in (owner, guest)] == ["", "forbidden"]
    await enter(guest, room, "bob", "<password>cauldron</password>")
    assert await asked(guest, room) == ""
    await configure(owner, room, passwordprotectedroom="0")
    await admin(owner, room, f"<item jid='{charlie.jid}' affiliation='outcast'/>")
    assert await asked(other, room) == "forbidden"
    await configure(owner, room, enablelogging="0")
    assert await asked(owner, room) == "service-unavailable"
    features = {each.get("var") for each in (await info_of(owner, room)).findall(".//{*}feature")}
    assert MAM not in features
    assert await asked(owner, "none@conference.localhost") == "item-not-found"


async def test_addresses_are_shown_to_whoever_sees_them_in_the_room(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    forged = f"<x xmlns='{USER}'><item jid='king@localhost'/></x>"
    await guest.send(f"<message to='{room}' type='groupchat'><body>tea</body>{forged}</message>")
    await owner.wait_for("<message><body>tea</body></message>")
    await say(owner, room, "milk")
    await settled(guest)
    results, _ = await query(owner, to=room)
    assert names(results) == [guest.jid, owner.jid]
    assert names((await query(guest, to=room))[0]) == []
    with_bob = {"with": bob.jid}
    results, _ = await query(owner, with_bob, to=room)
    assert bodies(results) == ["tea"]
    assert await asked(guest, room, with_bob) == "forbidden"
    assert await asked(owner, room, {"with": f"{room}/bob"}) == "feature-not-implemented"
    await configure(owner, room, whois="anyone")
    assert names((await query(other, to=room))[0]) == [guest.jid, owner.jid]


async def test_what_was_said_under_the_address_before_is_not_the_rooms(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    (old,) = await say(owner, room, "secret")
    await owner.send(f"<presence to='{room}/alice' type='unavailable'/>")
    await owner.wait_for("<presence type='unavailable'/>")
    await settled(owner)
    await guest.send(join(room, "bob"))
    await guest.wait_for("<message type='groupchat'><subject/></message>")
    await configure(guest, room)
    await settled(guest)
    assert bodies((await query(guest, to=room))[0]) == []
    assert bodies((await query(guest, {"ids": old}, to=room))[0]) == []
    answer = await guest.ask(f"<iq type='get' id='md' to='{room}'><metadata xmlns='{MAM}'/></iq>")
    assert answer.find(f".//{{{MAM}}}start") is None


@pytest.mark.spec("XEP-0424 §5", "XEP-0425 §5")
async def test_what_a_moderator_took_back_is_a_tombstone_in_the_archive(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    (target,) = await say(guest, room, "spam")
    old_words = (  # as version 0.2 of the specification had it
        f"<iq type='set' id='mod' to='{room}'><apply-to xmlns='urn:xmpp:fasten:0' id='{target}'>"
        "<moderate xmlns='urn:xmpp:message-moderate:0'>"
        "<retract xmlns='urn:xmpp:message-retract:0'/>"
        "<reason>Not here.</reason></moderate></apply-to></iq>"
    )
    assert condition(await guest.ask(old_words)) == "forbidden"
    await owner.send(old_words)
    for reader in (owner, guest):
        told = await reader.wait_for(
            f"<message from='{room}' type='groupchat'>"
            f"<retract xmlns='urn:xmpp:message-retract:1' id='{target}'>"
            f"<moderated xmlns='urn:xmpp:message-moderate:1' by='{room}/alice'>"
            "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='*'/></moderated></retract>"
            f"<apply-to xmlns='urn:xmpp:fasten:0' id='{target}'>"
            f"<moderated xmlns='urn:xmpp:message-moderate:0' by='{room}/alice'>"
            "<retract xmlns='urn:xmpp:message-retract:0'/><reason>Not here.</reason>"
            "</moderated></apply-to></message>"
        )
    await settled(owner)
    await settled(guest)
    results, _ = await query(guest, to=room)
    assert bodies(results)[0] is None
    moderated = results[0].find(
        ".//{urn:xmpp:message-retract:1}retracted/{urn:xmpp:message-moderate:1}moderated"
    )
    assert moderated is not None
    found = {each.get("id") for each in results[0].iter("{urn:xmpp:occupant-id:0}occupant-id")}
    assert len(found) == 2  # the author's and the moderator's
    (moderator,) = told.iter("{urn:xmpp:occupant-id:0}occupant-id")
    assert moderator.get("id") in found
    nothing = (
        "<iq type='set' id='mod' to='{room}'><apply-to xmlns='urn:xmpp:fasten:0' id='1'/></iq>"
    )
    assert condition(await owner.ask(nothing.format(room=room))) == "bad-request"
    features = {each.get("var") for each in (await info_of(owner, room)).findall(".//{*}feature")}
    assert {"urn:xmpp:message-moderate:0", "urn:xmpp:message-moderate:1"} <= features
