"""XMPP over WebSocket, RFC 7395: the handshake, frames, the beginning and the end of a stream."""

import pytest
import websockets

from tests.conftest import Person, connect
from tests.conversation import FRAMING, SASL, STREAM, Client, Ended, FrameWire, Mismatch
from tests.service import PASSWORD, ServiceProcess

STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"
OPEN = f"<open xmlns='{FRAMING}' to='localhost' version='1.0'/>"
PING = "<ping xmlns='urn:xmpp:ping'/>"


async def socket(service: ServiceProcess, *protocols: str) -> websockets.ClientConnection:
    wanted = [websockets.Subprotocol(each) for each in protocols]
    return await websockets.connect(service.websocket, subprotocols=wanted or None)


@pytest.mark.spec("RFC 7395 §3.1")
async def test_the_xmpp_protocol_is_chosen_among_others(service: ServiceProcess) -> None:
    connection = await socket(service, "chat", "xmpp", "mqtt")
    assert connection.subprotocol == "xmpp"
    await connection.close()


@pytest.mark.parametrize("protocols", [(), ("chat",), ("XMPP",)])
@pytest.mark.spec("RFC 7395 §3.1")
async def test_a_websocket_of_another_protocol_is_refused(
    service: ServiceProcess, protocols: tuple[str, ...]
) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await socket(service, *protocols)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("frame", "condition"),
    [
        (OPEN.replace("localhost", "elsewhere"), "host-unknown"),
        (OPEN.replace("1.0", "0.9"), "unsupported-version"),
        (OPEN.replace(FRAMING, "jabber:client"), "invalid-namespace"),
        (f"<stream:stream xmlns:stream='{STREAM}' to='localhost'/>", "invalid-namespace"),
        (f"<stream:stream xmlns:stream='{STREAM}' to='localhost'>", "not-well-formed"),
        (f"<?xml version='1.0' encoding='utf-16'?>{OPEN}", "unsupported-encoding"),
        (f"<!DOCTYPE open>{OPEN}", "restricted-xml"),
        (f" {OPEN}", "bad-format"),
        (f"{OPEN}{OPEN}", "not-well-formed"),
        (f"<iq xmlns='jabber:client' type='get' id='1'>{PING}</iq>", "not-authorized"),
        ("hello", "bad-format"),
        (OPEN.encode(), "bad-format"),
    ],
)
@pytest.mark.spec("RFC 7395 §3.3", "RFC 7395 §3.4", "RFC 7395 §3.5")
async def test_a_bad_beginning_is_answered_by_open_error_and_close(
    service: ServiceProcess, frame: str | bytes, condition: str
) -> None:
    """Section 3.5: the error comes on a stream that our own open has begun, and ends it."""
    connection = await socket(service, "xmpp")
    await connection.send(frame)
    frames = [str(text) async for text in connection]
    assert [text.partition(" ")[0] for text in frames] == [
        "<open",
        f"<{frames[1][1:].split(' ')[0]}",
        "<close",
    ]
    assert f"<{condition} xmlns=" in frames[1]
    assert STREAMS in frames[1]
    assert connection.close_code == 1000


@pytest.mark.spec("RFC 7395 §3.4", "RFC 7395 §3.9")
async def test_our_open_says_who_answers_and_features_offer_no_starttls(
    service: ServiceProcess,
) -> None:
    connection = await socket(service, "xmpp")
    await connection.send(OPEN.replace("/>", " xml:lang='de'/>"))
    opened, features = str(await connection.recv()), str(await connection.recv())
    for said in (f'xmlns="{FRAMING}"', 'from="localhost"', 'version="1.0"', 'xml:lang="de"', "id="):
        assert said in opened
    assert f'xmlns:stream="{STREAM}"' in features or f'xmlns="{STREAM}"' in features
    assert "starttls" not in features
    await connection.close()


@pytest.mark.parametrize(
    ("frame", "condition"),
    [
        (f"<iq xmlns='jabber:client' type='get' id='1'>{PING}</iq>" * 2, "not-well-formed"),
        (f"<iq xmlns='jabber:client' type='get' id='1'>{PING}", "not-well-formed"),
        (f"\n<iq xmlns='jabber:client' type='get' id='1'>{PING}</iq>", "bad-format"),
        (f"<iq type='get' id='1'>{PING}</iq>", "unsupported-stanza-type"),
        (f"<iq xmlns='jabber:client' type='get' id='1'>{PING}</iq>".encode(), "bad-format"),
        (OPEN, "unsupported-stanza-type"),
    ],
)
@pytest.mark.spec("RFC 7395 §3.3", "RFC 7395 §3.5")
async def test_a_frame_of_text_holds_one_whole_stanza_that_says_its_namespace(
    alice: Person, frame: str | bytes, condition: str
) -> None:
    client = await alice.online(door="websocket")
    await client.wire.write(frame)
    await client.ended(condition)


@pytest.mark.spec("RFC 7395 §3.3")
async def test_each_of_our_frames_is_one_whole_document(alice: Person, bob: Person) -> None:
    """However many there are at once; `FrameWire` parses each by itself."""
    client, other = await alice.online("desk", door="websocket"), await bob.online()
    for number in range(50):
        await other.send(f"<message to='{alice.jid}' id='{number}'><body>x</body></message>")
    for number in range(50):
        await client.expect(f"<message id='{number}' from='{other.jid}'/>")


@pytest.mark.spec("RFC 7395 §3.6")
async def test_both_ways_to_leave(alice: Person, service: ServiceProcess) -> None:
    """A close is answered in kind, then the connection ends; a connection may also just end."""
    connection = await socket(service, "xmpp")
    await connection.send(OPEN)
    await connection.send(f"<close xmlns='{FRAMING}'/>")
    frames = [str(text) async for text in connection]
    assert frames[-1].startswith("<close ")
    assert connection.close_code == 1000

    watching, leaving = await alice.online("desk"), await alice.online("phone", door="websocket")
    await watching.wait_for(f"<presence from='{leaving.jid}' type='-'/>")
    await leaving.hang_up()
    await watching.expect(f"<presence from='{leaving.jid}' type='unavailable'/>")


@pytest.mark.spec("RFC 7395 §3.7")
async def test_a_stream_is_opened_anew_without_being_closed(
    alice: Person, service: ServiceProcess
) -> None:
    client = await connect(service, "websocket")
    alice.clients.append(client)
    await client.open()
    first = {each.tag for each in client.features}
    await client.authenticate(alice.name, PASSWORD)
    assert first.isdisjoint(each.tag for each in client.features if each.tag.endswith("}bind"))
    await client.bind()
    with pytest.raises((Mismatch, Ended)):
        await client.open()


@pytest.mark.spec("RFC 7395 §3.8")
async def test_pings_of_websockets_and_empty_frames_are_signs_of_life(
    service: ServiceProcess,
) -> None:
    wire = await FrameWire.connect_to(service.websocket)
    client = Client(wire, service.domain)
    await client.open()
    await (await wire._connection.ping())
    await wire.write(" ")
    await client.send(f"<auth xmlns='{SASL}' mechanism='NONE'>=</auth>")
    await client.expect(
        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><invalid-mechanism/></failure>"
    )
    await client.hang_up()
