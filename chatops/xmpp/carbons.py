"""Copies of messages for the other devices of who sent or received them, XEP-0280."""

from chatops.xmpp.elements import add, stanza
from chatops.xmpp.names import CARBONS, FORWARD
from chatops.xmpp.stanzas import Packed, attribute


def carbon(direction: str, data: bytes, account: str, device: str) -> bytes:
    """A forwarded copy for another device of an account (XEP-0280, XEP-0297).

    `direction` is "received" or "sent"; `data` the message as it was delivered.
    """
    head, before, after = _CARBONS[direction]
    addresses = attribute("from", account) + attribute("to", device)
    return b"".join((head, addresses, before, data, after))


def _carbon_template(direction: str) -> tuple[bytes, bytes, bytes]:
    mark = "copy"
    wrapper = stanza("message", type_="chat")
    copy = add(wrapper, f"{{{CARBONS}}}{direction}")
    add(copy, f"{{{FORWARD}}}forwarded", mark)
    packed = Packed.pack(wrapper)
    before, _, after = packed.tail.partition(f">{mark}<".encode())
    return packed.head, before + b">", b"<" + after


_CARBONS = {direction: _carbon_template(direction) for direction in ("received", "sent")}
