"""Where WebSocket and BOSH are, as host metadata tells: XEP-0156 and RFC 6415."""

import json
import xml.etree.ElementTree as ET

import pytest
import websockets
from django.test import Client, override_settings

from tests.bosh import Http, body
from tests.service import ServiceProcess

pytestmark = pytest.mark.spec("XEP-0156 §2", "RFC 6415 §2")

XRD = "{http://docs.oasis-open.org/ns/xri/xrd-1.0}"
WEBSOCKET = "urn:xmpp:alt-connections:websocket"
XBOSH = "urn:xmpp:alt-connections:xbosh"


def links(content: bytes) -> dict[str, str]:
    return {each.attrib["rel"]: each.attrib["href"] for each in ET.fromstring(content)}


async def test_both_forms_lead_to_the_doors(service: ServiceProcess) -> None:
    http = Http("127.0.0.1", service.http_port)
    xrd = await http.ask("GET", "/.well-known/host-meta", Origin="https://any.example")
    jrd = await http.ask("GET", "/.well-known/host-meta.json", Origin="https://any.example")
    for response, kind in ((xrd, "application/xrd+xml"), (jrd, "application/json")):
        assert (response.status, response.headers["content-type"]) == (200, kind)
        assert response.headers["access-control-allow-origin"] == "*"
    assert ET.fromstring(xrd.content).tag == f"{XRD}XRD"
    found = links(xrd.content)
    assert {each["rel"]: each["href"] for each in json.loads(jrd.content)["links"]} == found
    assert found == {WEBSOCKET: service.websocket, XBOSH: f"{service.http}/http-bind"}
    async with websockets.connect(found[WEBSOCKET], subprotocols=[websockets.Subprotocol("xmpp")]):
        pass
    answer = await http.ask("POST", "/http-bind", body(rid=1, to=service.domain))
    assert answer.body.get("sid")
    await http.hang_up()


async def test_who_prefers_json_gets_it(service: ServiceProcess) -> None:
    http = Http("127.0.0.1", service.http_port)
    response = await http.ask("GET", "/.well-known/host-meta", Accept="application/json")
    assert response.headers["content-type"] == "application/json"
    assert "Accept" in response.headers["vary"].title()
    await http.hang_up()


@override_settings(CHATOPS_PUBLIC_URL="https://chat.example.org")
def test_with_https_all_links_are_encrypted(client: Client) -> None:
    assert links(client.get("/.well-known/host-meta").content) == {
        WEBSOCKET: "wss://chat.example.org/xmpp-websocket",
        XBOSH: "https://chat.example.org/http-bind",
    }


@override_settings(CHATOPS_BOSH=False)
def test_a_door_that_is_shut_is_not_told(client: Client) -> None:
    assert set(links(client.get("/.well-known/host-meta").content)) == {WEBSOCKET}
