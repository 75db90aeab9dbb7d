"""Addresses, RFC 7622: slixmpp's compiled and cached JID, under our own name and error."""

from slixmpp.jid import JID, InvalidJID

__all__ = ["JID", "InvalidJID", "parse"]


def parse(text: str | None) -> JID:
    """The normalised JID that `text` spells. Raises InvalidJID, also for nothing at all."""
    if not text:
        raise InvalidJID("There is no address.")
    return JID(text)
