"""Guessed passwords, from addresses that are not this machine's own."""

import asyncio
import json
from collections.abc import Callable

import pytest
import websockets

from tests.conversation import SASL, Client, FrameWire, Mismatch
from tests.service import PASSWORD, ServiceProcess

ROWS = (
    "import json; from chatops.accounts.models import FailedLogin as F;"
    "print(json.dumps(list(F.objects.order_by('pk')"
    ".values_list('user__username', 'address', 'door', 'mechanism', 'count'))))"
)


async def from_(address: str, service: ServiceProcess) -> Client:
    """A client behind the proxy that ends TLS."""
    connection = await websockets.connect(
        f"ws://127.0.0.1:{service.http_port}/xmpp-websocket",
        subprotocols=[websockets.Subprotocol("xmpp")],
        additional_headers={"X-Forwarded-For": address, "X-Forwarded-Proto": "https"},
        compression=None,
    )
    client = Client(FrameWire(connection), service.domain)
    await client.open()
    return client


@pytest.mark.spec("RFC 6120 §6.5.11", "RFC 6120 §13.12")
async def test_an_address_that_guesses_is_not_heard_for_a_while(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", CHATOPS_HTTPS="on", CHATOPS_AUTH_FREE_FAILURES="3")
    said, wrong = "", 0
    while "temporary-auth-failure" not in said:
        client = await from_("203.0.113.7", service)
        try:
            await client.authenticate("alice", f"guess {wrong}")
        except Mismatch as refused:
            said = str(refused)
        await client.hang_up()
        wrong += "not-authorized" in said
        assert wrong < 20
    assert wrong >= 3
    assert "try again in" in said
    owner = await from_("203.0.113.8", service)
    await owner.authenticate("alice", PASSWORD)
    await owner.bind()
    await owner.nothing_else()
    await owner.hang_up()
    stranger = await from_("203.0.113.9", service)
    await stranger.sasl("auth", b"\0nobody\0my real password", "PLAIN")
    await stranger.expect(f"<failure xmlns='{SASL}'><not-authorized/></failure>")
    await stranger.hang_up()
    expected = [
        ["alice", "203.0.113.7", "websocket", "SCRAM-SHA-256", wrong],
        [None, "203.0.113.9", "websocket", "PLAIN", 1],
    ]
    rows: list[list[object]] = []
    async with asyncio.timeout(20):
        while rows != expected:
            found = await asyncio.to_thread(service.manage, "shell", "-v0", "-c", ROWS)
            rows = json.loads(found)
