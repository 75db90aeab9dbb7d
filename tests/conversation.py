"""A client that says exactly what a test writes, and compares what comes with what is expected.

    alice = await person.online("desk")
    await alice.send("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>")
    await alice.expect("<iq type='result' id='1'/>")

A pattern is a part of the truth: the tag, the attributes and the children that it names must be
there, more may be. ``*`` stands for any value, ``-`` for an attribute that must be missing.
"""

import asyncio
import base64
import itertools
import ssl
import xml.etree.ElementTree as ET
from typing import Self

import websockets

from tests.scram import Scram

CLIENT = "jabber:client"
STREAM = "http://etherx.jabber.org/streams"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
PATIENCE = 15.0

_numbers = itertools.count()
Element = ET.Element


class Mismatch(AssertionError):
    """Something else came, or nothing."""


class Ended(Exception):
    """The server has closed the stream or the connection."""


def any_certificate() -> ssl.SSLContext:
    """The tests' service makes its own."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["xmpp-client"])
    return context


class Wire:
    """Where bytes come from and go to: TCP here, WebSocket below, BOSH in `tests.bosh`."""

    framed = False  # each element stands alone, so it says its namespace
    language = ""  # of the stream, where it says one

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._parser = ET.XMLPullParser(("start", "end"))
        self._depth = 0
        self._root: Element | None = None
        self.header: dict[str, str] = {}  # what the service's stream says of itself
        self._ready: list[Element] = []

    @classmethod
    async def connect(cls, host: str, port: int, context: ssl.SSLContext | None = None) -> Self:
        reader, writer = await asyncio.open_connection(host, port, ssl=context)
        return cls(reader, writer)

    @property
    def said_language(self) -> str:
        return f" xml:lang='{self.language}'" if self.language else ""

    async def open(self, domain: str) -> None:
        self._parser = ET.XMLPullParser(("start", "end"))
        self._depth, self._ready = 0, []
        await self.write(
            f"<?xml version='1.0'?><stream:stream to='{domain}' version='1.0'"
            f"{self.said_language} xmlns='{CLIENT}' xmlns:stream='{STREAM}'>"
        )

    async def write(self, text: str | bytes) -> None:
        self._writer.write(text if isinstance(text, bytes) else text.encode())
        await self._writer.drain()

    async def read(self) -> Element:
        while not self._ready:
            self._parser.feed(await self._receive())
            self._collect()
        return self._ready.pop(0)

    async def _receive(self) -> bytes:
        data = await self._reader.read(65_536)
        if not data:
            raise Ended
        return data

    def _collect(self) -> None:
        for event, element in self._parser.read_events():
            if event == "start":
                self._depth += 1
                if self._depth == 1:
                    self._root, self.header = element, dict(element.attrib)
            else:
                self._depth -= 1
                if self._depth == 1:
                    self._ready.append(element)
                    if self._root is not None:
                        self._root.clear()
                elif self._depth == 0:
                    self._ready.append(ET.Element(f"{{{STREAM}}}closed"))

    async def start_tls(self, context: ssl.SSLContext) -> None:
        await self._writer.start_tls(context)

    async def close_stream(self) -> None:
        await self.write("</stream:stream>")

    async def hang_up(self) -> None:
        self._writer.transport.abort()


class FrameWire(Wire):
    """RFC 7395."""

    framed = True

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection

    @classmethod
    async def connect_to(cls, url: str) -> Self:
        subprotocols = [websockets.Subprotocol("xmpp")]
        return cls(await websockets.connect(url, subprotocols=subprotocols, compression=None))

    async def open(self, domain: str) -> None:
        await self.write(
            f"<open xmlns='{FRAMING}' to='{domain}' version='1.0'{self.said_language}/>"
        )
        element = await self.read()
        if element.tag != f"{{{FRAMING}}}open":
            raise Mismatch(shown(element))

    async def write(self, text: str | bytes) -> None:
        await self._connection.send(text)

    async def read(self) -> Element:
        try:
            text = await self._connection.recv()
        except websockets.ConnectionClosed as error:
            raise Ended from error
        element = ET.fromstring(text)
        return ET.Element(f"{{{STREAM}}}closed") if element.tag.endswith("}close") else element

    async def close_stream(self) -> None:
        await self.write(f"<close xmlns='{FRAMING}'/>")

    async def hang_up(self) -> None:
        self._connection.transport.abort()


class Client:
    """One stream. Sends text, expects patterns."""

    def __init__(self, wire: Wire, domain: str) -> None:
        self.wire, self.domain = wire, domain
        self.jid = self.bare = ""
        self.features: Element = ET.Element("features")
        self._framed = wire.framed

    # The stream

    async def open(self) -> None:
        """Open, or open again, the stream, and read its features."""
        await self.wire.open(self.domain)
        self.features = await self.next()
        if self.features.tag != f"{{{STREAM}}}features":
            raise Mismatch(shown(self.features))

    async def start_tls(self) -> None:
        await self.send(f"<starttls xmlns='{TLS}'/>")
        await self.expect(f"<proceed xmlns='{TLS}'/>")
        await self.wire.start_tls(any_certificate())
        await self.open()

    async def authenticate(
        self, user: str, password: str, mechanism: str = "SCRAM-SHA-256"
    ) -> None:
        """Raises Mismatch where the server refuses."""
        if mechanism == "PLAIN":
            await self.sasl("auth", f"\0{user}\0{password}".encode(), mechanism)
            await self.expect(f"<success xmlns='{SASL}'/>")
        else:
            await self._scram(user, password, mechanism)
        await self.open()

    async def sasl(self, step: str, data: bytes, mechanism: str = "") -> None:
        named = f" mechanism='{mechanism}'" if mechanism else ""
        text = base64.b64encode(data).decode()
        await self.send(f"<{step} xmlns='{SASL}'{named}>{text}</{step}>")

    async def _scram(self, user: str, password: str, mechanism: str) -> None:
        scram = Scram(user, password, mechanism)
        await self.sasl("auth", scram.first, mechanism)
        challenge = await self.expect(f"<challenge xmlns='{SASL}'/>")
        await self.sasl("response", scram.final(base64.b64decode(challenge.text or "")))
        success = await self.expect(f"<success xmlns='{SASL}'/>")
        assert base64.b64decode(success.text or "") == scram.proven

    async def bind(self, resource: str = "") -> None:
        wished = f"<resource>{resource}</resource>" if resource else ""
        bound = await self.ask(
            f"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{wished}"
            "</bind></iq>"
        )
        jid = bound.find(".//{*}jid")
        if jid is None or not jid.text:
            raise Mismatch(shown(bound))
        self.jid, self.bare = jid.text, jid.text.partition("/")[0]

    async def close(self) -> None:
        """Close the stream as a client does, and wait for the server's own end."""
        try:
            await self.wire.close_stream()
            while (await self.next()).tag != f"{{{STREAM}}}closed":
                pass
        except (Ended, ConnectionError):
            return
        finally:
            await self.hang_up()

    async def hang_up(self) -> None:
        """Break the connection."""
        await self.wire.hang_up()

    # The conversation

    async def send(self, text: str) -> None:
        if self._framed:  # every frame says its namespace
            name, _, rest = text.partition(" ") if " " in text.split(">")[0] else (text, "", "")
            if not rest:
                cut = min(i for i in (text.find("/"), text.find(">")) if i > 0)
                name, rest = text[:cut], text[cut:]
            if "xmlns=" not in text.split(">")[0]:
                text = f"{name} xmlns='{CLIENT}' {rest}"
        await self.wire.write(text)

    async def next(self) -> Element:
        """The next element, whatever it is. Raises Ended."""
        try:
            return await asyncio.wait_for(self.wire.read(), PATIENCE)
        except TimeoutError:
            raise Mismatch("nothing came") from None

    async def expect(self, pattern: str) -> Element:
        """The next element must fit the pattern."""
        element = await self.next()
        reason = difference(parse(pattern), element)
        if reason:
            raise Mismatch(f"{reason}\nexpected: {pattern}\nbut came: {shown(element)}")
        return element

    async def expect_all(self, *patterns: str) -> list[Element]:
        """The next elements must fit the patterns, in whatever order."""
        waiting = [parse(pattern) for pattern in patterns]
        found: list[Element] = []
        while waiting:
            element = await self.next()
            fitting = next((each for each in waiting if not difference(each, element)), None)
            if fitting is None:
                left = "\n".join(shown(each) for each in waiting)
                raise Mismatch(f"expected one of:\n{left}\nbut came: {shown(element)}")
            waiting.remove(fitting)
            found.append(element)
        return found

    async def wait_for(self, pattern: str) -> Element:
        """Read until something fits the pattern."""
        wanted, passed = parse(pattern), []
        while True:
            try:
                element = await self.next()
            except (Mismatch, Ended) as error:
                came = "\n".join(passed[-8:])
                raise Mismatch(f"{error!r}\nexpected: {pattern}\ncame:\n{came}") from error
            if not difference(wanted, element):
                return element
            passed.append(shown(element))

    async def ask(self, request: str) -> Element:
        """Send an IQ and return its answer, result or error; what comes before is dropped."""
        identifier = ET.fromstring(request).get("id")
        await self.send(request)
        return await self.wait_for(f"<iq id='{identifier}'/>")

    async def nothing_else(self) -> None:
        """A round trip to the server proves that nothing was waiting."""
        identifier = f"ping-{next(_numbers)}"
        await self.send(
            f"<iq type='get' id='{identifier}' to='{self.domain}'>"
            "<ping xmlns='urn:xmpp:ping'/></iq>"
        )
        await self.expect(f"<iq type='result' id='{identifier}'/>")

    async def ended(self, condition: str = "") -> None:
        """The stream must end now, with that stream error if one is named."""
        if condition:
            await self.wait_for(
                f"<stream:error xmlns:stream='{STREAM}'>"
                f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
            )
        try:
            while True:
                await self.next()
        except (Ended, ConnectionError):
            return

    async def nothing_more(self) -> None:
        """Read away what came before this moment."""
        await self.ask(
            f"<iq type='get' id='more-{next(_numbers)}' to='{self.domain}'>"
            "<ping xmlns='urn:xmpp:ping'/></iq>"
        )

    async def appear(self, priority: int | None = None) -> None:
        """Send initial presence and read everything that answers it."""
        inner = f"<priority>{priority}</priority>" if priority is not None else ""
        await self.send(f"<presence>{inner}</presence>")
        await self.wait_for(f"<presence from='{self.jid}' type='-'/>")
        await self.ask(
            f"<iq type='get' id='there' to='{self.domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
        )


def parse(pattern: str) -> Element:
    return ET.fromstring(f"<x xmlns='{CLIENT}' xmlns:stream='{STREAM}'>{pattern}</x>")[0]


def difference(pattern: Element, element: Element) -> str:
    """Why the element does not fit the pattern; '' if it does."""
    if pattern.tag != element.tag:
        return f"{element.tag} instead of {pattern.tag}"
    for name, value in pattern.attrib.items():
        have = element.get(name)
        if value == "-":
            if have is not None:
                return f"{name} should be missing"
        elif have is None or value not in ("*", have):
            return f"{name} is {have!r} instead of {value!r}"
    text = (pattern.text or "").strip()
    if text and text not in ("*", (element.text or "").strip()):
        return f"the text of {pattern.tag} is {element.text!r}"
    for child in pattern:
        reasons = [difference(child, each) for each in element]
        if not any(not reason for reason in reasons):
            return f"no fitting {child.tag}: {reasons}"
    return ""


def shown(element: Element) -> str:
    return ET.tostring(element, encoding="unicode")
