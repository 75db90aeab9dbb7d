"""Registering with a room, XEP-0045 sections 7.10, 7.12 and 9.9."""

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.xep_0045.talk import (
    MUC,
    admin,
    condition,
    enter,
    info_of,
    item,
    join,
    refused,
    seen,
    settled,
    tea_room,
)

pytestmark = pytest.mark.spec("XEP-0045 §7.10")

REGISTER = "jabber:iq:register"
FORM = f"{MUC}#register"


async def ask(client: Client, room: str) -> Element:
    return await client.ask(f"<iq type='get' id='r' to='{room}'><query xmlns='{REGISTER}'/></iq>")


def form(**fields: str) -> str:
    inner = "".join(
        f"<field var='{name.replace('__', '#')}'><value>{value}</value></field>"
        for name, value in fields.items()
    )
    return (
        "<x xmlns='jabber:x:data' type='submit'>"
        f"<field var='FORM_TYPE'><value>{FORM}</value></field>{inner}</x>"
    )


async def register(client: Client, room: str, inner: str) -> str:
    return condition(
        await client.ask(
            f"<iq type='set' id='r' to='{room}'><query xmlns='{REGISTER}'>{inner}</query></iq>"
        )
    )


async def test_in_an_open_room_one_registers_by_oneself(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await settled(owner)
    asked = await ask(guest, room)
    assert asked.find(".//{*}field[@var='muc#register_roomnick']") is not None
    assert await register(guest, room, "") == "bad-request"
    assert await register(guest, room, form(muc__register_roomnick="alice")) == "conflict"
    assert await register(guest, room, form(muc__register_roomnick=" ")) == "not-acceptable"
    assert await register(guest, room, form(muc__register_roomnick="bob")) == ""
    await owner.expect(seen(room, "bob", item("member", "participant")))
    registered = await ask(guest, room)
    assert registered.findtext(f".//{{{REGISTER}}}username") == "bob"
    info = await info_of(guest, room, "x-roomuser-item")
    assert [each.get("name") for each in info.findall(".//{*}identity")] == ["bob"]
    # The name is kept for its owner, who is not inside now.
    await guest.send(f"<presence to='{room}/bob' type='unavailable'/>")
    await owner.wait_for(seen(room, "bob", item("member", "none"), type_="unavailable"))
    await other.send(join(room, "bob"))
    await other.expect(refused("conflict"))
    assert await register(guest, room, "<remove/>") == ""
    await enter(other, room, "bob")


async def test_where_only_members_enter_admins_decide_although_they_were_absent(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner, membersonly="1", persistentroom="1")
    await admin(owner, room, f"<item jid='{charlie.jid}' affiliation='outcast'/>")
    await owner.close()
    assert condition(await ask(other, room)) == "not-allowed"
    assert await register(guest, room, form(muc__register_roomnick="bob")) == ""
    await guest.send(join(room, "bob"))
    await guest.expect(refused("registration-required"))
    owner = await alice.online()
    request = await owner.wait_for(
        f"<message from='{room}'><body/><x xmlns='jabber:x:data'>"
        f"<field var='muc#jid'><value>{bob.jid}</value></field></x></message>"
    )
    assert bob.jid in (request.findtext("{*}body") or "")
    answer = form(muc__jid=bob.jid, muc__register_roomnick="bob", muc__register_allow="1")
    await guest.send(f"<message to='{room}'>{answer}</message>")
    await guest.expect(refused("forbidden", "message"))
    await owner.send(f"<message to='{room}'>{answer}</message>")
    await settled(owner)
    await enter(guest, room, "bob")
