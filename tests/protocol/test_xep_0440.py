"""Channel binding: announced (XEP-0440), used (RFC 5802, 5929, 9266), and not to be taken away."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from tests.conftest import Person
from tests.conversation import SASL, Client, Mismatch
from tests.protocol.test_xep_0388 import SASL2, failed, log_in
from tests.scram import Scram
from tests.service import PASSWORD, ServiceProcess
from tests.tls import BoundWire

CB = "urn:xmpp:sasl-cb:0"
VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
STRONGEST = {"1.2": "tls-unique", "1.3": "tls-exporter"}
FAILURE = f"<failure xmlns='{SASL}'><{{}}/><text>*</text></failure>"

pytestmark = pytest.mark.spec("XEP-0440")


async def over_tls(
    person: Person, service: ServiceProcess, version: str = "1.3", *, direct: bool = False
) -> tuple[Client, BoundWire]:
    port = service.tls_port if direct else service.c2s_port
    wire = await BoundWire.connect_to("127.0.0.1", port)
    wire.version = VERSIONS[version]
    client = Client(wire, service.domain)
    person.clients.append(client)
    if direct:
        await wire.encrypt()
    await client.open()
    if not direct:
        await client.start_tls()
    return client, wire


def binding_of(wire: BoundWire, kind: str) -> bytes:
    """As the RFCs define it, from this end."""
    assert wire.tls is not None
    if kind == "tls-exporter":
        return wire.tls.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
    if kind == "tls-unique":
        return wire.tls.get_finished() or b""
    return hashlib.sha256(wire.certificate().public_bytes(Encoding.DER)).digest()


def mechanisms(client: Client) -> list[str]:
    found = client.features.findall(f"{{{SASL}}}mechanisms/{{{SASL}}}mechanism")
    return [each.text or "" for each in found]


def bindings(client: Client) -> list[str]:
    found = client.features.findall(f"{{{CB}}}sasl-channel-binding/{{{CB}}}channel-binding")
    return [each.get("type", "") for each in found]


async def scram(client: Client, exchange: Scram, mechanism: str) -> None:
    await client.sasl("auth", exchange.first, mechanism)
    challenge = await client.expect(f"<challenge xmlns='{SASL}'/>")
    await client.sasl("response", exchange.final(base64.b64decode(challenge.text or "")))


@pytest.mark.spec("XEP-0440 §2", "RFC 9266 §2", "RFC 5929 §3", "RFC 5929 §4")
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_connection_announces_what_it_can_be_bound_by(
    alice: Person, service: ServiceProcess, version: str
) -> None:
    client, _ = await over_tls(alice, service, version)
    assert bindings(client) == [STRONGEST[version], "tls-server-end-point"]
    plus = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"]
    assert mechanisms(client) == [*plus, "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]
    modern = client.features.findall(f"{{{SASL2}}}authentication/{{{SASL2}}}mechanism")
    assert [each.text for each in modern] == mechanisms(client)


@pytest.mark.parametrize("door", ["tcp", "websocket", "bosh"])
async def test_where_this_service_ends_no_tls_nothing_is_bound(alice: Person, door: str) -> None:
    client = await alice.connect(door)
    assert bindings(client) == []
    assert not [each for each in mechanisms(client) if each.endswith("-PLUS")]


@pytest.mark.spec("RFC 5802 §6", "RFC 9266", "RFC 5929 §3", "RFC 5929 §4", "RFC 6120 §13.8.1")
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"])
@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("1.3", "tls-exporter"),
        ("1.3", "tls-server-end-point"),
        ("1.2", "tls-unique"),
        ("1.2", "tls-server-end-point"),
    ],
)
@pytest.mark.parametrize("direct", [False, True])
async def test_a_login_is_bound_to_its_channel(
    alice: Person, service: ServiceProcess, mechanism: str, version: str, kind: str, direct: bool
) -> None:
    client, wire = await over_tls(alice, service, version, direct=direct)
    exchange = Scram(alice.name, PASSWORD, mechanism, f"p={kind}", binding_of(wire, kind))
    await scram(client, exchange, mechanism)
    success = await client.expect(f"<success xmlns='{SASL}'/>")
    assert base64.b64decode(success.text or "") == exchange.proven
    await client.open()
    await client.bind()
    await client.nothing_else()


@pytest.mark.spec("XEP-0388 §2.1", "RFC 5802 §6")
async def test_sasl2_binds_too(alice: Person, service: ServiceProcess) -> None:
    client, wire = await over_tls(alice, service)
    bound = {"flag": "p=tls-exporter", "binding": binding_of(wire, "tls-exporter")}
    outcome = await log_in(client, alice.name, mechanism="SCRAM-SHA-256-PLUS", **bound)  # type: ignore[arg-type]
    assert outcome.tag == f"{{{SASL2}}}success"


@pytest.mark.spec("RFC 5802 §6")
async def test_another_channels_binding_is_refused(alice: Person, service: ServiceProcess) -> None:
    client, _ = await over_tls(alice, service)
    _, elsewhere = await over_tls(alice, service)
    data = binding_of(elsewhere, "tls-exporter")
    exchange = Scram(alice.name, PASSWORD, "SCRAM-SHA-256-PLUS", "p=tls-exporter", data)
    await scram(client, exchange, "SCRAM-SHA-256-PLUS")
    await client.expect(FAILURE.format("not-authorized"))


@pytest.mark.spec("RFC 5802 §6", "RFC 5802 §7")
@pytest.mark.parametrize(
    ("mechanism", "flag", "condition"),
    [
        ("SCRAM-SHA-256", "y", "not-authorized"),  # somebody took -PLUS out of the list
        ("SCRAM-SHA-256", "p=tls-exporter", "malformed-request"),
        ("SCRAM-SHA-256-PLUS", "n", "malformed-request"),
        ("SCRAM-SHA-256-PLUS", "y", "malformed-request"),
        ("SCRAM-SHA-256-PLUS", "p=tls-unique", "malformed-request"),  # not of TLS 1.3
        ("SCRAM-SHA-256-PLUS", "p=mine", "malformed-request"),
    ],
)
async def test_a_flag_that_does_not_fit_is_refused(
    alice: Person, service: ServiceProcess, mechanism: str, flag: str, condition: str
) -> None:
    client, _ = await over_tls(alice, service)
    exchange = Scram(alice.name, PASSWORD, mechanism, flag)
    await client.sasl("auth", exchange.first, mechanism)
    await client.expect(FAILURE.format(condition))


async def test_who_would_bind_may_say_so_where_nothing_can_be_bound(alice: Person) -> None:
    client = await alice.connect()
    await scram(client, Scram(alice.name, PASSWORD, "SCRAM-SHA-256", "y"), "SCRAM-SHA-256")
    await client.expect(f"<success xmlns='{SASL}'/>")


async def test_plus_is_not_on_offer_without_tls(alice: Person) -> None:
    client = await alice.connect()
    exchange = Scram(alice.name, PASSWORD, "SCRAM-SHA-256-PLUS", "p=tls-exporter")
    with pytest.raises(Mismatch, match="invalid-mechanism"):
        await scram(client, exchange, "SCRAM-SHA-256-PLUS")


@pytest.mark.spec("XEP-0474 §5.1")
@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-1"])
async def test_the_challenge_signs_what_was_announced(
    alice: Person, service: ServiceProcess, encrypted: bool, modern: bool, mechanism: str
) -> None:
    client = (await over_tls(alice, service))[0] if encrypted else await alice.connect()
    exchange = Scram(alice.name, PASSWORD, mechanism)
    if modern:
        initial = base64.b64encode(exchange.first).decode()
        await client.send(
            f"<authenticate xmlns='{SASL2}' mechanism='{mechanism}'>"
            f"<initial-response>{initial}</initial-response></authenticate>"
        )
        challenge = await client.expect(f"<challenge xmlns='{SASL2}'/>")
    else:
        await client.sasl("auth", exchange.first, mechanism)
        challenge = await client.expect(f"<challenge xmlns='{SASL}'/>")
    exchange.final(base64.b64decode(challenge.text or ""))
    announced = "\x1e".join(sorted(mechanisms(client)))
    if encrypted:
        announced += "\x1f" + "\x1e".join(sorted(bindings(client)))
    name = "sha1" if mechanism == "SCRAM-SHA-1" else "sha256"
    expected = hashlib.new(name, announced.encode()).digest()
    assert base64.b64decode(exchange.fields["h"]) == expected


@pytest.mark.spec("RFC 5802 §6")
async def test_sasl2_refuses_a_downgrade(alice: Person, service: ServiceProcess) -> None:
    client, _ = await over_tls(alice, service)
    exchange = Scram(alice.name, PASSWORD, "SCRAM-SHA-256", "y")
    initial = base64.b64encode(exchange.first).decode()
    await client.send(
        f"<authenticate xmlns='{SASL2}' mechanism='SCRAM-SHA-256'>"
        f"<initial-response>{initial}</initial-response></authenticate>"
    )
    await client.expect(failed("not-authorized"))
