"""STUN and TURN servers for clients' calls, XEP-0215."""

import base64
import hmac
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import override_settings

from chatops.bridge.checks import check_external_services
from chatops.bridge.handlers.xep_0215 import External
from tests.conftest import Person
from tests.protocol.registering import a_service, refused
from tests.service import ServiceProcess

EXTDISCO, INFO = "urn:xmpp:extdisco:2", "http://jabber.org/protocol/disco#info"
ASK = f"<iq type='get' id='i' to='localhost'><query xmlns='{INFO}'/></iq>"
LIST = f"<iq type='get' id='make' to='localhost'><services xmlns='{EXTDISCO}'/></iq>"
WHERE = ("type", "host", "port", "transport")
SECRET = "between us two"
URIS = "stun:stun.example.org turn:turn.example.org:3479?transport=udp turns:[2001:db8::7]"

pytestmark = pytest.mark.spec("XEP-0215")


@pytest.fixture(scope="module")
def with_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    folder: Path = tmp_path_factory.mktemp("external") / "data"
    settings = {"CHATOPS_EXTERNAL_SERVICES": URIS, "CHATOPS_TURN_SECRET": SECRET}
    with a_service(folder, **settings) as service:
        yield service


@pytest.mark.spec("XEP-0215 §3.1", "XEP-0215 §3.2", "XEP-0215 §3.3")
async def test_servers_are_listed_with_credentials(with_servers: ServiceProcess) -> None:
    root = Person(with_servers, "root")
    client = await root.bound()
    try:
        info = await client.ask(
            f"<iq type='get' id='i' to='localhost'><query xmlns='{INFO}'/></iq>"
        )
        assert info.find(f".//{{{INFO}}}feature[@var='{EXTDISCO}']") is not None
        answer = await client.ask(LIST)
        found = [each.attrib for each in answer[0]]
        places = [
            tuple(each[key] for key in ("type", "host", "port", "transport")) for each in found
        ]
        assert places == [
            ("stun", "stun.example.org", "3478", "udp"),
            ("turn", "turn.example.org", "3479", "udp"),
            ("turns", "2001:db8::7", "5349", "tcp"),
        ]
        assert "username" not in found[0]
        for each in found[1:]:
            until, _, name = each["username"].partition(":")
            assert name == "root"
            assert 0 < int(until) - time.time() <= 86_400
            assert datetime.fromisoformat(each["expires"]) == datetime.fromtimestamp(
                int(until), UTC
            )
            proof = hmac.digest(SECRET.encode(), each["username"].encode(), "sha1")
            assert base64.b64decode(each["password"]) == proof
        answer = await client.ask(
            f"<iq type='get' id='t' to='localhost'><services xmlns='{EXTDISCO}' type='stun'/></iq>"
        )
        assert answer[0].get("type") == "stun"
        assert [each.get("host") for each in answer[0]] == ["stun.example.org"]
        answer = await client.ask(
            f"<iq type='get' id='c' to='localhost'><credentials xmlns='{EXTDISCO}'>"
            "<service host='turn.example.org' type='turn'/></credentials></iq>"
        )
        assert answer[0].tag == f"{{{EXTDISCO}}}credentials"
        assert [each.get("port") for each in answer[0]] == ["3479"]
        for asked, condition, type_ in (
            ("<service host='turn.example.org' type='turn' port='1'/>", "item-not-found", "cancel"),
            ("<service host='stun.example.org' type='stun'/>", "item-not-found", "cancel"),
            ("<service host='turn.example.org'/>", "bad-request", "modify"),
            ("", "bad-request", "modify"),
        ):
            await client.send(
                f"<iq type='get' id='make' to='localhost'><credentials xmlns='{EXTDISCO}'>"
                f"{asked}</credentials></iq>"
            )
            await client.expect(refused(condition, type_))
    finally:
        await client.hang_up()


async def test_without_servers_nothing_is_announced_or_answered(alice: Person) -> None:
    client = await alice.bound()
    info = await client.ask(ASK)
    assert info.find(f".//{{{INFO}}}feature[@var='{EXTDISCO}']") is None
    await client.send(
        f"<iq type='get' id='make' to='localhost'><services xmlns='{EXTDISCO}'/></iq>"
    )
    await client.expect(refused("service-unavailable", "cancel"))


@pytest.mark.parametrize(
    "uri", ["", "turn:", "turn:host:99999", "http://host", "turn:host?transport=sctp", "turn:a b"]
)
def test_what_is_no_address_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        External.read(uri)


def test_a_wrong_setting_is_told_at_the_start() -> None:
    with override_settings(CHATOPS_EXTERNAL_SERVICES="stun:a.example.org turn:"):
        (found,) = check_external_services()
    assert "'turn:' is no address" in found.msg
