"""XML from the network, RFC 6120 section 11: streams over TCP, and single documents (RFC 7395).

expat finds where each stanza begins and ends, and refuses what XMPP forbids; the stanza's own bytes
then become an lxml element. lxml alone would let undefined entities and unbound prefixes pass.
"""

import re
from dataclasses import dataclass
from typing import Any, NoReturn
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from lxml import etree

from chatops.xmpp.elements import Element, parse
from chatops.xmpp.errors import StanzaTooBig, StreamFault
from chatops.xmpp.vocabulary import VOCABULARY, Vocabulary

DEEPEST = 128
LONGEST_HEADER = 8_192

_NAME = re.compile(rb"<[^\s/>]+")
_TAG = re.compile(rb"""<(?:[^>'"]|'[^']*'|"[^"]*")*>""")
_ENTITY = {expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]}
_PREFIX = {
    expat.errors.codes[name]
    for name in (
        expat.errors.XML_ERROR_UNBOUND_PREFIX,
        expat.errors.XML_ERROR_UNDECLARING_PREFIX,
        expat.errors.XML_ERROR_RESERVED_PREFIX_XML,
        expat.errors.XML_ERROR_RESERVED_PREFIX_XMLNS,
        expat.errors.XML_ERROR_RESERVED_NAMESPACE_URI,
    )
    if name in expat.errors.codes
}


@dataclass(frozen=True, slots=True)
class Header:
    """The start tag of a stream: ``{namespace}tag``, its attributes, its default namespace."""

    tag: str
    attributes: dict[str, str]
    default_namespace: str


@dataclass(frozen=True, slots=True)
class Footer:
    """The end tag of the stream."""


Event = Header | Element | Footer


class _Strict:
    """An expat parser that refuses what XMPP forbids."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.depth = 0
        self.parser = parser = expat.ParserCreate("utf-8", " ")
        parser.ordered_attributes = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.StartNamespaceDeclHandler = self.declare
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = _refuse
        parser.CommentHandler = _refuse
        parser.ProcessingInstructionHandler = _refuse
        if hasattr(parser, "SetReparseDeferralEnabled"):
            # A stanza is complete when its end tag is.
            parser.SetReparseDeferralEnabled(False)  # noqa: FBT003

    def parse(self, data: bytes, *, final: bool = False) -> None:
        try:
            self.parser.Parse(data, final)
        except expat.ExpatError as error:
            raise _fault(error) from error

    def start(self, name: str, attributes: list[str]) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise StreamFault("policy-violation", "The XML is nested too deeply.")
        known = self.vocabulary.known
        if name not in known:
            self.vocabulary.learn(name)
        for attribute in attributes[::2]:
            if attribute not in known:
                self.vocabulary.learn(attribute)

    def end(self, name: str) -> None:
        self.depth -= 1

    def declare(self, prefix: str | None, uri: str | None) -> None:
        for name in (prefix, uri):
            if name and name not in self.vocabulary.known:
                self.vocabulary.learn(name)

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "utf8"):
            raise StreamFault("unsupported-encoding", "Streams are in UTF-8.")


class StreamReader(_Strict):
    """Reads one stream: `feed` it bytes as they come, get what is complete.

    `limit` is the largest stanza in bytes; it may be changed at any time.
    """

    def __init__(self, limit: int, vocabulary: Vocabulary = VOCABULARY) -> None:
        super().__init__(vocabulary)
        self.limit = limit
        self._buffer = b""
        self._base = 0  # where the buffer begins, counted from the beginning of the stream
        self._begin = 0  # of the stanza that is being read
        self._end = 0  # of the last complete one
        self._has_children = False
        self._own: set[str | None] = set()  # prefixes that the stanza's start tag declares
        self._prefixes: dict[str, str] = {}  # declared by the stream's start tag
        self._default = ""
        self._events: list[Event] = []

    def feed(self, data: bytes) -> list[Event]:
        """What the bytes have completed. Raises StreamFault."""
        self._buffer += data
        events: list[Event] = []
        self._events = events
        self.parse(data)
        self._trim()
        return events

    def declare(self, prefix: str | None, uri: str | None) -> None:
        super().declare(prefix, uri)
        if self.depth == 0:
            if prefix is None:
                self._default = uri or ""
            else:
                self._prefixes[prefix] = uri or ""
        elif self.depth == 1:
            self._own.add(prefix)

    def start(self, name: str, attributes: list[str]) -> None:
        if self.depth == 1:
            self._begin, self._has_children = self.parser.CurrentByteIndex, False
        elif self.depth == 0:
            self._open(name, attributes)
        else:
            self._has_children = True
        super().start(name, attributes)

    def end(self, name: str) -> None:
        super().end(name)
        if self.depth == 1:
            self._complete()
        elif self.depth == 0:
            self._events.append(Footer())

    def _open(self, name: str, attributes: list[str]) -> None:
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        header = {_clark(key): value for key, value in pairs}
        self._events.append(Header(_clark(name), header, self._default))
        self._end = self._after_tag(self.parser.CurrentByteIndex)

    def _complete(self) -> None:
        end = 0 if self._has_children else self._after_tag(self._begin)
        if not end or self._buffer[end - self._base - 2 : end - self._base] != b"/>":
            index: int = self.parser.CurrentByteIndex
            end = self._base + self._buffer.index(b">", index - self._base) + 1
        between = self._buffer[self._end - self._base : self._begin - self._base]
        data = self._buffer[self._begin - self._base : end - self._base]
        self._end = end
        if between.strip():
            raise _text_between()
        if len(data) > self.limit:
            raise self._too_big()
        self._events.append(_element(self._with_namespaces(data)))
        self._own.clear()

    def _after_tag(self, index: int) -> int:
        match = _TAG.match(self._buffer, index - self._base)
        if match is None:  # expat has seen its end, so it is there
            raise StreamFault("not-well-formed")
        return self._base + match.end()

    def _with_namespaces(self, data: bytes) -> bytes:
        """What the stream's start tag declared for the stanza, said by the stanza itself."""
        said = b"" if None in self._own else b" xmlns=" + quoteattr(self._default).encode()
        for prefix, uri in self._prefixes.items():
            if prefix not in self._own and prefix.encode() + b":" in data:
                said += f" xmlns:{prefix}={quoteattr(uri)}".encode()
        if not said:
            return data
        match = _NAME.match(data)
        cut = match.end() if match else 0
        return data[:cut] + said + data[cut:]

    def _trim(self) -> None:
        """Drop what has been read; keep the bytes of what is not complete."""
        rest = self._buffer[self._end - self._base :]
        if self.depth == 0 and not self._events and len(self._buffer) > LONGEST_HEADER:
            raise StreamFault("policy-violation", "The stream's start tag is too long.")
        if self.depth <= 1 and not rest.strip():
            self._base += len(self._buffer)
            self._end, self._buffer = self._base, b""
            return
        if len(rest) > self.limit:
            raise self._too_big()
        if self.depth == 1 and not rest.lstrip().startswith(b"<"):
            raise _text_between()
        self._base, self._buffer = self._end, rest

    def _too_big(self) -> StreamFault:
        return StanzaTooBig(self.limit)


def read_document(data: bytes, limit: int, vocabulary: Vocabulary = VOCABULARY) -> Element:
    """One whole element, as a WebSocket frame holds it (RFC 7395 section 3.3.3)."""
    if len(data) > limit:
        raise StanzaTooBig(limit)
    if not data.startswith(b"<"):
        raise StreamFault("bad-format", "A frame begins with a start tag.")
    _Strict(vocabulary).parse(data, final=True)
    return _element(data)


def _element(data: bytes) -> Element:
    """What expat has passed, as lxml's; should lxml be stricter somewhere, that is the client's."""
    try:
        return parse(data)
    except etree.XMLSyntaxError as error:
        raise StreamFault("not-well-formed", "This is not well-formed XML.") from error


def _text_between() -> StreamFault:
    return StreamFault("bad-format", "There is text between the stanzas.")


def _clark(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    return f"{{{namespace}}}{local}" if namespace else local


def _refuse(*_: Any) -> NoReturn:
    """Comments, processing instructions, DTDs: RFC 6120 section 11.1."""
    raise StreamFault("restricted-xml", "That kind of XML is not allowed in a stream.")


def _fault(error: expat.ExpatError) -> StreamFault:
    if error.code in _ENTITY:
        return StreamFault("restricted-xml", "Entities are not allowed in a stream.")
    if error.code in _PREFIX:
        return StreamFault("bad-namespace-prefix", "A prefix has no namespace.")
    return StreamFault("not-well-formed", "This is not well-formed XML.")
