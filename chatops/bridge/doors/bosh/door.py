"""BOSH over HTTP (XEP-0124 sections 5 and 7): a plain ASGI callable at ``/http-bind``."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

from django.conf import settings

from chatops.bridge.counters import counters
from chatops.bridge.doors.bosh.exchange import Answer, Request
from chatops.bridge.doors.bosh.session import BoshSession
from chatops.bridge.stream.contracts import Gate
from chatops.core.limits import Limit
from chatops.core.wire import running, wire
from chatops.xmpp.wrapper import BadBody, Body, read_body, terminated

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

logger = logging.getLogger(__name__)

BODY_BYTES = Limit(
    "CHATOPS_BOSH_MAX_BODY_BYTES",
    "bytes",
    "One request or answer over BOSH.",
    "policy-violation",
)
HUMAN_TEXT = (
    b"Here XMPP clients connect with BOSH (XEP-0124). There is nothing to see in a browser.\n"
)
# A stranger's form may lead a browser here, and what it shows then is what clients have written.
# So it runs no script, whichever type the client has asked for: this is the console's origin, too.
GUARDS: Headers = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]


class BoshDoor:
    """All sessions, and the way to them."""

    def __init__(self) -> None:
        self._sessions: dict[str, BoshSession] = {}
        self._closed = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = [*GUARDS, *_shared_with(scope)]
        method = scope["method"]
        if method == "OPTIONS":
            await _respond(send, 204, headers)
        elif method in ("GET", "HEAD"):
            headers.append((b"content-type", b"text/plain; charset=utf-8"))
            await _respond(send, 200, headers, HUMAN_TEXT if method == "GET" else b"")
        elif method != "POST":
            await _respond(send, 405, [*headers, (b"allow", b"POST, GET, HEAD, OPTIONS")])
        else:
            answer = await self._answer(scope, receive)
            if answer is not None:
                headers.append((b"content-type", answer.content.encode()))
                await _respond(send, answer.status, headers, answer.data)

    async def _answer(self, scope: Message, receive: Receive) -> Answer | None:
        """What to say; None where nobody is there to hear it any more."""
        try:
            data = await _read(receive, BODY_BYTES.value)
        except OverflowError:
            BODY_BYTES.hit()
            return Answer(terminated("policy-violation"))
        if data is None:
            return None
        secure = scope.get("scheme") == "https"
        try:
            body = read_body(data, settings.CHATOPS_MAX_STANZA_BYTES)
        except BadBody as bad:
            counters["bad input"] += 1
            session = self._sessions.get(bad.sid)
            if session is not None and session.trusts(secure=secure):
                return session.refuse(bad)
            return Answer(terminated("bad-request"))
        try:
            if not body.sid:
                return self._create(body, scope, secure=secure)
            session = self._sessions.get(body.sid)
            if session is None:
                return Answer(terminated("item-not-found"))
            if not session.trusts(secure=secure):
                return Answer(b"", status=403)
            return await self._wait(session, body, receive)
        except Exception:
            logger.exception("in a request over BOSH")
            return Answer(terminated("internal-server-error"))

    def _create(self, body: Body, scope: Message, *, secure: bool) -> Answer:
        """Section 7; where there can be no session, the reason (section 17.2)."""
        if self._closed or not running():
            return Answer(terminated("system-shutdown"))
        if not body.to:
            return Answer(terminated("improper-addressing"))
        client = scope.get("client")
        address = client[0] if client else ""
        counters["connections bosh"] += 1
        # The bridge is the wire of this process, and the gate of its doors.
        gate = cast(Gate, wire())
        session = BoshSession(gate, body, address=address, secure=secure, forget=self._forget)
        self._sessions[session.sid] = session
        return session.create(body)

    async def _wait(self, session: BoshSession, body: Body, receive: Receive) -> Answer | None:
        request = Request(body, asyncio.get_running_loop().create_future())
        session.take(request)
        if request.answer.done():
            return request.answer.result()
        leaving: asyncio.Future[Any] = asyncio.ensure_future(receive())
        try:
            waiting: list[asyncio.Future[Any]] = [request.answer, leaving]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not request.answer.done():
                session.broken(request)
        return None if request.answer.cancelled() else request.answer.result()

    def _forget(self, session: BoshSession) -> None:
        self._sessions.pop(session.sid, None)

    def shut_down(self) -> None:
        """Tell everybody that the service stops; nobody comes in any more."""
        self._closed = True
        for session in list(self._sessions.values()):
            session.shut_down()


async def _read(receive: Receive, most: int) -> bytes | None:
    """The request's content; None if the client left. Raises OverflowError for more than `most`."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise OverflowError
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


async def _respond(send: Send, status: int, headers: Headers, data: bytes = b"") -> None:
    headers.append((b"content-length", str(len(data)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


def _shared_with(scope: Message) -> Headers:
    """Whose scripts may read the answers: no cookie or other credential is ever looked at here."""
    allowed = settings.CHATOPS_BOSH_ORIGINS
    headers: Headers = [
        (b"access-control-allow-methods", b"POST, GET, OPTIONS"),
        (b"access-control-allow-headers", b"Content-Type"),
        (b"access-control-max-age", b"86400"),
    ]
    if "*" in allowed:
        return [*headers, (b"access-control-allow-origin", b"*")]
    origin = dict(scope["headers"]).get(b"origin", b"")
    headers.append((b"vary", b"Origin"))
    if origin.decode("latin-1") in allowed:
        headers.append((b"access-control-allow-origin", origin))
    return headers


bosh_door = BoshDoor()
