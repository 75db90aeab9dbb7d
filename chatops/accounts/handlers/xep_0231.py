"""Bits of binary, XEP-0231: the image of a registration form, inside the stream."""

import base64
import hashlib

from chatops.core.features import Feature, StrangerRequest
from chatops.xmpp.elements import Element, make
from chatops.xmpp.errors import NotFound

BOB = "urn:xmpp:bob"
DATA = f"{{{BOB}}}data"
_NOTE = "bob"

bob = Feature("XEP-0231", level="partial", note="images of registration forms")


def keep(request: StrangerRequest, content: bytes) -> tuple[str, Element]:
    """Its content id (section 2.1), and the element that brings it along (section 2.3).

    The latest of each stream can be asked for again; it is not to be kept by clients.
    """
    cid = f"sha1+{hashlib.sha1(content).hexdigest()}@bob.xmpp.org"  # noqa: S324 - the format's own
    request.notes[_NOTE] = cid, content
    return cid, _data(cid, content)


@bob.iq_of_strangers("get", DATA)
async def send_data(request: StrangerRequest) -> Element:
    """Section 3: for who did not find it in the form."""
    cid, content = request.notes.get(_NOTE, ("", b""))
    if not cid or request.payload.get("cid") != cid:
        raise NotFound
    return _data(cid, content)


def _data(cid: str, content: bytes) -> Element:
    text = base64.b64encode(content).decode()
    return make(DATA, text, cid=cid, type_="image/png", **{"max-age": "0"})
