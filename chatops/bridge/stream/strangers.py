"""What a stream answers before anybody has logged in on it: features that say so, XEP-0077's."""

import logging
from collections.abc import Awaitable
from typing import Any, Protocol

from django.conf import settings

from chatops.core.features import PATIENCE, StrangerRequest, registry
from chatops.xmpp.elements import Element, as_element, tag_of
from chatops.xmpp.errors import (
    BadRequest,
    InternalError,
    Refused,
    StreamFault,
    answerable,
    error_reply,
)
from chatops.xmpp.names import CLIENT
from chatops.xmpp.stanzas import result

logger = logging.getLogger(__name__)


class Opened(Protocol):
    """The stream."""

    address: str

    @property
    def secure(self) -> bool: ...
    def answer(self, element: Element) -> None: ...


class Strangers:
    """The requests of one stream that precede its login."""

    def __init__(self, stream: Opened) -> None:
        self._stream = stream
        self._notes: dict[str, Any] = {}

    @property
    def patience(self) -> int:
        """So many seconds after its beginning somebody must have logged in."""
        return int(self._notes.get(PATIENCE, settings.CHATOPS_AUTH_TIMEOUT_SECONDS))

    def handle(self, element: Element) -> Awaitable[None]:
        """Answer it; raises StreamFault for all that needs a login (RFC 6120 section 4.9.3.12)."""
        if tag_of(element) != f"{{{CLIENT}}}iq" or len(element) != 1:
            raise StreamFault("not-authorized", "Authenticate first.")
        if element.get("to", settings.CHATOPS_DOMAIN) != settings.CHATOPS_DOMAIN:
            raise StreamFault("not-authorized", "Authenticate before you talk to others.")
        key = (element.get("type", ""), tag_of(element[0]))
        if key not in registry.strangers_iqs:
            raise StreamFault("not-authorized", "Authenticate first.")
        return self._answer(element, *key)

    async def _answer(self, element: Element, type_: str, tag: str) -> None:
        stream = self._stream
        request = StrangerRequest(
            element, element[0], type_, stream.address, stream.secure, self._notes
        )
        try:
            if not element.get("id"):
                raise BadRequest("An iq needs an id.")
            payload = await registry.strangers_iqs[type_, tag](request)
        except Refused as refusal:
            self._refuse(element, refusal)
        except StreamFault:
            raise
        except Exception:
            logger.exception("in a request before the login")
            self._refuse(element, InternalError())
        else:
            stream.answer(result(element, as_element(payload)))

    def _refuse(self, element: Element, refusal: Refused) -> None:
        if answerable(element):
            self._stream.answer(error_reply(element, refusal))
