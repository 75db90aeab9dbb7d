"""Direct TLS, XEP-0368: a handshake whose first bytes are there before the service looks."""

import asyncio
import socket
import ssl

import pytest

from tests.conversation import any_certificate
from tests.service import ServiceProcess

AT_ONCE = 60


def hello() -> tuple[bytes, ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
    """A client's first flight, made before there is a connection."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = any_certificate().wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read(), client, incoming, outgoing


async def shake(port: int) -> str:
    """The protocol that both chose."""
    first, client, incoming, outgoing = hello()
    loop = asyncio.get_running_loop()
    with socket.socket() as sock:
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", port))
        sock.send(first)  # with the connection still in the service's backlog
        while True:
            data = await asyncio.wait_for(loop.sock_recv(sock, 65_536), 10)
            assert data
            incoming.write(data)
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                await loop.sock_sendall(sock, outgoing.read())
                continue
            return client.selected_alpn_protocol() or ""


@pytest.mark.spec("XEP-0368 §3")
async def test_first_bytes_that_come_with_the_connection_are_not_lost(
    service: ServiceProcess,
) -> None:
    for _ in range(4):
        chosen = await asyncio.gather(*(shake(service.tls_port) for _ in range(AT_ONCE)))
        assert set(chosen) == {"xmpp-client"}
