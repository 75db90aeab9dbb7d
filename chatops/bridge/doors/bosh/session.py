"""One BOSH session: the door of its stream."""

import secrets
import time
from collections.abc import Callable, Mapping

from django.conf import settings

from chatops.bridge.counters import counters
from chatops.bridge.doors.bosh.exchange import Answer, Request
from chatops.bridge.doors.bosh.window import Window
from chatops.bridge.doors.tcp import may_be_plain
from chatops.bridge.stream.admission import admission
from chatops.bridge.stream.contracts import Gate
from chatops.bridge.stream.stream import Stream
from chatops.xmpp.elements import Element, local_name, serialise
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.wrapper import BadBody, Body, terminated, write_body

LEGACY_STATUS = {"bad-request": 400, "policy-violation": 403, "item-not-found": 404}
# Conditions of streams that XEP-0124 section 17.2 knows too; others travel as they are.
OWN_CONDITIONS = {"host-unknown", "internal-server-error", "system-shutdown"}


class BoshSession(Window):
    """A stream.Door over HTTP requests that wait."""

    name = "bosh"
    manageable = False  # XEP-0198 is not offered: requests and answers are numbered already

    def __init__(
        self,
        gate: Gate,
        body: Body,
        *,
        address: str,
        secure: bool,
        forget: Callable[["BoshSession"], None],
    ) -> None:
        super().__init__(body)
        self.sid = secrets.token_urlsafe(24)
        self.address, self.secure = address, secure
        self._forget = forget
        self._farewell: Answer | None = None  # it is over; who asks hears this
        self._limit = settings.CHATOPS_MAX_STANZA_BYTES_UNAUTHENTICATED
        allowed = secure or may_be_plain(address)
        self._stream = Stream(gate, self, plaintext_allowed=allowed)
        self._login = self._loop.call_later(self._stream.patience, self._check_login)

    def trusts(self, *, secure: bool) -> bool:
        """A session that began under TLS takes nothing that did not (section 19.1)."""
        return secure or not self.secure

    def create(self, body: Body) -> Answer:
        """Answer the request that asks for the session."""
        try:
            self._stream.ticket = admission.enter(self.address)
            self._open(body)
            self._stream.received(body.size)
            self._take_payloads(body)
        except StreamFault as fault:
            self._stream.fault(fault)
        if self._farewell is not None:
            self._gone()
            return self._farewell
        return self.first_answer(body, self.sid)

    def refuse(self, bad: BadBody) -> Answer:
        """One of its requests cannot be read; that is the end of the session."""
        if bad.fault is not None and bad.fault.condition == "policy-violation":
            self._stream.fault(bad.fault)  # too much of something, which the client should know
            return self._farewell or Answer(terminated("item-not-found"))
        return self.break_off("bad-request")

    # Window

    @property
    def over(self) -> bool:
        return self._farewell is not None

    def take(self, request: Request) -> None:
        if self._farewell is None:
            super().take(request)
        else:
            request.respond(self._farewell)
            self._gone()

    def handle(self, body: Body) -> None:
        stream = self._stream
        try:
            if stream.listening:
                stream.received(body.size)
                if body.restarts:
                    self._open(body)
                else:
                    self._take_payloads(body)
            if body.terminates:
                stream.closed_by_client()
        except StreamFault as fault:
            stream.fault(fault)

    def break_off(self, condition: str, request: Request | None = None) -> Answer:
        counters["bad input"] += 1
        status = LEGACY_STATUS.get(condition, 200) if self.terms.ver is None else 200
        answer = Answer(terminated(condition), self.terms.content, status)
        if request is not None:
            request.respond(answer)
        self._end("other-request")
        return answer

    def rested(self) -> None:
        self._end("item-not-found")

    # The stream in it

    def _open(self, body: Body) -> None:
        """A stream begins (XEP-0206 sections 3 and 5). Raises StreamFault."""
        if self._stream.session is not None:
            raise StreamFault("policy-violation", "A resource is bound; nothing begins anew.")
        self._stream.opened(to=body.to, version=body.version, language=body.language)
        self.write(serialise(self._stream.features()))

    def _take_payloads(self, body: Body) -> None:
        """Raises StreamFault."""
        if body.size > self._limit:
            raise StreamFault("policy-violation", f"{self._limit} bytes may come before the login.")
        if body.payloads:
            self._stream.feed(body.payloads)

    def _check_login(self) -> None:
        stream = self._stream
        if stream.session is not None or stream.closed:
            return
        left = stream.began + stream.patience - time.monotonic()
        if left > 0:
            self._login = self._loop.call_later(left, self._check_login)
        else:
            stream.fault(StreamFault("connection-timeout", "Logging in took too long."))

    # stream.Door

    def write(self, data: bytes) -> None:
        self.say(data)
        if self.out.bytes > settings.CHATOPS_SEND_BUFFER_BYTES:
            counters["slow readers"] += 1
            self._end("policy-violation")

    def close(self, fault: Element | None) -> None:
        """Sections 13 and 17.2; with XEP-0206's error of the stream inside."""
        condition, words = None, b""
        if fault is not None:
            condition = local_name(fault[0])
            if condition not in OWN_CONDITIONS:
                condition, words = "remote-stream-error", serialise(fault)
        if self._farewell is None:
            last = terminated(condition, self.out.take_all() + words)
            self._say_farewell(Answer(last, self.terms.content), failed=fault is not None)

    def may_start_tls(self) -> bool:
        return False  # HTTP's own TLS protects it (XEP-0206 section 2)

    async def start_tls(self) -> None:
        raise StreamFault("policy-violation", "There is no STARTTLS over BOSH.")

    def bindings(self) -> Mapping[str, bytes]:
        return {}  # the channel ends where HTTP's TLS does, maybe in a proxy

    def trust(self, limit: int) -> None:
        self.restart(limit)

    def restart(self, limit: int) -> None:
        """The client may open a new stream; one that goes on in the old one (SASL2) may, too."""
        self._limit = settings.CHATOPS_BOSH_MAX_BODY_BYTES  # its reader knows the stanzas' own

    # The end

    def shut_down(self) -> None:
        self._stream.fault(StreamFault("system-shutdown", "The service is stopping."))

    def _say_farewell(self, farewell: Answer, *, failed: bool) -> None:
        """On the oldest request that waits; where none does, the next one will hear it."""
        self._farewell = farewell
        self._login.cancel()
        self.cancel_rest()
        rest = Answer(terminated("other-request") if failed else write_body(), self.terms.content)
        told = False
        for request in self.all_pending():
            alive = request.live
            request.respond(rest if told else farewell)
            told = told or alive
        if told:
            self._gone()
        else:
            self._rest = self._loop.call_later(self.terms.inactivity, self._gone)

    def _end(self, condition: str) -> None:
        """Over, as when a connection breaks: what nothing has shown to have arrived goes back."""
        if self._farewell is not None:
            return
        self._farewell = Answer(terminated("item-not-found"), self.terms.content)
        self._login.cancel()
        for request in self.all_pending():
            request.respond(Answer(terminated(condition), self.terms.content))
        self._stream.lost()
        self.out.clear()
        self._gone()

    def _gone(self) -> None:
        self.cancel_rest()
        if self._stream.ticket is not None:
            self._stream.ticket.leave()
        self._forget(self)
