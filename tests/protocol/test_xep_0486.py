"""MUC avatars, XEP-0486."""

import base64
import hashlib

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.xep_0045.talk import USER, admin, condition, enter, info_of, settled, tea_room

VCARD = "vcard-temp"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


async def publish(client: Client, room: str, inner: str) -> str:
    return condition(
        await client.ask(
            f"<iq type='set' id='v' to='{room}'><vCard xmlns='{VCARD}'>{inner}</vCard></iq>"
        )
    )


async def card_of(client: Client, room: str) -> Element:
    return await client.ask(f"<iq type='get' id='g' to='{room}'><vCard xmlns='{VCARD}'/></iq>")


def hashes(info: Element) -> list[str | None]:
    path = ".//{*}field[@var='muc#roominfo_avatarhash']/{*}value"
    return [each.text for each in info.findall(path)]


@pytest.mark.spec("XEP-0486 §3.1", "XEP-0486 §3.2", "XEP-0486 §3.3", "XEP-0486 §3.4")
async def test_owners_publish_a_picture_and_everybody_finds_it(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    binary = base64.b64encode(PNG).decode()
    photo = f"<PHOTO><TYPE>image/png</TYPE><BINVAL>{binary}</BINVAL></PHOTO>"
    assert await publish(guest, room, photo) == "forbidden"
    assert hashes(await info_of(guest, room)) == []
    await settled(guest)
    assert await publish(owner, room, photo) == ""
    changed = f"<message from='{room}'><x xmlns='{USER}'><status code='104'/></x></message>"
    await guest.expect(changed)
    assert hashes(await info_of(guest, room)) == [
        hashlib.sha1(PNG, usedforsecurity=False).hexdigest()
    ]
    card = await card_of(guest, room)
    assert card.findtext(f".//{{{VCARD}}}BINVAL") == binary
    assert card.findtext(f".//{{{VCARD}}}TYPE") == "image/png"
    assert await publish(owner, room, "") == ""
    await guest.wait_for(changed)
    assert hashes(await info_of(guest, room)) == []
    assert await publish(owner, room, "<PHOTO><BINVAL>*</BINVAL></PHOTO>") == "bad-request"
    big = base64.b64encode(b"x" * 150_000).decode()
    answer = await publish(owner, room, f"<PHOTO><BINVAL>{big}</BINVAL></PHOTO>")
    assert answer == "policy-violation"


@pytest.mark.spec("XEP-0486 §3.1")
async def test_a_hidden_rooms_picture_is_for_its_people(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner, publicroom="0")
    assert condition(await card_of(guest, room)) == "forbidden"
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='member'/>")
    assert condition(await card_of(guest, room)) == ""
    assert condition(await card_of(guest, "none@conference.localhost")) == "item-not-found"
    features = await info_of(guest, "conference.localhost")
    assert VCARD in {each.get("var") for each in features.findall(".//{*}feature")}
    service = await card_of(guest, "conference.localhost")
    assert service.findtext(f".//{{{VCARD}}}FN") == "Chat rooms"
