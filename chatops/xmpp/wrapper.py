"""The ``<body/>`` around what goes over HTTP: XEP-0124 section 6, with XEP-0206's attributes."""

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from chatops.xmpp.elements import Element
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.names import CLIENT, HTTP_BIND, STREAM, XBOSH, XML
from chatops.xmpp.reader import Footer, Header, StreamReader

LARGEST_RID = 9_007_199_254_740_991  # XEP-0124 section 14.1: what a script can count exactly
LARGEST_NUMBER = 1_000_000  # of seconds, of requests: more is cut anyway
BODY = f"{{{HTTP_BIND}}}body"


class BadBody(Exception):
    """What came cannot be taken as a wrapper; `sid` says whose it claims to be.

    `fault` is what a stream of the same content would have ended with, where it is about that.
    """

    def __init__(self, text: str, sid: str = "", fault: StreamFault | None = None) -> None:
        super().__init__(text)
        self.sid, self.fault = sid, fault


@dataclass(frozen=True, slots=True)
class Body:
    """One request's wrapper, read. What is not said is None or ''."""

    rid: int
    size: int  # bytes
    payloads: tuple[Element, ...] = ()
    sid: str = ""
    stream: str = ""
    terminates: bool = False
    pause: int | None = None
    ack: int | None = None
    key: str = ""
    new_key: str = ""
    # A session's first request (section 7.1), and one that restarts its stream (XEP-0206)
    to: str | None = None
    language: str = ""
    wait: int | None = None
    hold: int | None = None
    ver: str = ""
    content: str = ""
    version: str = "1.0"
    restarts: bool = False

    @property
    def is_last(self) -> bool:
        """Whether it may come though as many as allowed are under way (section 11)."""
        return self.terminates or self.pause is not None

    @property
    def empty(self) -> bool:
        """Whether it only asks for what is there."""
        return not (self.payloads or self.restarts or self.is_last)


class _BodyReader(StreamReader):
    """Reads a whole wrapper as if it were a stream, whose stanzas its payloads are."""

    header: Header | None = None

    def _open(self, name: str, attributes: list[str]) -> None:
        super()._open(name, attributes)
        header = self._events[0]
        self.header = header if isinstance(header, Header) else None
        if self._default == HTTP_BIND:
            # COMPAT: old clients name no namespace in their stanzas (XEP-0206 section 2).
            self._default = CLIENT

    def end(self, name: str) -> None:
        if self.depth == 1:
            last = self._buffer[self._end - self._base : self.parser.CurrentByteIndex - self._base]
            if last.strip():
                raise StreamFault("bad-format", "There is text in the wrapper.")
        super().end(name)


def read_body(data: bytes, most: int) -> Body:
    """The wrapper in these bytes, no stanza of which has more than `most`. Raises BadBody."""
    reader = _BodyReader(most)
    try:
        events = reader.feed(data)
    except StreamFault as fault:
        sid = reader.header.attributes.get("sid", "") if reader.header is not None else ""
        raise BadBody(fault.text, sid, fault) from fault
    header = reader.header
    if header is None or header.tag != BODY or not isinstance(events[-1], Footer):
        raise BadBody("That is no complete body element.")
    payloads = tuple(each for each in events if not isinstance(each, Header | Footer))
    said = header.attributes
    try:
        rid = _number(said.get("rid"), LARGEST_RID)
        if not rid:
            raise BadBody("A request has a number.")
        return Body(
            rid=rid,
            size=len(data),
            payloads=payloads,
            sid=said.get("sid", ""),
            stream=said.get("stream", ""),
            terminates=said.get("type") == "terminate",
            pause=_number(said.get("pause")),
            ack=_number(said.get("ack"), LARGEST_RID),
            key=said.get("key", ""),
            new_key=said.get("newkey", ""),
            to=said.get("to"),
            language=said.get(f"{{{XML}}}lang", ""),
            wait=_number(said.get("wait")),
            hold=_number(said.get("hold")),
            ver=said.get("ver", ""),
            content=said.get("content", ""),
            version=said.get(f"{{{XBOSH}}}version", "1.0"),
            restarts=said.get(f"{{{XBOSH}}}restart", "") in ("true", "1"),
        )
    except BadBody as bad:
        bad.sid = said.get("sid", "")
        raise


def _number(text: str | None, largest: int = LARGEST_NUMBER) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 20 or int(text) > largest:
        raise BadBody("That is not a number that can be used here.")
    return int(text)


def write_body(payload: bytes = b"", /, **attributes: str | int | None) -> bytes:
    """A wrapper to answer with; in attributes' names ``xmpp_`` stands for XEP-0206's prefix."""
    said = [f"<body xmlns='{HTTP_BIND}'"]
    if any(name.startswith("xmpp_") for name in attributes):
        said.append(f"xmlns:xmpp='{XBOSH}'")
    if b"<stream:" in payload:
        said.append(f"xmlns:stream='{STREAM}'")
    said += [
        f"{name.rstrip('_').replace('xmpp_', 'xmpp:')}={quoteattr(str(value))}"
        for name, value in attributes.items()
        if value is not None
    ]
    start = " ".join(said).encode()
    return start + b">" + payload + b"</body>" if payload else start + b"/>"


def terminated(condition: str | None = None, payload: bytes = b"") -> bytes:
    """The wrapper that ends a session (sections 13 and 17.2)."""
    return write_body(payload, type="terminate", condition=condition)
