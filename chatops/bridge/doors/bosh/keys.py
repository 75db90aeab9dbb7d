"""Protecting insecure sessions by a sequence of keys, XEP-0124 section 15."""

import hashlib
import hmac

from chatops.xmpp.wrapper import Body


class Keys:
    """Each request shows what the one before is the SHA-1 of; its case does not count."""

    def __init__(self, first: str) -> None:
        self._expected = first.lower()

    def fits(self, body: Body) -> bool:
        """Whether the next request, in the order of their numbers, knows its key."""
        if not self._expected:
            return True
        digest = hashlib.sha1(body.key.encode(), usedforsecurity=False).hexdigest()
        if not hmac.compare_digest(digest.encode(), self._expected.encode()):
            return False
        self._expected = (body.new_key or body.key).lower()
        return True
