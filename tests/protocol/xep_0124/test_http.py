"""BOSH as HTTP sees it: methods, other origins, and browsers that are led astray."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.bosh import Http, body
from tests.protocol.xep_0124.conftest import Session
from tests.service import ServiceProcess

pytestmark = pytest.mark.spec("XEP-0124 §5")


@pytest_asyncio.fixture
async def http(impatient: ServiceProcess) -> AsyncIterator[Http]:
    http = Http("127.0.0.1", impatient.http_port)
    yield http
    await http.hang_up()


@pytest.mark.parametrize("path", ["/http-bind", "/http-bind/"])
async def test_people_who_look_are_told_what_it_is(http: Http, path: str) -> None:
    response = await http.ask("GET", path)
    assert (response.status, response.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert b"BOSH" in response.content


async def test_other_methods_are_not_allowed(http: Http) -> None:
    response = await http.ask("PUT", "/http-bind", "x")
    assert (response.status, response.headers["allow"]) == (405, "post, get, head, options")


async def test_scripts_of_the_sites_that_are_named_may_use_it(http: Http) -> None:
    for origin in ("https://chat.example.org", "https://other.example.org"):
        response = await http.ask("OPTIONS", "/http-bind", Origin=origin)
        assert response.status == 204
        assert response.headers["access-control-allow-origin"] == origin
        assert "POST" in response.headers["access-control-allow-methods"].upper()
        assert response.headers["access-control-allow-headers"] == "content-type"
        assert "access-control-allow-credentials" not in response.headers
        response = await http.ask("POST", "/http-bind", body(rid=1), Origin=origin)
        assert response.headers["access-control-allow-origin"] == origin
    response = await http.ask("OPTIONS", "/http-bind", Origin="https://evil.example")
    assert "access-control-allow-origin" not in response.headers


async def test_without_a_setting_all_sites_may_and_no_cookies_are_involved(
    service: ServiceProcess,
) -> None:
    http = Http("127.0.0.1", service.http_port)
    response = await http.ask("POST", "/http-bind", body(rid=1), Origin="https://any.example")
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers
    assert "set-cookie" not in response.headers
    await http.hang_up()


async def test_no_answer_runs_a_script_in_the_consoles_origin(impatient: ServiceProcess) -> None:
    """A form elsewhere may lead a browser here, to a session in which a client wrote a script."""
    session = Session("127.0.0.1", impatient.http_port)
    response = await session.start(content="text/html")
    assert response.headers["content-type"] == "text/html"
    assert "sandbox" in response.headers["content-security-policy"]
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    await session.hang_up()
