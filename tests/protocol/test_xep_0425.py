"""Moderated message retraction, XEP-0425, and retraction by authors in rooms."""

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.xep_0045.talk import enter, tea_room

MODERATE = "urn:xmpp:message-moderate:1"
RETRACT = "urn:xmpp:message-retract:1"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"

pytestmark = pytest.mark.spec("XEP-0425")


async def say(client: Client, room: str, text: str) -> str:
    """Say it in the room; returns the id that the room gave it."""
    await client.send(
        f"<message to='{room}' type='groupchat' id='m-{text}'><body>{text}</body></message>"
    )
    heard = await client.wait_for(f"<message id='m-{text}'/>")
    given = heard.find("{urn:xmpp:sid:0}stanza-id")
    assert given is not None
    return given.get("id", "")


async def moderate(client: Client, room: str, target: str, reason: str = "") -> Element:
    inner = f"<reason>{reason}</reason>" if reason else ""
    return await client.ask(
        f"<iq type='set' id='mod' to='{room}'><moderate xmlns='{MODERATE}' id='{target}'>"
        f"<retract xmlns='{RETRACT}'/>{inner}</moderate></iq>"
    )


async def moderate_aside(client: Client, room: str, target: str, reason: str) -> None:
    await client.send(
        f"<iq type='set' id='mod' to='{room}'><moderate xmlns='{MODERATE}' id='{target}'>"
        f"<retract xmlns='{RETRACT}'/><reason>{reason}</reason></moderate></iq>"
    )


@pytest.mark.spec("XEP-0425 §4", "XEP-0425 §5")
async def test_a_moderator_takes_back_what_another_said(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    target = await say(guest, room, "spam")
    await owner.wait_for("<message id='m-spam'/>")
    await moderate_aside(owner, room, target, "Not here.")
    told = (
        f"<message from='{room}' type='groupchat'><retract xmlns='{RETRACT}' id='{target}'>"
        f"<moderated xmlns='{MODERATE}' by='{room}/alice'/><reason>Not here.</reason>"
        "</retract></message>"
    )
    await guest.wait_for(told)
    await owner.expect_all(told, f"<iq from='{room}' type='result' id='mod'/>")
    # Who comes later does not hear of it.
    late = await charlie.online()
    await late.send(
        f"<presence to='{room}/charlie'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    )
    await late.wait_for(f"<message from='{room}' type='groupchat'><subject/></message>")
    await late.nothing_else()


@pytest.mark.spec("XEP-0425 §4.2")
async def test_only_moderators_moderate(alice: Person, bob: Person, charlie: Person) -> None:
    owner, guest, stranger = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    target = await say(owner, room, "tea")
    for client in (guest, stranger):
        answer = await moderate(client, room, target)
        assert answer.find(f".//{{{STANZAS}}}forbidden") is not None
    answer = await moderate(owner, room, "123")
    assert answer.find(f".//{{{STANZAS}}}item-not-found") is not None
    await owner.send(
        f"<iq type='set' id='odd' to='{room}'><moderate xmlns='{MODERATE}' id='{target}'/></iq>"
    )
    await owner.wait_for(
        f"<iq type='error' id='odd'><error><bad-request xmlns='{STANZAS}'/></error></iq>"
    )


@pytest.mark.spec("XEP-0424 §4")
async def test_authors_take_back_their_own_in_a_room_and_nobody_elses(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    mine, theirs = await say(guest, room, "oops"), await say(owner, room, "fine")
    for target, id_ in ((theirs, "r1"), (mine, "r2")):
        await guest.send(
            f"<message to='{room}' type='groupchat' id='{id_}'>"
            f"<retract xmlns='{RETRACT}' id='{target}'/></message>"
        )
    await guest.wait_for(
        f"<message type='error' id='r1'><error><forbidden xmlns='{STANZAS}'/></error></message>"
    )
    await owner.wait_for(
        f"<message from='{room}/bob' id='r2'><retract xmlns='{RETRACT}' id='{mine}'/></message>"
    )
    await owner.nothing_else()


async def test_moderation_cannot_be_forged(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    target = await say(owner, room, "tea")
    await guest.send(
        f"<message to='{room}' type='groupchat' id='f'><retract xmlns='{RETRACT}' id='{target}'>"
        f"<moderated xmlns='{MODERATE}' by='{room}/alice'/></retract></message>"
    )
    await guest.wait_for("<message type='error' id='f'/>")
    await owner.nothing_else()


async def test_rooms_announce_it(alice: Person) -> None:
    owner = await alice.online()
    room = await tea_room(owner)
    info = "http://jabber.org/protocol/disco#info"
    answer = await owner.ask(f"<iq type='get' id='d' to='{room}'><query xmlns='{info}'/></iq>")
    found = {each.get("var") for each in answer.iter(f"{{{info}}}feature")}
    assert {MODERATE, RETRACT} <= found
