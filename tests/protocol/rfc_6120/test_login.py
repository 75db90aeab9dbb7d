"""Streams from their header to a bound resource, RFC 6120 sections 4 to 7."""

import base64
import ssl

import pytest

from tests.conftest import Person
from tests.conversation import SASL, STREAM, Client, Ended, Mismatch, Wire
from tests.service import PASSWORD, ServiceProcess

SASL_FAILURE = f"<failure xmlns='{SASL}'><{{}}/><text>*</text></failure>"
DOORS = ["tcp", "websocket", "bosh"]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-1"])
@pytest.mark.spec(
    "RFC 6120 §4.3",
    "RFC 6120 §6.4",
    "RFC 6120 §7.6",
    "RFC 7395 §3.3",
    "RFC 7395 §3.4",
    "RFC 5802",
    "RFC 7677",
)
async def test_a_person_logs_in_through_each_door(alice: Person, door: str, mechanism: str) -> None:
    client = await alice.connect(door)
    await client.authenticate(alice.name, PASSWORD, mechanism)
    await client.bind("desk")
    assert client.jid == f"{alice.jid}/desk"
    await client.nothing_else()
    await client.close()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"])
@pytest.mark.spec("RFC 6120 §5.4", "RFC 7590 §3.1")
async def test_starttls_encrypts_before_the_login(alice: Person, mechanism: str) -> None:
    client = await alice.connect()
    await client.start_tls()
    assert client.features.find("{urn:ietf:params:xml:ns:xmpp-tls}starttls") is None
    await client.authenticate(alice.name, PASSWORD, mechanism)
    await client.bind()
    await client.nothing_else()


@pytest.mark.spec("RFC 7590 §3.1")
async def test_direct_tls_needs_no_starttls(alice: Person, service: ServiceProcess) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["xmpp-client"])
    wire = await Wire.connect("127.0.0.1", service.tls_port, context)
    client = Client(wire, service.domain)
    alice.clients.append(client)
    await client.open()
    await client.authenticate(alice.name, PASSWORD, "PLAIN")
    await client.bind()
    await client.nothing_else()


@pytest.mark.spec("RFC 6120 §6.3.4", "RFC 4616")
async def test_plain_is_refused_without_tls(alice: Person) -> None:
    client = await alice.connect()
    await client.sasl("auth", f"\0{alice.name}\0{PASSWORD}".encode(), "PLAIN")
    await client.expect(SASL_FAILURE.format("encryption-required"))


@pytest.mark.parametrize(
    ("mechanism", "data", "condition"),
    [
        ("UNKNOWN", "", "invalid-mechanism"),
        ("SCRAM-SHA-256", "!not base64!", "incorrect-encoding"),
        ("SCRAM-SHA-256", base64.b64encode(b"nonsense").decode(), "malformed-request"),
        ("SCRAM-SHA-256", base64.b64encode(b"n,a=other,n=me,r=x").decode(), "invalid-authzid"),
        (
            "SCRAM-SHA-256",
            base64.b64encode(b"p=tls-unique,,n=me,r=x").decode(),
            "malformed-request",
        ),
    ],
)
@pytest.mark.spec("RFC 6120 §6.5")
async def test_a_bad_exchange_gets_its_own_failure(
    alice: Person, mechanism: str, data: str, condition: str
) -> None:
    client = await alice.connect()
    await client.send(f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{data}</auth>")
    await client.expect(SASL_FAILURE.format(condition))
    await client.authenticate(alice.name, PASSWORD)


@pytest.mark.spec("RFC 6120 §6.5.1")
async def test_an_exchange_can_be_given_up(alice: Person) -> None:
    client = await alice.connect()
    await client.sasl("auth", f"n,,n={alice.name},r=abc".encode(), "SCRAM-SHA-256")
    await client.expect(f"<challenge xmlns='{SASL}'/>")
    await client.send(f"<abort xmlns='{SASL}'/>")
    await client.expect(SASL_FAILURE.format("aborted"))


@pytest.mark.spec("RFC 6120 §6.5.10")
async def test_a_wrong_password_and_a_wrong_name_look_the_same(alice: Person) -> None:
    client = await alice.connect()
    answers = []
    for name in (alice.name, "nobody-of-that-name"):
        with pytest.raises(Mismatch) as refused:
            await client.authenticate(name, "wrong")
        answers.append(str(refused.value).partition("but came:")[2])
    assert answers[0] == answers[1]
    assert "not-authorized" in answers[0]


@pytest.mark.spec("RFC 6120 §6.4.5", "RFC 6120 §13.12")
async def test_too_many_failures_end_the_stream(alice: Person) -> None:
    client = await alice.connect()
    for _ in range(5):
        with pytest.raises(Mismatch):
            await client.authenticate(alice.name, "wrong")
    await client.ended("policy-violation")


@pytest.mark.parametrize("to", ["", " to='localhost'", " to='{self}'"])
@pytest.mark.spec("RFC 6120 §7.1")
async def test_before_binding_the_service_refuses_everything_else(alice: Person, to: str) -> None:
    client = await alice.connect()
    await client.authenticate(alice.name, PASSWORD)
    said = to.replace("{self}", alice.jid)
    for kind, type_ in (("message", "chat"), ("presence", "unavailable"), ("iq", "get")):
        await client.send(f"<{kind} id='1' type='{type_}'{said}><x xmlns='urn:x'/></{kind}>")
        await client.expect(f"<{kind} id='1' type='error'><error type='cancel'/></{kind}>")
    await client.bind()


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("<message to='a@localhost'><body>hi</body></message>", "not-authorized"),
        ("<iq type='set' id='1' to='localhost/x'><x xmlns='urn:x'/></iq>", "not-authorized"),
        ("<presence to='a@b@c'/>", "not-authorized"),
        ("<x xmlns='urn:x'/>", "unsupported-stanza-type"),
    ],
)
@pytest.mark.spec("RFC 6120 §7.1", "RFC 6120 §4.9.3.12", "RFC 6120 §4.9.3.24")
async def test_who_talks_to_others_before_binding_is_cut_off(
    alice: Person, text: str, condition: str
) -> None:
    client = await alice.connect()
    await client.authenticate(alice.name, PASSWORD)
    await client.send(text)
    await client.ended(condition)


@pytest.mark.spec("RFC 6120 §7.6", "RFC 6120 §7.7")
async def test_a_resource_is_made_or_taken_as_it_is_compared(alice: Person) -> None:
    client = await alice.bound()
    assert len(client.jid) > len(f"{alice.jid}/") + 8
    spelled = await alice.bound("Caf\N{LATIN SMALL LETTER E}\N{COMBINING ACUTE ACCENT}")
    assert spelled.jid == f"{alice.jid}/Caf\N{LATIN SMALL LETTER E WITH ACUTE}"


@pytest.mark.spec("RFC 6120 §7.7.2.2", "RFC 6120 §4.9.3.3")
async def test_the_newer_connection_takes_the_resource(alice: Person) -> None:
    older = await alice.online("desk")
    newer = await alice.online("desk")
    await older.ended("conflict")
    await newer.nothing_else()


@pytest.mark.spec("RFC 6120 §7.7.2.1")
async def test_a_resource_that_cannot_be_is_a_bad_request(alice: Person) -> None:
    client = await alice.connect()
    await client.authenticate(alice.name, PASSWORD)
    await client.send(
        "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
        f"<resource>{'x' * 2000}</resource></bind></iq>"
    )
    await client.expect("<iq type='error' id='b'><error type='modify'/></iq>")
    await client.bind("good")


@pytest.mark.spec("RFC 3921")
async def test_older_clients_may_ask_for_a_session(alice: Person) -> None:
    client = await alice.bound()
    answer = await client.ask(
        "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"
    )
    assert answer.get("type") == "result"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.spec("RFC 6120 §4.4", "RFC 7395 §3.6")
async def test_a_stream_is_closed_in_kind(alice: Person, door: str) -> None:
    client = await alice.online(door=door)
    await client.wire.close_stream()
    assert (await client.next()).tag == f"{{{STREAM}}}closed"
    with pytest.raises((Ended, ConnectionError)):
        await client.next()


@pytest.mark.spec("RFC 6120 §8.3.1", "RFC 6120 §8.4")
async def test_an_unknown_request_is_answered_and_errors_never_loop(alice: Person) -> None:
    client = await alice.online()
    await client.send("<iq type='get' id='1' to='localhost'><x xmlns='urn:nobody-knows'/></iq>")
    await client.expect(
        "<iq type='error' id='1' from='localhost'><error type='cancel'>"
        "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    )
    for kind in ("iq", "message", "presence"):
        await client.send(f"<{kind} type='error' id='2' to='localhost'/>")
        await client.send(f"<{kind} type='error' id='2' to='nobody@localhost/x'/>")
        await client.send(f"<{kind} type='error' id='2' to='elsewhere.example'/>")
    await client.nothing_else()
