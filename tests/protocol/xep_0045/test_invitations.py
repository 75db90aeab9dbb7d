"""Asking people into a room: XEP-0045 sections 7.8, 7.9 and 9.5, XEP-0249."""

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.xep_0045.talk import (
    USER,
    admin,
    condition,
    configure,
    enter,
    refused,
    settled,
    tea_room,
)

CONFERENCE = "jabber:x:conference"


def invitation(room: str, to: str, inner: str = "") -> str:
    invite = f"<invite to='{to}'>{inner}</invite>"
    return f"<message id='inv' to='{room}'><x xmlns='{USER}'>{invite}</x></message>"


def invited(room: str, by: str, inner: str = "", password: str = "") -> str:
    secret = f"<password>{password}</password>" if password else ""
    return (
        f"<message from='{room}'><x xmlns='{USER}'><invite from='{by}'>{inner}</invite>{secret}"
        "</x></message>"
    )


async def refusal(client: Client, room: str, to: str) -> str:
    await settled(client)
    await client.send(invitation(room, to))
    return condition(await client.next())


@pytest.mark.spec("XEP-0045 §7.8.2")
async def test_an_invitation_says_who_why_and_the_password(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner, roomsecret="cauldron")
    reason = "<reason>Tea is ready.</reason>"
    await owner.send(invitation(room, bob.jid, reason))
    await guest.expect(invited(room, owner.jid, reason, "cauldron"))
    await guest.send(
        f"<message to='{room}'><x xmlns='{USER}'><decline to='{owner.jid}'>"
        "<reason>Busy.</reason></decline></x></message>"
    )
    await owner.wait_for(
        f"<message from='{room}' to='{alice.jid}'><x xmlns='{USER}'><decline from='{bob.jid}'>"
        "<reason>Busy.</reason></decline></x></message>"
    )
    assert await refusal(owner, room, "nobody-at-all@localhost") == "item-not-found"
    assert await refusal(guest, room, alice.jid) == "not-acceptable"  # who is not inside
    assert await refusal(owner, "none@conference.localhost", bob.jid) == "item-not-found"


@pytest.mark.spec("XEP-0045 §7.9")
async def test_a_talk_goes_on_in_a_room_on_the_device_that_talks(
    alice: Person, bob: Person
) -> None:
    owner, desk, phone = await alice.online(), await bob.online("desk"), await bob.online("phone")
    room = await tea_room(owner, whois="anyone")
    await settled(desk)
    await settled(phone)
    goes_on = "<continue thread='e0ffe42b'/>"
    await owner.send(invitation(room, phone.jid, goes_on))
    await phone.expect(invited(room, owner.jid, goes_on))
    await desk.nothing_else()


@pytest.mark.spec("XEP-0045 §7.8.2", "XEP-0045 §9.5")
async def test_in_a_room_for_members_who_is_asked_in_becomes_one(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner, membersonly="1", roomsecret="cauldron")
    await settled(guest)
    # Whom an admin makes a member is told that the room is open to them.
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='member'/>")
    await guest.expect(invited(room, f"{room}/alice", "", "cauldron"))
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='admin'/>")
    await guest.nothing_else()
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='member'/>")
    await enter(guest, room, "bob", "<password>cauldron</password>")
    # A member may not invite, unless the room allows it.
    await guest.send(invitation(room, charlie.jid))
    await guest.wait_for(refused("forbidden", "message"))
    await configure(owner, room, allowinvites="1")
    await settled(guest)
    await guest.send(invitation(room, charlie.jid))
    await other.expect(invited(room, guest.jid, "", "cauldron"))
    await other.nothing_else()  # once, although it made a member
    await enter(other, room, "charlie", "<password>cauldron</password>")


@pytest.mark.spec("XEP-0045 §7.8.1", "XEP-0249 §2")
async def test_a_direct_invitation_passes_as_it_is_and_waits_for_the_absent(
    alice: Person, bob: Person
) -> None:
    owner = await alice.online()
    room = await tea_room(owner)
    x = f"<x xmlns='{CONFERENCE}' jid='{room}' password='cauldron' reason='Tea' continue='true'/>"
    await owner.send(f"<message id='d1' to='{bob.jid}'>{x}</message>")
    await settled(owner)
    guest = await bob.bound()
    await guest.send("<presence/>")
    await guest.wait_for(f"<message from='{owner.jid}' id='d1'>{x}</message>")
    await owner.send(f"<message id='d2' to='{guest.jid}'>{x}</message>")
    await guest.wait_for(f"<message from='{owner.jid}' id='d2'>{x}</message>")
