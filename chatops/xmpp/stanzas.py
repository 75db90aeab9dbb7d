"""Replies, and packed stanzas whose addresses can be changed without serialising again."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from xml.sax.saxutils import escape

from chatops.xmpp.elements import Element, serialise, stanza
from chatops.xmpp.names import STANZA_ID

_SID = STANZA_ID.encode()
_QUOTE = {'"': "&quot;"}
_ADDRESSES = re.compile(rb' (?:to|from)="[^"]*"')


def result(request: Element, payload: Element | None = None) -> Element:
    """The successful answer to an IQ request."""
    reply = stanza(
        "iq", type_="result", id_=request.get("id"), from_=request.get("to"), to=request.get("from")
    )
    if payload is not None:
        reply.append(payload)
    return reply


@lru_cache(maxsize=4096)
def attribute(name: str, value: str) -> bytes:
    """`` name="value"``, escaped, with the space before it."""
    return f' {name}="{escape(value, _QUOTE)}"'.encode() if value else b""


def stanza_id(by: str, number: int) -> bytes:
    """The id that `by` has given a stanza (XEP-0359), serialised."""
    return b'<stanza-id xmlns="%b"%b id="%d"/>' % (_SID, attribute("by", by), number)


@dataclass(frozen=True, slots=True)
class Packed:
    """A serialised stanza, open at its addresses: serialise once, send to thousands.

    `head` is the start tag up to its ``>`` or ``/>``, without to and from; `tail` is the rest.
    """

    head: bytes
    tail: bytes

    @classmethod
    def pack(cls, element: Element) -> Self:
        return cls.from_bytes(serialise(element))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """`data` is what `serialise` wrote: no > in attributes, so the first ends the tag."""
        end = data.index(b">")
        if data[end - 1] == 47:  # an empty element ends in />
            end -= 1
        return cls(_ADDRESSES.sub(b"", data[:end]), data[end:])

    @classmethod
    def whole(cls, data: bytes) -> Self:
        """With its addresses, where only something is to be added."""
        end = data.index(b">")
        if data[end - 1] == 47:
            end -= 1
        return cls(data[:end], data[end:])

    def addressed(self, *, to: str, sender: str) -> bytes:
        """The whole stanza, from `sender` to `to`."""
        return b"".join((self.head, attribute("from", sender), attribute("to", to), self.tail))

    def with_child(self, child: bytes) -> "Packed":
        """The same stanza with one more serialised child at its end."""
        if self.tail == b"/>":
            name = self.head[1:].split(b" ", 1)[0]
            return Packed(self.head, b">" + child + b"</" + name + b">")
        cut = self.tail.rindex(b"</")
        return Packed(self.head, self.tail[:cut] + child + self.tail[cut:])
