"""BOSH as a client speaks it: HTTP by hand, one request that waits, a second one to talk."""

import asyncio
import itertools
import re
import secrets
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Awaitable
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from tests.conversation import STREAM, Element, Ended, Mismatch, Wire, shown

HTTP_BIND = "http://jabber.org/protocol/httpbind"
XBOSH = "urn:xmpp:xbosh"
BODY = f"{{{HTTP_BIND}}}body"
_PREFIX = re.compile("(?<=^xmpp)_|(?<=^xml)_")


@dataclass
class Response:
    """What HTTP brought."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Element:
        element = ET.fromstring(self.content)
        if element.tag != BODY:
            raise Mismatch(shown(element))
        return element


class Http:
    """Requests to one address over connections that are kept, as a browser has them."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        self._address, self._context = (host, port), context
        self.headers: dict[str, str] = {}
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._all: list[asyncio.StreamWriter] = []

    async def ask(
        self, method: str, path: str, content: str | bytes = b"", **headers: str
    ) -> Response:
        data = content.encode() if isinstance(content, str) else content
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection(*self._address, ssl=self._context)
            self._all.append(writer)
        said = {"Host": "localhost", "Content-Length": str(len(data))} | self.headers
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + data)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        got = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        answer = await reader.readexactly(int(got.get("content-length", "0")))
        self._idle.append((reader, writer))
        return Response(int(head[0].split()[1]), got, answer)

    async def hang_up(self) -> None:
        for writer in self._all:
            writer.transport.abort()
        closing = (writer.wait_closed() for writer in self._all)
        await asyncio.gather(*closing, return_exceptions=True)


def body(payload: str = "", **attributes: object) -> str:
    """A wrapper as a client writes it; ``xmpp_`` and ``xml_`` stand for prefixes."""
    said = "".join(
        f" {_PREFIX.sub(':', name.rstrip('_'))}={quoteattr(str(value))}"
        for name, value in attributes.items()
    )
    return f"<body xmlns='{HTTP_BIND}' xmlns:xmpp='{XBOSH}'{said}>{payload}</body>"


class BoshWire(Wire):
    """XEP-0124 with one request that is held, as most clients use it."""

    framed = True

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        self.http = Http(host, port, context)
        self.sid = ""
        self.rid = 1 + secrets.randbelow(2**50)
        self.session: dict[str, str] = {}
        self._requests = 1
        self._written: list[str] = []
        self._tasks: set[asyncio.Task[None] | None] = set()
        self._answered: dict[int, Element] = {}
        self._next = itertools.count(self.rid)
        self._due = next(self._next)
        self._ready: asyncio.Queue[Element | Exception] = asyncio.Queue()
        self._over = False

    def post(
        self, payload: str = "", *, rid: int | None = None, **attributes: object
    ) -> Awaitable[Response]:
        """One request by itself, numbered now."""
        rid = self.rid if rid is None else rid
        self.rid = max(self.rid, rid + 1) if self.sid else rid + 1
        said = {"sid": self.sid} if self.sid else {}
        content = body(payload, rid=rid, **(said | attributes))
        return self.http.ask("POST", "/http-bind", content, Content_Type="text/xml")

    async def open(self, domain: str) -> None:
        said = {"xml_lang": self.language} if self.language else {}
        if self.sid:
            self._send(to=domain, xmpp_restart="true", **said)
            return
        self._send(to=domain, ver="1.6", wait=60, hold=1, xmpp_version="1.0", **said)

    def _send(self, payload: str = "", **attributes: object) -> None:
        rid = self.rid
        asking = self._exchange(rid, self.post(payload, **attributes))
        self._tasks.add(asyncio.create_task(asking))

    async def _exchange(self, rid: int, request: Awaitable[Response]) -> None:
        try:
            self._answered[rid] = (await request).body
        except (OSError, asyncio.IncompleteReadError) as error:
            self._ready.put_nowait(Ended(repr(error)))
            return
        finally:
            self._tasks.discard(asyncio.current_task())
        while (answer := self._answered.pop(self._due, None)) is not None:
            self._due = next(self._next)
            self._take(answer)
        self._go_on()

    def _take(self, answer: Element) -> None:
        if answer.get("sid"):
            self.sid = str(answer.get("sid"))
            self.session = dict(answer.attrib)
            self._requests = int(answer.get("requests", "1"))
        for element in answer:
            self._ready.put_nowait(element)
        if answer.get("type") == "terminate":
            self._over = True
            self._ready.put_nowait(ET.Element(f"{{{STREAM}}}closed"))
            self._ready.put_nowait(Ended(answer.get("condition", "")))

    def _go_on(self) -> None:
        """Send what was written; ask for what comes where nothing else does."""
        if self._over or not self.sid or len(self._tasks) >= self._requests:
            return
        if self._written or not self._tasks:
            written, self._written = self._written, []
            self._send("".join(written))

    async def write(self, text: str | bytes) -> None:
        if self._over:
            raise ConnectionResetError
        self._written.append(text if isinstance(text, str) else text.decode())
        # A client that has just had an answer has asked for more before it says something.
        await asyncio.sleep(0)
        self._go_on()

    async def read(self) -> Element:
        element = await self._ready.get()
        if isinstance(element, Exception):
            self._ready.put_nowait(element)
            raise element
        return element

    async def close_stream(self) -> None:
        written, self._written = self._written, []
        self._send("".join(written), type="terminate")

    async def hang_up(self) -> None:
        self._over = True
        tasks = [task for task in self._tasks if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.http.hang_up()
