"""A client's TLS that knows its channel bindings, which Python's own does not tell."""

import asyncio
import ssl
from typing import Self

from cryptography import x509
from OpenSSL import SSL

from tests.conversation import Ended, Wire


class BoundWire(Wire):
    """TCP with OpenSSL's TLS in it, from the beginning or after STARTTLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self.tls: SSL.Connection | None = None
        self.version = SSL.TLS1_3_VERSION

    @classmethod
    async def connect_to(cls, host: str, port: int) -> Self:
        return cls(*await asyncio.open_connection(host, port))

    async def encrypt(self) -> None:
        """The handshake."""
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_max_proto_version(self.version)
        tls = SSL.Connection(context)
        tls.set_connect_state()
        while True:
            try:
                tls.do_handshake()
                break
            except SSL.WantReadError:
                await self._flush(tls)
                tls.bio_write(await super()._receive())
        await self._flush(tls)
        self.tls = tls

    def certificate(self) -> x509.Certificate:
        """The server's."""
        assert self.tls is not None
        found = self.tls.get_peer_certificate(as_cryptography=True)
        assert found is not None
        return found

    async def start_tls(self, context: ssl.SSLContext) -> None:
        await self.encrypt()

    async def write(self, text: str | bytes) -> None:
        if self.tls is None:
            await super().write(text)
            return
        self.tls.sendall(text if isinstance(text, bytes) else text.encode())
        await self._flush(self.tls)

    async def _receive(self) -> bytes:
        if self.tls is None:
            return await super()._receive()
        while True:
            try:
                return self.tls.recv(65_536)
            except SSL.WantReadError:
                self.tls.bio_write(await super()._receive())
            except SSL.ZeroReturnError:
                raise Ended from None

    async def _flush(self, tls: SSL.Connection) -> None:
        try:
            while True:
                self._writer.write(tls.bio_read(65_536))
        except SSL.WantReadError:
            await self._writer.drain()
