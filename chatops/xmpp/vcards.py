"""vCards in the form of XEP-0054: read from a client, kept without the photo, put together again.

What a client wrote comes back as it was, also elements that nobody here knows. What vCard4 has and
vcard-temp has not (`chatops.xmpp.vcard4`) is kept beside it, in its own namespace.
"""

import base64
import binascii
import hashlib
from dataclasses import asdict, dataclass, field
from typing import Final

from chatops.xmpp.elements import Element, add, make, namespace_of, parse, serialise
from chatops.xmpp.errors import BadRequest
from chatops.xmpp.names import VCARD
from chatops.xmpp.text import fit_for_xml

EMPTY: Final = f"<vCard xmlns='{VCARD}'/>"


def tag(name: str) -> str:
    """The name of an element of vcard-temp."""
    return f"{{{VCARD}}}{name}"


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture as it came, of whatever type it says that it is."""

    type: str
    data: bytes = field(repr=False)

    @property
    def hash(self) -> str:
        """As presence announces it (XEP-0153 section 3.1)."""
        return hashlib.sha1(self.data, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Details:
    """What the pages show of a vCard and let people change."""

    name: str = ""
    nickname: str = ""
    email: str = ""
    phone: str = ""
    organisation: str = ""
    title: str = ""
    note: str = ""


PATHS: Final = {
    "name": ("FN",),
    "nickname": ("NICKNAME",),
    "email": ("EMAIL", "USERID"),
    "phone": ("TEL", "NUMBER"),
    "organisation": ("ORG", "ORGNAME"),
    "title": ("TITLE",),
    "note": ("DESC",),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A vCard: the document without the photo, and the photo."""

    document: str = EMPTY
    photo: Photo | None = None

    @classmethod
    def read(cls, element: Element) -> "Card":
        """From ``<vCard xmlns='vcard-temp'/>``. Raises BadRequest for a photo that is no base64."""
        own = parse(serialise(element))
        photo = None
        for found in own.findall(tag("PHOTO")):
            binary = found.find(tag("BINVAL"))
            if binary is None:
                continue
            own.remove(found)
            data = decoded(binary.text or "")
            if data and photo is None:
                photo = Photo((found.findtext(tag("TYPE")) or "").strip()[:100], data)
        return cls(serialise(own).decode(), photo)

    def element(self) -> Element:
        """For a client that asks in vcard-temp."""
        whole = parse(self.document)
        for each in list(whole):
            if namespace_of(each) != VCARD:
                whole.remove(each)
        if self.photo is not None:
            photo = add(whole, tag("PHOTO"))
            if self.photo.type:
                add(photo, tag("TYPE"), self.photo.type)
            add(photo, tag("BINVAL"), base64.b64encode(self.photo.data).decode())
        return whole

    @property
    def size(self) -> int:
        """In bytes, as it is kept."""
        return len(self.document.encode()) + (len(self.photo.data) if self.photo else 0)

    @property
    def details(self) -> Details:
        """The first of each kind that says something."""
        whole = parse(self.document)
        return Details(**{name: _first(whole, path) for name, path in PATHS.items()})

    def with_details(self, details: Details) -> "Card":
        """The same card with these; what they do not name, and further numbers, stay."""
        whole, before = parse(self.document), asdict(self.details)
        for name, value in asdict(details).items():
            if (fit := fit_for_xml(value).strip()) != before[name]:
                _set_first(whole, PATHS[name], fit)
        return Card(serialise(whole).decode(), self.photo)


def decoded(text: str) -> bytes:
    """Base64, with whatever line breaks. Raises BadRequest."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("The picture is not base64.") from error


def of_service(name: str, *, url: str = "", note: str = "", jid: str = "") -> Element:
    """The vCard of what is no person: the service, a room (XEP-0054 section 3.3)."""
    card = make(tag("vCard"))
    for each, value in (("FN", name), ("URL", url), ("JABBERID", jid), ("DESC", note)):
        if value:
            add(card, tag(each), fit_for_xml(value))
    return card


def _first(whole: Element, path: tuple[str, ...]) -> str:
    texts = (each.text for each in whole.findall("/".join(tag(name) for name in path)))
    return next((text.strip() for text in texts if text and text.strip()), "")


def _set_first(whole: Element, path: tuple[str, ...], value: str) -> None:
    """Change the first one that says something; take it away where there is nothing to say."""
    outer, *inner = path
    shown = [
        each
        for each in whole.findall(tag(outer))
        if (_first(each, tuple(inner)) if inner else (each.text or "").strip())
    ]
    if not value:
        if shown:
            whole.remove(shown[0])
        return
    target = shown[0] if shown else add(whole, tag(outer))
    for name in inner:
        found = target.find(tag(name))
        target = found if found is not None else add(target, tag(name))
    target.text = value
