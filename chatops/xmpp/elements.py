"""XML elements as the service handles them: lxml's, with a few verbs for building and reading.

Stanzas stand in ``jabber:client`` whichever door they came through, so one serialisation serves
every door.
"""

import xml.etree.ElementTree as stdlib
from typing import Protocol, TypeAlias, TypeVar, cast

from lxml import etree

from chatops.xmpp.names import CLIENT

Element: TypeAlias = etree._Element

_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=True,
    collect_ids=False,
    remove_comments=True,
    remove_pis=True,
)


class SlixmppStanza(Protocol):
    """What we use of slixmpp's stanza classes."""

    xml: stdlib.Element


S = TypeVar("S")


def parse(data: bytes | str) -> Element:
    """One element from trusted text: our own, or what the stream reader has passed."""
    return etree.fromstring(data, _PARSER)


def serialise(element: Element) -> bytes:
    """The element as UTF-8 bytes without its tail."""
    return etree.tostring(element, encoding="utf-8", with_tail=False)


def make(name: str, text: str | None = None, /, **attributes: str | None) -> Element:
    """A new element named ``{namespace}tag``; its namespace is the default one.

    Attributes that are None are left out; a trailing underscore is cut (``from_``, ``type_``).
    """
    namespace = name[1:].partition("}")[0] if name[0] == "{" else None
    element = etree.Element(name, nsmap={None: namespace} if namespace else None)
    return _filled(element, text, attributes)


def add(
    parent: Element, name: str, text: str | None = None, /, **attributes: str | None
) -> Element:
    """A new last child of `parent`; otherwise as `make`."""
    namespace = name[1:].partition("}")[0] if name[0] == "{" else None
    element = etree.SubElement(parent, name, nsmap={None: namespace} if namespace else None)
    return _filled(element, text, attributes)


def _filled(element: Element, text: str | None, attributes: dict[str, str | None]) -> Element:
    if text is not None:
        element.text = text
    for key, value in attributes.items():
        if value is not None:
            element.set(key.rstrip("_"), value)
    return element


def stanza(kind: str, /, **attributes: str | None) -> Element:
    """An empty message, presence or iq."""
    return make(f"{{{CLIENT}}}{kind}", **attributes)


def child(element: Element, name: str) -> Element | None:
    """The first child called ``{namespace}tag``."""
    return element.find(name)


def text_of(element: Element, tag: str, namespace: str = CLIENT) -> str | None:
    """The text of the first child with that tag; '' where it is empty, None where there is none."""
    found = element.find(f"{{{namespace}}}{tag}")
    return None if found is None else (found.text or "")


def tag_of(element: Element) -> str:
    """The tag as ``{namespace}tag``."""
    return cast(str, element.tag)


def local_name(element: Element) -> str:
    """The tag without its namespace."""
    return tag_of(element).rpartition("}")[2]


def namespace_of(element: Element) -> str:
    """The namespace of the tag, '' for none."""
    tag = tag_of(element)
    return tag[1:].partition("}")[0] if tag[0] == "{" else ""


def from_slixmpp(source: SlixmppStanza) -> Element:
    """What one of slixmpp's stanza objects has built, as our element."""
    return parse(stdlib.tostring(source.xml))


def as_element(payload: Element | SlixmppStanza | None) -> Element | None:
    """A handler's payload as our element, whichever kind it made."""
    if payload is None or isinstance(payload, Element):
        return payload
    return from_slixmpp(payload)


def to_slixmpp(element: Element, stanza_class: type[S]) -> S:
    """One of slixmpp's stanza objects over a copy of the element, to read it by its names."""
    return stanza_class(xml=stdlib.fromstring(serialise(element)))  # type: ignore[call-arg]  # noqa: S314
