"""vCards: vcard-temp (XEP-0054), vCard4 (XEP-0292), photos in presence (XEP-0153)."""

import base64
import hashlib

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.test_xep_0079 import friends

TEMP, FOUR = "vcard-temp", "urn:ietf:params:xml:ns:vcard-4.0"
UPDATE = "vcard-temp:x:update"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HASH = hashlib.sha1(PIXEL, usedforsecurity=False).hexdigest()

pytestmark = pytest.mark.spec("XEP-0054")


def photo(data: bytes = PIXEL) -> str:
    text = base64.b64encode(data).decode()
    return f"<PHOTO><TYPE>image/png</TYPE><BINVAL>{text}</BINVAL></PHOTO>"


async def set_card(client: Client, inner: str, to: str = "") -> Element:
    addressed = f" to='{to}'" if to else ""
    return await client.ask(
        f"<iq type='set' id='v'{addressed}><vCard xmlns='{TEMP}'>{inner}</vCard></iq>"
    )


async def get_card(client: Client, to: str = "", namespace: str = TEMP) -> Element:
    addressed = f" to='{to}'" if to else ""
    name = "vCard" if namespace == TEMP else "vcard"
    return await client.ask(f"<iq type='get' id='v'{addressed}><{name} xmlns='{namespace}'/></iq>")


def condition_of(answer: Element) -> str:
    error = answer.find("{jabber:client}error")
    assert error is not None
    return error[0].tag.removeprefix(f"{{{STANZAS}}}")


@pytest.mark.spec("XEP-0054 §3.1", "XEP-0054 §3.2", "XEP-0054 §3.3")
async def test_a_card_is_published_changed_and_seen_by_others(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online(), await bob.online()
    assert condition_of(await get_card(phone)) == "item-not-found"
    assert condition_of(await get_card(desk, bob.jid)) == "service-unavailable"
    strange = "<X-UNKNOWN xmlns='urn:x'>kept</X-UNKNOWN>"
    answer = await set_card(phone, f"<FN>Bob B.</FN>{strange}{photo()}")
    assert answer.get("type") == "result"
    await phone.close()
    for client, to in ((desk, bob.jid), (await bob.bound(), "")):
        card = (await get_card(client, to))[0]
        assert card.findtext(f"{{{TEMP}}}FN") == "Bob B."
        assert base64.b64decode(card.findtext(f".//{{{TEMP}}}BINVAL") or "") == PIXEL
    own = await bob.bound()
    await set_card(own, "<FN>Robert</FN>")
    card = (await get_card(desk, bob.jid))[0]
    assert card.findtext(f"{{{TEMP}}}FN") == "Robert"
    assert card.find(f"{{{TEMP}}}PHOTO") is None


async def test_nobody_changes_anothers_card(alice: Person, bob: Person) -> None:
    desk = await alice.bound()
    assert condition_of(await set_card(desk, "<FN>Eve</FN>", bob.jid)) == "forbidden"
    assert condition_of(await get_card(await bob.bound())) == "item-not-found"


async def test_no_account_looks_like_no_card(alice: Person) -> None:
    desk = await alice.bound()
    assert condition_of(await get_card(desk, "no-one@localhost")) == "service-unavailable"


@pytest.mark.parametrize(
    ("inner", "condition"),
    [
        ("<PHOTO><BINVAL>no base64!</BINVAL></PHOTO>", "bad-request"),
        (f"<DESC>{'x' * 200_000}</DESC>", "policy-violation"),
    ],
)
async def test_cards_that_are_refused(bob: Person, inner: str, condition: str) -> None:
    phone = await bob.bound()
    assert condition_of(await set_card(phone, inner)) == condition
    assert condition_of(await get_card(phone)) == "item-not-found"


@pytest.mark.spec("XEP-0054 §3.3")
async def test_the_service_has_one_too(alice: Person) -> None:
    card = (await get_card(await alice.bound(), "localhost"))[0]
    assert card.findtext(f"{{{TEMP}}}JABBERID") == "localhost"


@pytest.mark.spec("XEP-0292 §4")
async def test_both_forms_are_one_card(alice: Person, bob: Person) -> None:
    desk, phone = await alice.bound(), await bob.bound()
    await set_card(phone, f"<FN>Bob</FN><TEL><HOME/><NUMBER>123</NUMBER></TEL>{photo()}")
    four = (await get_card(desk, bob.jid, FOUR))[0]
    assert four.findtext(f"{{{FOUR}}}fn/{{{FOUR}}}text") == "Bob"
    assert four.findtext(f"{{{FOUR}}}tel/{{{FOUR}}}text") == "123"
    assert (four.findtext(f"{{{FOUR}}}photo/{{{FOUR}}}uri") or "").startswith("data:image/png;")
    await phone.ask(
        f"<iq type='set' id='v'><vcard xmlns='{FOUR}'><fn><text>Robert</text></fn>"
        "<email><text>bob@y.example</text></email></vcard></iq>"
    )
    temp = (await get_card(desk, bob.jid))[0]
    assert temp.findtext(f"{{{TEMP}}}FN") == "Robert"
    assert temp.findtext(f"{{{TEMP}}}EMAIL/{{{TEMP}}}USERID") == "bob@y.example"


def told(client: Client, hash_: str) -> str:
    inner = f"<photo>{hash_}</photo>" if hash_ else "<photo/>"
    return f"<presence from='{client.jid}'><x xmlns='{UPDATE}'>{inner}</x></presence>"


@pytest.mark.spec("XEP-0153 §3.1", "XEP-0153 §3.2", "XEP-0398 §4")
async def test_presence_tells_of_the_photo_for_clients_that_do_not(
    alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online(), await bob.online("phone")
    await friends(desk, phone)
    await set_card(phone, photo())
    await desk.expect(told(phone, HASH))
    later = await bob.bound("later")
    await later.send("<presence><show>away</show></presence>")
    await desk.expect(told(later, HASH))
    await set_card(phone, "<FN>Bob</FN>")
    await desk.expect_all(told(phone, ""), told(later, ""))


@pytest.mark.spec("XEP-0153 §4.1")
async def test_what_a_client_says_of_its_photo_stays(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online(), await bob.online("phone")
    await friends(desk, phone)
    own = f"<x xmlns='{UPDATE}'><photo>0123</photo></x>"
    await phone.send(f"<presence>{own}</presence>")
    await desk.expect(told(phone, "0123"))
    await set_card(phone, photo())
    await desk.nothing_else()
    await phone.send(f"<presence><x xmlns='{UPDATE}'/></presence>")  # it does not know yet
    seen = await desk.expect(f"<presence from='{phone.jid}'/>")
    assert len(seen.findall(f"{{{UPDATE}}}x")) == 1
    assert seen.find(f".//{{{UPDATE}}}photo") is None
