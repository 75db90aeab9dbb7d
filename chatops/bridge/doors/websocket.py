"""The WebSocket door, RFC 7395: a plain ASGI callable at ``/xmpp-websocket``."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from django.conf import settings

from chatops.bridge.counters import counters
from chatops.bridge.doors.keepalive import check_life
from chatops.bridge.doors.tcp import may_be_plain
from chatops.bridge.stream.admission import admission
from chatops.bridge.stream.contracts import Gate
from chatops.bridge.stream.stream import Stream
from chatops.core.wire import wire
from chatops.xmpp.elements import Element, local_name, make, serialise, tag_of
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.names import FRAMING
from chatops.xmpp.reader import read_document

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

OPEN, CLOSE = f"{{{FRAMING}}}open", f"{{{FRAMING}}}close"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
CHECK_SECONDS = 5


async def websocket_door(scope: Message, receive: Receive, send: Send) -> None:
    """One connection, from the handshake to its end."""
    await receive()  # websocket.connect
    if "xmpp" not in scope.get("subprotocols", ()):
        await send({"type": "websocket.close", "code": 1002})
        return
    await send({"type": "websocket.accept", "subprotocol": "xmpp"})
    counters["connections websocket"] += 1
    await WebSocketConnection(scope, receive, send).run()


def _unopened(element: Element) -> StreamFault:
    """What is wrong with a first frame that opens no stream (section 3.4)."""
    if local_name(element) in ("open", "stream"):
        return StreamFault("invalid-namespace", "Streams are opened as RFC 7395 has it.")
    return StreamFault("not-authorized", "Open a stream first.")


class WebSocketConnection:
    """A stream.Door over frames, each of which holds one whole element."""

    name = "websocket"
    manageable = True

    def __init__(self, scope: Message, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        self.address = client[0] if client else ""
        self.secure = scope.get("scheme") == "wss"
        self._receive, self._send = receive, send
        allowed = self.secure or may_be_plain(self.address)
        # The bridge is the wire of this process, and the gate of its doors.
        gate = cast(Gate, wire())
        self._stream = Stream(gate, self, plaintext_allowed=allowed)
        self._limit = settings.CHATOPS_MAX_STANZA_BYTES_UNAUTHENTICATED
        self._out: deque[bytes] = deque()
        self._out_bytes = 0
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._opened = False
        self._closing = False

    async def run(self) -> None:
        try:
            self._stream.ticket = admission.enter(self.address)
        except StreamFault as fault:
            self._stream.fault(fault)
        try:
            await self._run()
        finally:
            if self._stream.ticket is not None:
                self._stream.ticket.leave()

    async def _run(self) -> None:
        writer = asyncio.create_task(self._write_frames())
        watcher = asyncio.create_task(self._watch())
        reader = asyncio.create_task(self._read_frames())
        await asyncio.wait([reader, writer], return_when=asyncio.FIRST_COMPLETED)
        if writer.done() and not reader.done():
            # Our close is sent; the client answers with its own, or not.
            await asyncio.wait([reader], timeout=CHECK_SECONDS)
        self._stream.lost()
        self._empty.set()
        for task in (reader, writer, watcher):
            task.cancel()
        await asyncio.gather(reader, writer, watcher, return_exceptions=True)

    async def _read_frames(self) -> None:
        while True:
            await self._may_read.wait()
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return
            if self._stream.listening:
                self._take(message)

    def _take(self, message: Message) -> None:
        stream = self._stream
        text = message.get("text")
        stream.received(len(text or message.get("bytes") or b""))
        try:
            if text is None:
                raise StreamFault("bad-format", "XMPP comes in text frames.")
            data = text.encode()
            if not data.strip():
                return  # tolerated as a sign of life
            element = read_document(data, self._limit)
            tag = tag_of(element)
            if tag == OPEN:
                self._open(element)
            elif tag == CLOSE:
                stream.closed_by_client()
            elif not self._opened:
                raise _unopened(element)
            else:
                stream.feed([element])
        except StreamFault as fault:
            counters["bad input"] += 1
            stream.fault(fault)

    def _open(self, element: Element) -> None:
        if self._opened:
            raise StreamFault("unsupported-stanza-type", "The stream is open already.")
        language = element.get(_LANGUAGE, "")
        identifier = self._stream.opened(
            to=element.get("to"), version=element.get("version", "1.0"), language=language
        )
        self._say_open(identifier, language)
        self.write(serialise(self._stream.features()))

    def _say_open(self, identifier: str, language: str = "") -> None:
        self._opened = True
        answer = make(OPEN, from_=settings.CHATOPS_DOMAIN, id_=identifier, version="1.0")
        answer.set(_LANGUAGE, language or "en")
        self.write(serialise(answer))

    async def _write_frames(self) -> None:
        while True:
            while self._out:
                data = self._out.popleft()
                self._out_bytes -= len(data)
                await self._send({"type": "websocket.send", "text": data.decode()})
            self._empty.set()
            if self._closing:
                await self._send({"type": "websocket.close", "code": 1000})
                return
            self._wake.clear()
            await self._wake.wait()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if not self._stream.closed:
                check_life(self._stream, time.monotonic())

    # stream.Door

    def write(self, data: bytes) -> None:
        if self._closing:
            return
        self._out.append(data)
        self._out_bytes += len(data)
        self._empty.clear()
        self._wake.set()
        if self._out_bytes > settings.CHATOPS_SEND_BUFFER_BYTES:
            counters["slow readers"] += 1
            self._out.clear()
            self._end()
            self._stream.lost()

    def close(self, fault: Element | None) -> None:
        if fault is not None:
            if not self._opened:
                self._say_open(self._stream.id)
            self.write(serialise(fault))
        self.write(serialise(make(CLOSE)))
        self._end()

    def _end(self) -> None:
        self._closing = True
        self._wake.set()

    def is_drained(self) -> bool:
        return not self._out

    async def drained(self) -> None:
        await self._empty.wait()

    def hold_back(self, *, hold: bool) -> None:
        if hold:
            self._may_read.clear()
        else:
            self._may_read.set()

    def may_start_tls(self) -> bool:
        return False  # the transport's own TLS protects a WebSocket

    async def start_tls(self) -> None:
        raise StreamFault("policy-violation", "There is no STARTTLS over WebSocket.")

    def bindings(self) -> Mapping[str, bytes]:
        return {}  # the channel ends where HTTP's TLS does, maybe in a proxy

    def trust(self, limit: int) -> None:
        self._limit = limit

    def restart(self, limit: int) -> None:
        self._limit = limit
        self._opened = False
