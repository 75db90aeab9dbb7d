"""SASL2, XEP-0388, with Bind 2, XEP-0386, and stream management, XEP-0198, inline."""

import base64

import pytest

from tests.conftest import Person
from tests.conversation import SASL, STREAM, Client, Element
from tests.scram import Scram
from tests.service import PASSWORD

SASL2, BIND2, SM = "urn:xmpp:sasl:2", "urn:xmpp:bind:0", "urn:xmpp:sm:3"
CARBONS, CSI, MAM = "urn:xmpp:carbons:2", "urn:xmpp:csi:0", "urn:xmpp:mam:2"
DOORS = ["tcp", "websocket", "bosh"]
AGENT = "d4565fa7-4d72-4749-b3d3-740edbf87770"

pytestmark = pytest.mark.spec("XEP-0388")


def bind(*wanted: str, tag: str = "") -> str:
    named = f"<tag>{tag}</tag>" if tag else ""
    return f"<bind xmlns='{BIND2}'>{named}{''.join(wanted)}</bind>"


def agent(number: str = AGENT) -> str:
    return f"<user-agent id='{number}'><software>Tea</software></user-agent>"


async def log_in(
    client: Client,
    name: str,
    *inline: str,
    password: str = PASSWORD,
    mechanism: str = "SCRAM-SHA-256",
    flag: str = "n",
    binding: bytes = b"",
) -> Element:
    """By SCRAM; returns what ends it, success or failure."""
    scram = Scram(name, password, mechanism, flag, binding)
    initial = base64.b64encode(scram.first).decode()
    await client.send(
        f"<authenticate xmlns='{SASL2}' mechanism='{mechanism}'>"
        f"<initial-response>{initial}</initial-response>{''.join(inline)}</authenticate>"
    )
    challenge = await client.expect(f"<challenge xmlns='{SASL2}'/>")
    text = base64.b64encode(scram.final(base64.b64decode(challenge.text or ""))).decode()
    await client.send(f"<response xmlns='{SASL2}'>{text}</response>")
    outcome = await client.next()
    if outcome.tag == f"{{{SASL2}}}success":
        data = outcome.findtext(f"{{{SASL2}}}additional-data") or ""
        assert base64.b64decode(data) == scram.proven
        client.jid = outcome.findtext(f"{{{SASL2}}}authorization-identifier") or ""
        client.bare = client.jid.partition("/")[0]
        client.features = await client.next()
        assert client.features.tag == f"{{{STREAM}}}features"
    return outcome


def failed(condition: str) -> str:
    return f"<failure xmlns='{SASL2}'><{condition} xmlns='{SASL}'/><text>*</text></failure>"


@pytest.mark.spec("XEP-0388 §2.1", "XEP-0386 §3.1")
@pytest.mark.parametrize("door", DOORS)
async def test_it_is_announced(alice: Person, door: str) -> None:
    client = await alice.connect(door)
    offered = client.features.find(f"{{{SASL2}}}authentication")
    assert offered is not None
    mechanisms = {each.text for each in offered.findall(f"{{{SASL2}}}mechanism")}
    assert {"SCRAM-SHA-256", "SCRAM-SHA-1"} <= mechanisms
    inline = offered.find(f"{{{SASL2}}}inline/{{{BIND2}}}bind/{{{BIND2}}}inline")
    assert inline is not None
    found = {each.get("var") for each in inline}
    managed = door != "bosh"
    assert found == {CARBONS, CSI, *([SM] if managed else [])}
    assert (offered.find(f"{{{SASL2}}}inline/{{{SM}}}sm") is not None) is managed


@pytest.mark.spec("XEP-0388 §2.6.1")
@pytest.mark.parametrize("door", DOORS)
async def test_a_login_without_binding_goes_on_in_the_same_stream(alice: Person, door: str) -> None:
    client = await alice.connect(door)
    await log_in(client, alice.name)
    assert client.jid == alice.jid
    assert client.features.find("{urn:ietf:params:xml:ns:xmpp-bind}bind") is not None
    await client.bind("desk")
    assert client.jid == f"{alice.jid}/desk"
    await client.send(
        f"<message to='{alice.jid}/desk' id='big'><body>{'x' * 100_000}</body></message>"
    )
    await client.wait_for("<message id='big'/>")  # strangers may not send so much


@pytest.mark.spec("XEP-0386 §3.2")
@pytest.mark.parametrize("door", DOORS)
async def test_everything_in_one_round(alice: Person, bob: Person, door: str) -> None:
    client = await alice.connect(door)
    features = f"<enable xmlns='{CARBONS}'/><inactive xmlns='{CSI}'/>"
    managed = f"<enable xmlns='{SM}' resume='true'/>" if door != "bosh" else ""
    success = await log_in(client, alice.name, agent(), bind(features, managed, tag="Tea"))
    for done in ("{urn:ietf:params:xml:ns:xmpp-bind}bind", "{urn:xmpp:sm:3}sm"):
        assert client.features.find(done) is None  # nor is it on offer again
    assert client.jid.startswith(f"{alice.jid}/Tea.")
    bound = success.find(f"{{{BIND2}}}bound")
    assert bound is not None
    assert bound.find(f"{{{MAM}}}metadata") is not None
    if managed:
        enabled = bound.find(f"{{{SM}}}enabled")
        assert enabled is not None
        assert enabled.get("id")
    # The carbon comes at once, though it is inactive.
    await client.send("<presence/>")
    await client.nothing_more()
    other, desk = await alice.online(), await bob.online()
    await other.send(f"<message to='{desk.jid}' type='chat' id='m1'><body>Tea?</body></message>")
    await client.wait_for(f"<message><sent xmlns='{CARBONS}'/></message>")


@pytest.mark.spec("XEP-0386 §3.2.1")
async def test_an_installation_keeps_its_resource_and_replaces_itself(alice: Person) -> None:
    first, second, other = [await alice.connect() for _ in range(3)]
    await log_in(first, alice.name, agent(), bind(tag="Tea"))
    await log_in(other, alice.name, agent(AGENT.replace("d", "e")), bind(tag="Tea"))
    await log_in(second, alice.name, agent(), bind(tag="Tea"))
    assert first.jid == second.jid != other.jid
    await first.ended("conflict")
    third = await alice.connect()
    await log_in(third, alice.name, agent(), bind(tag="Coffee"))  # the same client, updated
    assert third.jid != second.jid
    await second.ended("conflict")
    await other.nothing_else()


@pytest.mark.spec("XEP-0388 §2.3")
async def test_an_installation_is_in_one_place_however_it_binds(alice: Person) -> None:
    first, second, stranger = [await alice.connect() for _ in range(3)]
    await log_in(first, alice.name, agent(), bind(tag="Tea"))
    await log_in(stranger, alice.name, agent("not a UUID"), bind(tag="Tea"))
    await log_in(second, alice.name, agent())
    await second.bind("phone")
    await first.ended("conflict")
    third = await alice.bound("phone")  # says nothing of itself, so it is another device
    await second.ended("conflict")
    for client in (third, stranger):
        await client.nothing_else()


@pytest.mark.spec("XEP-0198 §6", "XEP-0386 §3.2")
async def test_a_session_is_resumed_inline(alice: Person, bob: Person) -> None:
    desk, phone = await bob.online(), await alice.connect()
    success = await log_in(phone, alice.name, bind(f"<enable xmlns='{SM}' resume='true'/>"))
    enabled = success.find(f".//{{{SM}}}enabled")
    assert enabled is not None
    full = phone.jid
    await phone.send("<presence/>")
    await phone.wait_for(f"<presence from='{full}'/>")
    await phone.hang_up()
    await desk.send(f"<message to='{full}' type='chat' id='m1'><body>Tea?</body></message>")
    await desk.nothing_else()
    again = await alice.connect("websocket")
    resume = f"<resume xmlns='{SM}' previd='{enabled.get('id')}' h='1'/>"
    success = await log_in(again, alice.name, resume, bind(tag="ignored"))
    resumed = success.find(f"{{{SM}}}resumed")
    assert resumed is not None
    assert resumed.get("h") == "1"
    assert success.find(f"{{{BIND2}}}bound") is None
    assert again.jid == full
    await again.wait_for("<message id='m1'/>")


@pytest.mark.spec("XEP-0198 §6")
async def test_what_cannot_be_resumed_is_bound_anew(alice: Person) -> None:
    client = await alice.connect()
    resume = f"<resume xmlns='{SM}' previd='long-ago' h='7'/>"
    success = await log_in(client, alice.name, resume, bind(tag="Tea"))
    assert (
        success.find(f"{{{SM}}}failed/{{urn:ietf:params:xml:ns:xmpp-stanzas}}item-not-found")
        is not None
    )
    assert client.jid.startswith(f"{alice.jid}/Tea.")
    await client.nothing_else()


@pytest.mark.spec("XEP-0386 §3.2")
async def test_what_lies_in_the_archive_is_not_sent_as_well(alice: Person, bob: Person) -> None:
    desk = await bob.online()
    passing = "<no-permanent-store xmlns='urn:xmpp:hints'/>"
    for id_, more in (("kept", ""), ("passing", passing)):
        await desk.send(
            f"<message to='{alice.jid}' type='chat' id='{id_}'><body>x</body>{more}</message>"
        )
    await desk.nothing_else()
    client = await alice.connect()
    success = await log_in(client, alice.name, bind())
    assert success.find(f".//{{{MAM}}}metadata/{{{MAM}}}end") is not None
    await client.send("<presence/>")
    await client.wait_for(f"<presence from='{client.jid}'/>")
    await client.wait_for("<message id='passing'/>")  # no archive has it
    await client.nothing_else()


@pytest.mark.spec("XEP-0388 §2.6.2")
async def test_failures_leave_the_stream_as_it_was(alice: Person) -> None:
    client = await alice.connect()
    outcome = await log_in(client, alice.name, bind(), password="wrong")
    assert outcome.tag == f"{{{SASL2}}}failure"
    assert outcome.find(f"{{{SASL}}}not-authorized") is not None
    for text, condition in (
        (f"<authenticate xmlns='{SASL2}' mechanism='X-NONE'/>", "invalid-mechanism"),
        (f"<response xmlns='{SASL2}'>YQ==</response>", "malformed-request"),
        (f"<abort xmlns='{SASL2}'/>", "aborted"),
    ):
        await client.send(text)
        await client.expect(failed(condition))
    await log_in(client, alice.name, bind())
    await client.nothing_else()


async def test_a_tag_that_cannot_be_a_resource_fails_the_login(alice: Person) -> None:
    client = await alice.connect()
    outcome = await log_in(client, alice.name, bind(tag="a\x7fb"))
    assert outcome.tag == f"{{{SASL2}}}failure"
    await log_in(client, alice.name, bind(tag="Tea"))
    await client.nothing_else()


@pytest.mark.spec("XEP-0388 §2.4", "XEP-0388 §4.8")
@pytest.mark.parametrize("when", ["during", "after"])
async def test_nothing_else_is_sent_during_and_no_second_login_after(
    alice: Person, when: str
) -> None:
    client = await alice.connect()
    begin = base64.b64encode(f"n,,n={alice.name},r=abc".encode()).decode()
    again = (
        f"<authenticate xmlns='{SASL2}' mechanism='SCRAM-SHA-256'>"
        f"<initial-response>{begin}</initial-response></authenticate>"
    )
    if when == "during":
        await client.send(again)
        await client.expect(f"<challenge xmlns='{SASL2}'/>")
        await client.send("<iq type='get' id='x'><query xmlns='jabber:iq:register'/></iq>")
    else:
        await log_in(client, alice.name)
        await client.send(again)
    await client.ended("policy-violation")
