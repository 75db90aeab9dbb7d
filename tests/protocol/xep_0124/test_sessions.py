"""BOSH sessions from their first request to their last, XEP-0124 sections 7, 10, 13 and 17."""

import asyncio

import pytest

from tests.bosh import HTTP_BIND, XBOSH, Http, body
from tests.protocol.xep_0124.conftest import Session, Start
from tests.service import ServiceProcess

TEXT = "text/xml; charset=utf-8"


@pytest.mark.spec("XEP-0124 §7.2", "XEP-0206 §4")
async def test_a_session_begins_with_its_terms_and_the_streams_features(start: Start) -> None:
    session = Session("127.0.0.1", (await start()).http._address[1])
    response = await session.start(wait=9, hold=1, xml_lang="en")
    assert (response.status, response.headers["content-type"]) == (200, TEXT)
    said = response.body.attrib
    assert said["wait"], said["hold"] == ("9", "1")
    assert said["requests"] == "2"
    assert said["inactivity"] == "2"
    assert said["polling"] == "1"
    assert said["maxpause"] == "5"
    assert said["ver"] == "1.6"
    assert said["from"] == "localhost"
    assert said[f"{{{XBOSH}}}version"] == "1.0"
    assert said[f"{{{XBOSH}}}restartlogic"] == "true"
    assert "ack" not in said
    assert len(said["sid"]) >= 32
    features = response.body[0]
    assert features.tag == "{http://etherx.jabber.org/streams}features"
    assert features.find("{urn:ietf:params:xml:ns:xmpp-sasl}mechanisms") is not None
    await session.hang_up()


@pytest.mark.spec("XEP-0124 §7.2")
@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({"wait": 100_000, "hold": 100}, {"wait": "60", "hold": "2", "requests": "3"}),
        ({"hold": 0}, {"hold": "0", "requests": "1", "inactivity": "4"}),
        ({"wait": 0}, {"wait": "0", "hold": "0", "requests": "1"}),
        ({"ver": "1.100"}, {"ver": "1.11"}),
        ({"ver": "99.1"}, {"ver": "1.11"}),
        ({"ack": 1, "rid": 77}, {"ack": "77"}),
        ({"route": "xmpp:elsewhere:9999", "from_": "a@localhost"}, {"from": "localhost"}),
    ],
)
async def test_nobody_gets_more_than_the_settings_allow(
    start: Start, asked: dict[str, object], given: dict[str, str]
) -> None:
    session = await start(**asked)
    assert given.items() <= session.session.items()


@pytest.mark.spec("XEP-0124 §7.1")
async def test_a_client_chooses_the_type_of_its_answers(start: Start) -> None:
    session = await start(content="text/plain")
    answer = await session.post("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='?'/>")
    assert answer.headers["content-type"] == "text/plain"
    session = await start(content="text/html\r\nx: y")
    answer = await session.post("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='?'/>")
    assert answer.headers["content-type"] == TEXT


@pytest.mark.spec("XEP-0124 §17.2")
@pytest.mark.parametrize(
    ("content", "condition"),
    [
        (body(rid=1), "improper-addressing"),
        (body(rid=1, to=""), "improper-addressing"),
        (body(rid=1, to="elsewhere.example"), "host-unknown"),
        (body(rid=1, to="localhost", xmpp_version="0.9"), "remote-stream-error"),
        (body(to="localhost"), "bad-request"),
        (body(rid="one", to="localhost"), "bad-request"),
        (body(rid=-1, to="localhost"), "bad-request"),
        (body(rid=2**53, to="localhost"), "bad-request"),
        (body(rid=1, wait="long", to="localhost"), "bad-request"),
        (body(rid=1, sid="nobody's"), "item-not-found"),
        ("", "bad-request"),
        ("<body/>", "bad-request"),
        ("no xml", "bad-request"),
        (f"<body xmlns='{HTTP_BIND}' rid='1' to='localhost'>", "bad-request"),
        (f"<!DOCTYPE body><body xmlns='{HTTP_BIND}' rid='1' to='localhost'/>", "bad-request"),
        (f"<body xmlns='{HTTP_BIND}' rid='1' to='localhost'>text</body>", "bad-request"),
        (f"<body xmlns='{HTTP_BIND}' rid='1' to='localhost'><iq/>text</body>", "bad-request"),
        (f"<body xmlns='{HTTP_BIND}' rid='1' to='localhost'><!-- c --></body>", "bad-request"),
        (f"<body xmlns='{HTTP_BIND}' rid='1' to='localhost'><?a b?></body>", "bad-request"),
        (f"<body xmlns='{HTTP_BIND}' rid='1' to='localhost'>&x;</body>", "bad-request"),
        (f"<body xmlns='{HTTP_BIND}' rid='1' to='localhost'/>" * 2, "bad-request"),
        ("x" * 400_000, "policy-violation"),
    ],
)
async def test_what_begins_no_session_is_told_why(
    impatient: ServiceProcess, content: str, condition: str
) -> None:
    http = Http("127.0.0.1", impatient.http_port)
    response = await http.ask("POST", "/http-bind", content)
    assert response.status == 200
    said = response.body.attrib
    await http.hang_up()
    assert (said["type"], said["condition"]) == ("terminate", condition)


@pytest.mark.spec("XEP-0124 §17.2")
async def test_an_unreadable_request_ends_its_session(start: Start) -> None:
    session = await start()
    held = session.ask()
    await asyncio.sleep(0.1)
    response = await session.http.ask(
        "POST", "/http-bind", f"<body xmlns='{HTTP_BIND}' rid='1' sid='{session.sid}'>&x;</body>"
    )
    assert response.body.get("condition") == "bad-request"
    assert (await held).body.get("condition") == "other-request"
    await session.ended()


@pytest.mark.spec("XEP-0124 §17.1")
@pytest.mark.parametrize(
    ("later", "status"), [({"rid": 1}, 404), ({"pause": 100}, 403), ({"rid": 2**52}, 404)]
)
async def test_clients_from_before_such_conditions_get_a_status(
    start: Start, later: dict[str, object], status: int
) -> None:
    session = await start(ver="")
    assert "ver" not in session.session
    assert (await session.post(**later)).status == status


@pytest.mark.spec("XEP-0124 §10")
async def test_a_client_that_asks_for_nothing_is_gone(start: Start) -> None:
    session = await start()
    await asyncio.sleep(2.3)
    await session.ended()


@pytest.mark.spec("XEP-0124 §10")
async def test_a_request_that_waits_keeps_the_session(start: Start) -> None:
    session = await start(wait=3)
    answer = await session.ask()
    assert (answer.body.attrib, len(answer.body)) == ({}, 0)
    waiting = session.ask()
    await session.post("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='?'/>")
    assert waiting.done()


@pytest.mark.spec("XEP-0124 §10")
async def test_a_broken_connection_keeps_it_only_for_a_while(start: Start) -> None:
    session = await start()
    held = session.ask()
    await asyncio.sleep(0.1)
    await session.http.hang_up()
    await asyncio.gather(held, return_exceptions=True)
    await asyncio.sleep(2.3)
    session.http = Http("127.0.0.1", session.http._address[1])
    await session.ended()


@pytest.mark.spec("XEP-0124 §10")
async def test_a_pause_is_as_long_as_was_asked_for(start: Start) -> None:
    session = await start()
    held = session.ask()
    paused = await session.post(pause=4)
    assert (paused.body.attrib, len(paused.body)) == ({}, 0)
    assert held.done()
    await asyncio.sleep(2.5)
    auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='?'/>"
    assert (await session.post(auth)).body[0].tag.endswith("failure")
    await asyncio.sleep(2.5)  # the request has set it back to normal
    await session.ended()


@pytest.mark.spec("XEP-0124 §10")
async def test_nobody_pauses_for_longer_than_the_maximum(start: Start) -> None:
    session = await start()
    assert (await session.post(pause=6)).body.get("condition") == "policy-violation"
    await session.ended()


@pytest.mark.spec("XEP-0124 §13")
async def test_a_client_ends_its_session_on_the_oldest_request(start: Start) -> None:
    session = await start(hold=2)
    first, second = session.ask(), None
    await asyncio.sleep(1.1)
    second = session.ask()
    third = await session.post(type="terminate")
    assert (await first).body.attrib == {"type": "terminate"}
    assert (await second).body.attrib == {}
    assert third.body.attrib == {}
    await session.ended()


@pytest.mark.spec("XEP-0124 §16")
async def test_there_is_one_stream_only(start: Start) -> None:
    session = await start()
    answer = await session.post("<presence xmlns='jabber:client'/>", stream="second")
    assert answer.body.get("condition") == "item-not-found"


@pytest.mark.spec("RFC 6120 §4.9.3.17")
async def test_sessions_count_as_the_connections_of_other_doors_do(
    impatient: ServiceProcess,
) -> None:
    sessions = [Session("::1", impatient.http_port) for _ in range(61)]
    refused = None
    for each in sessions:  # others may still be ending
        refused = (await each.start()).body
        if refused.get("type") == "terminate":
            break
    assert refused is not None
    assert refused.get("condition") == "remote-stream-error"
    streams = "{urn:ietf:params:xml:ns:xmpp-streams}"
    assert refused[0].find(f"{streams}resource-constraint") is not None
    await sessions[0].post(type="terminate")
    assert (await sessions[-1].start()).body.get("sid")
    for each in sessions:
        if each.sid:
            await each.post(type="terminate")
        await each.hang_up()


@pytest.mark.spec("XEP-0124 §19.1")
async def test_a_session_that_began_encrypted_takes_nothing_else(
    impatient: ServiceProcess,
) -> None:
    session = Session("127.0.0.1", impatient.http_port)
    encrypted = {"X-Forwarded-Proto": "https"}
    session.http.headers = encrypted
    begun = (await session.start()).body
    assert "PLAIN" in [
        each.text for each in begun.iter("{urn:ietf:params:xml:ns:xmpp-sasl}mechanism")
    ]
    session.http.headers = {}
    refused = await session.post(type="terminate")
    assert (refused.status, refused.content) == (403, b"")
    session.http.headers = encrypted
    session.rid -= 1
    ended = await session.post(type="terminate")
    assert ended.body.attrib["type"] == "terminate"
    assert "condition" not in ended.body.attrib
    await session.hang_up()
