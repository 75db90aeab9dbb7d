"""The TCP doors: STARTTLS on one port, direct TLS, XEP-0368, on another."""

import array
import asyncio
import contextlib
import fcntl
import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import cast
from xml.sax.saxutils import quoteattr

from django.conf import settings

from chatops.bridge.counters import counters
from chatops.bridge.doors.certificates import Certificates
from chatops.bridge.doors.keepalive import check_life
from chatops.bridge.doors.tls import Tls, TlsError
from chatops.bridge.stream.admission import admission
from chatops.bridge.stream.contracts import Gate
from chatops.bridge.stream.stream import Stream
from chatops.core.addresses import BACKLOG, listen, name_of
from chatops.core.features import Feature
from chatops.xmpp.elements import Element, make, serialise
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.names import CLIENT, STREAM, TLS
from chatops.xmpp.reader import Event, Footer, Header, StreamReader

direct_tls = Feature("XEP-0368", (), at=())

SIOCOUTQ = 0x5411  # Linux: bytes that the peer's kernel has not acknowledged
FOOTER = b"</stream:stream>"
PROCEED = serialise(make(f"{{{TLS}}}proceed"))
LINGER_SECONDS = 5  # how long a closing connection may take to send its last words
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


class TcpConnection(asyncio.Protocol):
    """One client's connection; a stream.Door."""

    manageable = True

    def __init__(self, doors: "TcpDoors", name: str, *, secure: bool) -> None:
        self._doors = doors
        self.name, self.secure = name, secure
        self.address = ""
        self._transport: asyncio.Transport | None = None
        self._stream: Stream | None = None
        self._reader = StreamReader(settings.CHATOPS_MAX_STANZA_BYTES_UNAUTHENTICATED)
        self._loop = asyncio.get_running_loop()
        self._out: list[bytes] = []
        self._opened = False  # our own header is out
        self._tls: Tls | None = None
        self._writable = asyncio.Event()  # less waits to be sent than may
        self._writable.set()

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        self._transport.set_write_buffer_limits(high=settings.CHATOPS_SEND_BUFFER_BYTES // 4)
        counters[f"connections {self.name}"] += 1
        allowed = self.secure or may_be_plain(self.address)
        self._stream = Stream(self._doors.gate, self, plaintext_allowed=allowed)
        self._doors.connections.add(self)
        if self.secure:
            self._tls = Tls(self._doors.certificates.identity())
        try:
            self._stream.ticket = admission.enter(self.address)
        except StreamFault as fault:
            self._stream.fault(fault)

    def data_received(self, data: bytes) -> None:
        if self._tls is not None:
            data = self._decrypted(self._tls, data)
        stream = self._stream
        if stream is None or not data or not stream.listening:
            return
        stream.received(len(data))
        try:
            self._take(self._reader.feed(data), stream)
        except StreamFault as fault:
            counters["bad input"] += 1
            stream.fault(fault)

    def _decrypted(self, tls: Tls, data: bytes) -> bytes:
        transport, shaking_hands = self._transport, not tls.established
        if transport is None or transport.is_closing():
            return b""
        try:
            plain = tls.receive(data)
        except TlsError:
            counters["TLS failures"] += 1
            transport.write(tls.to_send())
            self._close_transport(transport)
            return b""
        if shaking_hands:
            transport.write(tls.to_send())
            if tls.established:
                self.secure = True
                self.restart(settings.CHATOPS_MAX_STANZA_BYTES_UNAUTHENTICATED)
        if tls.closed:
            self._loop.call_soon(self._close_transport, transport)
        return plain

    def eof_received(self) -> bool:
        return False  # close; a client that says nothing more hears nothing more

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._doors.left(self)
        self.resume_writing()
        if self._stream is not None:
            self._stream.lost()

    # What the reader found

    def _take(self, events: list[Event], stream: Stream) -> None:
        elements: list[Element] = []
        for event in events:
            if isinstance(event, Header):
                self._open(event, stream)
            elif isinstance(event, Footer):
                stream.feed(elements)
                elements = []
                stream.closed_by_client()
            else:
                elements.append(event)
        if elements:
            stream.feed(elements)

    def _open(self, header: Header, stream: Stream) -> None:
        language = header.attributes.get(_LANGUAGE, "")
        if header.tag != f"{{{STREAM}}}stream":
            raise StreamFault("invalid-namespace", "That does not open a stream of XMPP.")
        if header.default_namespace != CLIENT:
            raise StreamFault("invalid-namespace", "Streams here carry jabber:client.")
        identifier = stream.opened(
            to=header.attributes.get("to"),
            version=header.attributes.get("version", "0.9"),
            language=language,
        )
        self._say_header(identifier, header.attributes.get("from"), language)
        self.write(serialise(stream.features()))

    def _say_header(self, identifier: str, to: str | None = None, language: str = "") -> None:
        addressee = f" to={quoteattr(to)}" if to else ""
        self._opened = True
        self.write(
            f"<?xml version='1.0'?><stream:stream from='{settings.CHATOPS_DOMAIN}'{addressee}"
            f" id='{identifier}' version='1.0' xml:lang={quoteattr(language or 'en')}"
            f" xmlns='{CLIENT}' xmlns:stream='{STREAM}'>".encode()
        )

    # stream.Door

    def write(self, data: bytes) -> None:
        """All that is written in one turn of the loop leaves together."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        out, self._out = self._out, []
        transport = self._transport
        if not out or transport is None or transport.is_closing():
            return
        data = b"".join(out)
        try:
            transport.write(data if self._tls is None else self._tls.seal(data))
        except TlsError:  # there is no channel any more that words could take
            counters["TLS failures"] += 1
            transport.abort()
            return
        if transport.get_write_buffer_size() > settings.CHATOPS_SEND_BUFFER_BYTES:
            # It does not read what it is sent; a session that can be resumed waits for it.
            counters["slow readers"] += 1
            transport.abort()

    def close(self, fault: Element | None) -> None:
        if self._tls is not None and not self._tls.established:
            if self._transport is not None:
                self._transport.abort()  # there is nothing yet that could carry words
            return
        if fault is not None and not self._opened:
            self._say_header(self._stream.id if self._stream else "")
        self.write((serialise(fault) if fault is not None else b"") + FOOTER)
        self._loop.call_soon(self._hang_up)

    def _hang_up(self) -> None:
        self._flush()
        if self._transport is not None and not self._transport.is_closing():
            if self._tls is not None:
                self._transport.write(self._tls.farewell())
            self._close_transport(self._transport)

    def _close_transport(self, transport: asyncio.Transport) -> None:
        if not transport.is_closing():
            transport.close()
            self._loop.call_later(LINGER_SECONDS, transport.abort)

    def is_drained(self) -> bool:
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if self._out or transport.get_write_buffer_size():
            return False
        sock = transport.get_extra_info("socket")
        waiting = array.array("i", [0])
        try:
            fcntl.ioctl(sock.fileno(), SIOCOUTQ, waiting)
        except (OSError, AttributeError, ValueError):
            return True  # not to be known on this system
        return waiting[0] == 0

    async def drained(self) -> None:
        self._flush()
        await self._writable.wait()

    def hold_back(self, *, hold: bool) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if hold:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def may_start_tls(self) -> bool:
        return self._tls is None

    async def start_tls(self) -> None:
        """From here on it is TLS; what came in the clear behind the request is forgotten."""
        self.write(PROCEED)
        self._flush()
        self._tls = Tls(self._doors.certificates.identity())

    def bindings(self) -> Mapping[str, bytes]:
        return {} if self._tls is None else self._tls.bindings()

    def trust(self, limit: int) -> None:
        self._reader.limit = limit

    def restart(self, limit: int) -> None:
        self._reader = StreamReader(limit)
        self._opened = False

    # Timers

    def give_back_ticket(self) -> None:
        """The connection counts no more; also one whose handshake failed."""
        if self._stream is not None and self._stream.ticket is not None:
            self._stream.ticket.leave()

    def check(self, now: float) -> None:
        if self._stream is not None and not self._stream.closed:
            check_life(self._stream, now)

    def shut_down(self) -> None:
        if self._stream is not None:
            self._stream.fault(StreamFault("system-shutdown", "The service is stopping."))


def may_be_plain(address: str) -> bool:
    """Whether somebody at that address may authenticate without TLS."""
    if settings.CHATOPS_ALLOW_PLAINTEXT == "loopback":
        try:
            return ipaddress.ip_address(address.partition("%")[0]).is_loopback
        except ValueError:
            return False
    return bool(settings.CHATOPS_ALLOW_PLAINTEXT == "always")


@dataclass
class TcpDoors:
    """The listening sockets, and the timers of all their connections."""

    gate: Gate
    addresses: list[str] = field(default_factory=list)
    connections: set[TcpConnection] = field(default_factory=set)
    certificates: Certificates = field(default_factory=Certificates)
    _servers: list[asyncio.AbstractServer] = field(default_factory=list)
    _timer: asyncio.Task[None] | None = None
    _empty: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Listen where the settings say. Raises OSError, or what `Certificates.identity` does."""
        self.certificates.identity()  # a bad certificate is told now, not to the first client
        loop = asyncio.get_running_loop()
        for scheme, text, secure in (
            ("xmpp", settings.CHATOPS_C2S, False),
            ("xmpps", settings.CHATOPS_C2S_TLS, True),
        ):
            for listener in listen(text):
                make = partial(TcpConnection, self, "tls" if secure else "tcp", secure=secure)
                server = await loop.create_server(make, sock=listener, backlog=BACKLOG)
                self._servers.append(server)
                self.addresses.append(f"{scheme}://{name_of(listener)}")
        self._timer = asyncio.create_task(self._watch())

    async def close(self, patience: float) -> None:
        """Tell everybody, and wait until they are gone or the patience (seconds) is at its end."""
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.shut_down()
        if self.connections:
            self._empty = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._empty], timeout=patience)
        if self._timer is not None:
            self._timer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._timer

    def left(self, connection: TcpConnection) -> None:
        """It is closed; the last one to leave ends the waiting of `close`."""
        self.connections.discard(connection)
        connection.give_back_ticket()
        if not self.connections and self._empty is not None and not self._empty.done():
            self._empty.set_result(None)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(1)
            now = time.monotonic()
            for connection in list(self.connections):
                connection.check(now)
