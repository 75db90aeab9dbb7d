"""Data forms media element, XEP-0221: a picture beside the field that asks about it."""

from collections.abc import Iterable

from chatops.core.features import Feature
from chatops.xmpp.elements import Element, add, make

MEDIA = "urn:xmpp:media-element"

forms_media = Feature("XEP-0221", level="partial", note="images of registration forms")


def media(uris: Iterable[str], type_: str, *, width: int, height: int) -> Element:
    """The same content at several addresses (section 2)."""
    element = make(f"{{{MEDIA}}}media", width=str(width), height=str(height))
    for uri in uris:
        add(element, f"{{{MEDIA}}}uri", uri, type_=type_)
    return element
