"""Registration where one shows to be a person, XEP-0158 section 4, with XEP-0221 and XEP-0231."""

import base64
import hashlib
import io
from collections.abc import Iterator

import pytest
from PIL import Image

from chatops.accounts.services.challenges import NUMBERS
from tests.conversation import Client, Element
from tests.protocol.registering import (
    DONE,
    FORMS,
    NEW,
    REGISTER,
    a_service,
    asking,
    filled,
    logged_in,
    plain,
    refused,
    stranger,
)
from tests.service import ServiceProcess

pytestmark = pytest.mark.spec("XEP-0158 §4")
MEDIA, BOB = "urn:xmpp:media-element", "urn:xmpp:bob"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    with a_service(
        tmp_path_factory.mktemp("guarded") / "data",
        CHATOPS_REGISTRATION="captcha",
        CHATOPS_REGISTRATION_ATTEMPTS_PER_HOUR="20",
    ) as process:
        yield process


async def posed(client: Client) -> tuple[Element, str, str]:
    """The query, the riddle's id, and the question's answer."""
    await client.send(asking())
    answer = await client.expect(f"<iq type='result' id='ask'><query xmlns='{REGISTER}'/></iq>")
    query = answer[0]
    fields = {field.get("var"): field for field in query.iter(f"{{{FORMS}}}field")}
    label = fields["qa"].get("label", "").rstrip("?")
    left, sign, right = label.removeprefix("Or: How much is ").split(" ")
    one, other = NUMBERS.index(left), NUMBERS.index(right)
    challenge = fields["challenge"].findtext(f"{{{FORMS}}}value") or ""
    return query, challenge, str(one + other if sign == "plus" else one - other)


@pytest.mark.spec("XEP-0158 §4", "XEP-0221 §2", "XEP-0231 §2", "XEP-0077 §6", "XEP-0004 §3")
async def test_the_form_shows_an_image_and_asks_a_question(guarded: ServiceProcess) -> None:
    client = await stranger(guarded)
    query, challenge, _ = await posed(client)
    assert [child.tag.rpartition("}")[2] for child in query] == ["instructions", "x", "x", "data"]
    assert query.findtext("{jabber:x:oob}x/{jabber:x:oob}url") == f"{guarded.http}/register/"
    fields = {field.get("var"): field for field in query.iter(f"{{{FORMS}}}field")}
    assert set(fields) == {"FORM_TYPE", "username", "password", "challenge", "sid", "ocr", "qa"}
    assert fields["challenge"].get("type") == fields["sid"].get("type") == "hidden"
    assert fields["sid"].findtext(f"{{{FORMS}}}value") == "ask"

    media = fields["ocr"].find(f"{{{MEDIA}}}media")
    assert media is not None
    uris = [uri.text or "" for uri in media]
    assert {uri.get("type") for uri in media} == {"image/png"}
    assert uris[1] == f"{guarded.http}/register/image/{challenge}.png"
    data = query.find(f"{{{BOB}}}data")
    assert data is not None
    assert uris[0] == f"cid:{data.get('cid')}"
    content = base64.b64decode(data.text or "")
    assert data.get("cid") == f"sha1+{hashlib.sha1(content).hexdigest()}@bob.xmpp.org"  # noqa: S324
    assert len(content) <= 8_192
    image = Image.open(io.BytesIO(content))
    assert [str(side) for side in image.size] == [media.get("width"), media.get("height")]


@pytest.mark.spec("XEP-0231 §3")
async def test_the_image_can_be_asked_for(guarded: ServiceProcess) -> None:
    client = await stranger(guarded)
    query, _, _ = await posed(client)
    data = query.find(f"{{{BOB}}}data")
    assert data is not None
    cid = data.get("cid")
    await client.send(f"<iq type='get' id='bob'><data xmlns='{BOB}' cid='{cid}'/></iq>")
    answer = await client.expect(
        f"<iq type='result' id='bob'><data xmlns='{BOB}' cid='{cid}' type='image/png'/></iq>"
    )
    assert answer[0].text == data.text
    await client.send(f"<iq type='get' id='bob'><data xmlns='{BOB}' cid='sha1+0@x'/></iq>")
    await client.expect(refused("item-not-found", "cancel", "bob"))


@pytest.mark.spec("XEP-0158 §3.1.4", "XEP-0077 §3.1")
async def test_one_right_answer_opens_the_door_once(guarded: ServiceProcess) -> None:
    client = await stranger(guarded, "127.0.0.2")
    _, challenge, right = await posed(client)
    # Unfit fields do not cost the riddle; a missing answer does neither.
    await client.send(filled(username="a b", password=NEW, challenge=challenge, qa=right))
    await client.expect(refused("not-acceptable", "modify"))
    await client.send(filled(username="alice", password=NEW, challenge=challenge))
    await client.expect(refused("not-acceptable", "modify"))
    await client.send(filled(username="alice", password=NEW, challenge=challenge, qa=f" {right} "))
    await client.expect(DONE)
    await logged_in(guarded, "alice")

    other = await stranger(guarded, "127.0.0.2")
    await other.send(filled(username="bob", password=NEW, challenge=challenge, qa=right))
    await other.expect(refused("service-unavailable", "cancel"))


@pytest.mark.spec("XEP-0158 §3.1.4")
async def test_a_wrong_answer_ends_the_riddle(guarded: ServiceProcess) -> None:
    client = await stranger(guarded, "127.0.0.3")
    _, challenge, right = await posed(client)
    await client.send(plain("charlie"))
    await client.expect(refused("not-acceptable", "modify"))
    wrong = filled(username="charlie", password=NEW, challenge=challenge, qa="99", ocr="x")
    await client.send(wrong)
    await client.expect(refused("not-acceptable", "cancel"))
    await client.send(filled(username="charlie", password=NEW, challenge=challenge, qa=right))
    await client.expect(refused("service-unavailable", "cancel"))
    # A new one replaces the old one.
    _, first, answer = await posed(client)
    await posed(client)
    await client.send(filled(username="charlie", password=NEW, challenge=first, qa=answer))
    await client.expect(refused("service-unavailable", "cancel"))


async def test_riddles_are_not_made_without_end(guarded: ServiceProcess) -> None:
    client = await stranger(guarded, "127.0.0.4")
    for _ in range(20):
        await posed(client)
    await client.send(asking())
    await client.expect(refused("policy-violation", "wait", "ask"))
