"""Stream errors, RFC 6120 section 4.9: each condition that a client can bring about, by name."""

import pytest

from tests.conftest import Person, connect
from tests.conversation import SASL, STREAM, Client, Element, Ended
from tests.service import ServiceProcess

STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"
HEADER = "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' {}>"
DOORS = ["tcp", "websocket", "bosh"]
STREAMING = ["tcp", "websocket"]  # BOSH has conditions of its own for what is no XML


async def fails(client: Client, condition: str) -> None:
    """A stream error with a sentence, then our end of the stream, then nothing."""
    came: list[Element] = []
    while (element := await client.next()).tag != f"{{{STREAM}}}error":
        came.append(element)
    assert [child.tag for child in element] == [f"{{{STREAMS}}}{condition}", f"{{{STREAMS}}}text"]
    assert element[1].text
    assert (await client.next()).tag == f"{{{STREAM}}}closed"
    with pytest.raises((Ended, ConnectionError)):
        await client.next()
    await client.hang_up()


@pytest.mark.parametrize(
    ("header", "condition"),
    [
        (HEADER.replace("localhost", "elsewhere"), "host-unknown"),
        (HEADER.replace("localhost", "a@b@c"), "host-unknown"),
        (HEADER.replace("1.0", "0.9"), "unsupported-version"),
        (HEADER.replace("1.0", "latest"), "unsupported-version"),
        (HEADER.replace(" version='1.0'", ""), "unsupported-version"),
        (HEADER.replace("jabber:client", "jabber:server"), "invalid-namespace"),
        (HEADER.replace(" xmlns='jabber:client'", ""), "invalid-namespace"),
        (HEADER.replace("{}", "xmlns:stream='x'"), "invalid-namespace"),
        (HEADER.replace("stream:stream", "stream:flow"), "invalid-namespace"),
        (HEADER.replace("stream:stream", "stream"), "invalid-namespace"),
        (HEADER.replace("{}", ""), "bad-namespace-prefix"),
        ("<!DOCTYPE x>" + HEADER, "restricted-xml"),
        ("<!-- hello -->" + HEADER, "restricted-xml"),
        ("<?hello?>" + HEADER, "restricted-xml"),
        ("<?xml version='1.0' encoding='utf-16'?>" + HEADER, "unsupported-encoding"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?>" + HEADER, "unsupported-encoding"),
        (HEADER.replace("{}", "x='" + "x" * 9_000), "policy-violation"),
        ("hello" + HEADER, "not-well-formed"),
        ("\x00\x01\x02\xff binary", "not-well-formed"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "not-well-formed"),
    ],
)
@pytest.mark.spec(
    "RFC 6120 §4.2",
    "RFC 6120 §4.7.5",
    "RFC 6120 §4.8.1",
    "RFC 6120 §4.8.2",
    "RFC 6120 §4.9.1.2",
    "RFC 6120 §4.9.3.2",
    "RFC 6120 §4.9.3.6",
    "RFC 6120 §4.9.3.10",
    "RFC 6120 §4.9.3.13",
    "RFC 6120 §4.9.3.18",
    "RFC 6120 §4.9.3.22",
    "RFC 6120 §4.9.3.25",
    "RFC 6120 §11.1",
    "RFC 6120 §11.6",
)
async def test_a_bad_header_gets_the_error_that_the_rfc_names(
    service: ServiceProcess, header: str, condition: str
) -> None:
    client = await connect(service)
    await client.wire.write(header.replace("{}", f"xmlns:stream='{STREAM}'"))
    await fails(client, condition)


@pytest.mark.spec("RFC 6120 §4.2", "RFC 6120 §4.7.5", "RFC 6120 §11.5", "RFC 6120 §11.6")
async def test_headers_that_differ_and_are_right_open_streams(service: ServiceProcess) -> None:
    for header in (
        "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>" + HEADER,
        HEADER.replace("1.0", "1.9"),
        HEADER.replace("1.0", "2.0").replace("localhost", "LocalHost."),
        HEADER.replace("stream:", "s:").replace("{}", f"xmlns:s='{STREAM}'"),
    ):
        client = await connect(service)
        await client.wire.write(header.replace("{}", f"xmlns:stream='{STREAM}'"))
        assert (await client.next()).tag == f"{{{STREAM}}}features"
        await client.close()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.spec("RFC 6120 §4.9.3.12")
async def test_a_stanza_before_authentication_is_not_authorized(alice: Person, door: str) -> None:
    client = await alice.connect(door)
    await client.send("<message to='a@localhost'><body>hi</body></message>")
    await client.ended("not-authorized")


@pytest.mark.parametrize("door", STREAMING)
@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("<unknown xmlns='urn:unknown'/>", "unsupported-stanza-type"),
        ("<message xmlns='jabber:server'/>", "unsupported-stanza-type"),
        ("<letter xmlns='jabber:client'/>", "unsupported-stanza-type"),
        ("<message xmlns='jabber:client'><body>&undefined;</body></message>", "restricted-xml"),
        ("<message xmlns='jabber:client'><!-- comment --></message>", "restricted-xml"),
        ("<message xmlns='jabber:client'><?php echo 1 ?></message>", "restricted-xml"),
        ("<message xmlns='jabber:client'><body></message>", "not-well-formed"),
        ("<message xmlns='jabber:client' id='1' id='2'/>", "not-well-formed"),
        ("<message xmlns='jabber:client'>\x01</message>", "not-well-formed"),
        ("<message xmlns='jabber:client'><x:y/></message>", "bad-namespace-prefix"),
        ("words", "bad-format"),
        ("<a>" * 200, "policy-violation"),
    ],
)
@pytest.mark.spec(
    "RFC 6120 §4.9.3.1",
    "RFC 6120 §4.9.3.2",
    "RFC 6120 §4.9.3.13",
    "RFC 6120 §4.9.3.18",
    "RFC 6120 §4.9.3.24",
    "RFC 6120 §11.1",
    "RFC 6120 §11.2",
    "RFC 6120 §11.3",
    "RFC 7395 §3.5",
)
async def test_bad_input_ends_its_own_stream_only(
    alice: Person, bob: Person, door: str, text: str, condition: str
) -> None:
    other = await bob.online()
    client = await alice.online(door=door)
    await client.wire.write(text)
    await fails(client, condition)
    await other.nothing_else()


@pytest.mark.spec("RFC 6120 §4.9.3.14", "RFC 6120 §6.3.5", "RFC 6120 §5.3.1")
async def test_steps_of_negotiation_come_once_and_in_order(alice: Person) -> None:
    starttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    auth = f"<auth xmlns='{SASL}' mechanism='PLAIN'>AAAA</auth>"
    for text in (starttls, auth):
        client = await alice.bound()
        await client.send(text)
        await fails(client, "unsupported-stanza-type")
    client = await alice.connect()
    await client.start_tls()
    await client.send(starttls)
    await fails(client, "policy-violation")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.spec("RFC 6120 §4.9.3.14", "RFC 6120 §13.12")
async def test_a_stanza_that_is_too_big_ends_the_stream(alice: Person, door: str) -> None:
    client = await alice.online(door=door)
    await client.send(f"<message to='{alice.jid}'><body>{'x' * 300_000}</body></message>")
    await client.ended("policy-violation")
