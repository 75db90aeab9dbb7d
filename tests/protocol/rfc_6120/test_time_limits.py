"""How long a stream may be silent, and how the service says goodbye."""

from collections.abc import Callable

import pytest

from tests.conftest import Person, connect
from tests.conversation import STREAM, Client, Mismatch
from tests.service import ServiceProcess

STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"
SM = "urn:xmpp:sm:3"


@pytest.fixture
def hasty(own_service: Callable[..., ServiceProcess]) -> ServiceProcess:
    return own_service(
        "alice",
        CHATOPS_AUTH_TIMEOUT_SECONDS="1",
        CHATOPS_IDLE_TIMEOUT_SECONDS="1",
        CHATOPS_ANSWER_TIMEOUT_SECONDS="2",
    )


@pytest.mark.spec("RFC 6120 §4.6", "RFC 6120 §4.9.3.4", "RFC 6120 §13.12")
async def test_streams_have_their_time_limits(hasty: ServiceProcess) -> None:
    """One service for all of it, because the limits are real seconds."""
    stranger = await connect(hasty)
    await stranger.open()
    await stranger.ended("connection-timeout")

    # A silent client is asked for a sign of life; without one it is gone.
    alice = Person(hasty, "alice")
    silent = await alice.bound("silent")
    await silent.wait_for("<iq type='get' from='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
    await silent.ended("connection-timeout")

    # One that answers stays, with XEP-0198 as well as without.
    lively = await alice.bound("lively")
    await lively.send(f"<enable xmlns='{SM}'/>")
    await lively.expect(f"<enabled xmlns='{SM}'/>")
    for _ in range(3):
        await lively.wait_for(f"<r xmlns='{SM}'/>")
        await lively.send(f"<a xmlns='{SM}' h='0'/>")
    await lively.nothing_else()
    for client in (stranger, silent, lively):
        await client.hang_up()


@pytest.mark.spec("RFC 6120 §4.9.3.20", "RFC 6120 §4.4")
async def test_a_service_that_stops_says_so_on_every_door(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice")
    alice = Person(service, "alice")
    clients: list[Client] = [await alice.online(door, door=door) for door in ("tcp", "websocket")]
    browser = await alice.online("bosh", door="bosh")
    service.stop()
    with pytest.raises(Mismatch, match="system-shutdown"):
        await browser.wait_for("<message/>")  # it has a condition of its own for that
    await browser.hang_up()
    for client in clients:
        await client.wait_for(
            f"<stream:error xmlns:stream='{STREAM}'>"
            f"<system-shutdown xmlns='{STREAMS}'/></stream:error>"
        )
        await client.hang_up()
    service.start()
    back = await alice.online("tcp")
    await back.nothing_else()
    await back.hang_up()
    assert "Traceback" not in service.log
