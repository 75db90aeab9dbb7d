"""External service discovery, XEP-0215: the STUN and TURN servers that calls between clients need.

Credentials are made from a secret that the TURN server shares, and last for a while (as coturn's
``use-auth-secret`` takes them); nobody has to keep them anywhere.
"""

import base64
import hmac
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from django.conf import settings

from chatops.core.features import DOMAIN, Feature, IqRequest
from chatops.core.wire import Session
from chatops.xmpp.elements import Element, add, make
from chatops.xmpp.errors import BadRequest, Forbidden, NotFound

EXTDISCO = "urn:xmpp:extdisco:2"
SERVICE = f"{{{EXTDISCO}}}service"
_URI = re.compile(
    r"(?P<type>stuns?|turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:?\[\]]+)(:(?P<port>\d{1,5}))?"
    r"(\?transport=(?P<transport>udp|tcp))?"
)  # RFC 7064 and 7065


class NoSuchService(NotFound):
    """This service knows no external service of that kind at that host."""


@dataclass(frozen=True, slots=True)
class External:
    """One server, as its URI in the setting says."""

    type: str  # stun, stuns, turn or turns
    host: str
    port: int
    transport: str

    @classmethod
    def read(cls, uri: str) -> Self:
        """Raises ValueError for what is no URI of RFC 7064 or 7065."""
        match = _URI.fullmatch(uri)
        port = int(match["port"] or 0) if match is not None else 0
        if match is None or port > 65_535:
            raise ValueError(f"{uri!r} is no address such as turn:turn.example.org:3478.")
        secure = match["type"].endswith("s")
        return cls(
            match["type"],
            match["host"].strip("[]"),
            port or (5349 if secure else 3478),
            match["transport"] or ("tcp" if secure else "udp"),
        )

    @property
    def restricted(self) -> bool:
        """Whether one needs credentials there."""
        return self.type.startswith("turn")


def read_services(uris: str) -> Sequence[External]:
    """All of the setting. Raises ValueError."""
    return [External.read(uri) for uri in uris.split()]


services = Feature(
    "XEP-0215", (EXTDISCO,), at=(DOMAIN,), enabled=lambda: bool(settings.CHATOPS_EXTERNAL_SERVICES)
)


@services.iq("get", f"{{{EXTDISCO}}}services", at=(DOMAIN,))
async def list_services(request: IqRequest) -> Element:
    """Sections 3.1 and 3.2: all, or those of one type."""
    session, kind = _own(request), request.payload.get("type")
    answer = make(f"{{{EXTDISCO}}}services", type_=kind)
    for each in read_services(settings.CHATOPS_EXTERNAL_SERVICES):
        if kind in (None, each.type):
            _describe(answer, each, session)
    return answer


@services.iq("get", f"{{{EXTDISCO}}}credentials", at=(DOMAIN,))
async def give_credentials(request: IqRequest) -> Element:
    """Section 3.3: for one that the client knows already."""
    session, wanted = _own(request), request.payload.find(SERVICE)
    if wanted is None or not wanted.get("host") or not wanted.get("type"):
        raise BadRequest("Which service? Its host and its type are needed.")
    answer = make(f"{{{EXTDISCO}}}credentials")
    for each in read_services(settings.CHATOPS_EXTERNAL_SERVICES):
        fits = each.host == wanted.get("host") and each.type == wanted.get("type")
        if fits and wanted.get("port") in (None, str(each.port)) and each.restricted:
            _describe(answer, each, session)
    if not len(answer):
        raise NoSuchService
    return answer


def _own(request: IqRequest) -> Session:
    if request.session is None:
        raise Forbidden("External services are for this service's own people.")
    return request.session


def _describe(answer: Element, each: External, session: Session) -> None:
    described = add(
        answer,
        SERVICE,
        type_=each.type,
        host=each.host,
        port=str(each.port),
        transport=each.transport,
    )
    if not each.restricted:
        return
    described.set("restricted", "true")
    if not settings.CHATOPS_TURN_SECRET:
        return
    until = int(time.time()) + settings.CHATOPS_TURN_SECONDS
    username = f"{until}:{session.jid.local}"
    password = hmac.digest(settings.CHATOPS_TURN_SECRET.encode(), username.encode(), "sha1")
    described.set("username", username)
    described.set("password", base64.b64encode(password).decode())
    described.set("expires", datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
