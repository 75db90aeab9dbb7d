"""A client's stream from its first byte to its last, whichever door it came through (RFC 6120)."""

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Iterable

from django.conf import settings

from chatops.bridge.counters import counters
from chatops.bridge.handling import MOST_IN_FLIGHT
from chatops.bridge.sessions import REQUEST, LiveSession
from chatops.bridge.stream import management
from chatops.bridge.stream.admission import Ticket
from chatops.bridge.stream.authentication import FAILURES, Authentication, Person
from chatops.bridge.stream.binding import Binding
from chatops.bridge.stream.contracts import Door, Gate
from chatops.bridge.stream.features import bound_features, first_features
from chatops.bridge.stream.pace import BACKLOG, STANZA_SIZE, STRANGERS_STANZA_SIZE, Valve
from chatops.bridge.stream.sasl2 import Sasl2
from chatops.bridge.stream.strangers import Strangers
from chatops.core.features import registry
from chatops.xmpp.elements import Element, add, local_name, namespace_of, serialise, stanza, tag_of
from chatops.xmpp.errors import StanzaTooBig, StreamFault
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.names import CLIENT, PING, SASL, SASL2, SM, TLS

logger = logging.getLogger(__name__)

STANZAS = {f"{{{CLIENT}}}{kind}" for kind in ("message", "presence", "iq")}
ENABLE = f"{{{SM}}}enable"
INBOX_FULL, INBOX_LOW = 200, 50


def _ping(to: str) -> bytes:
    """XEP-0199; the answer, or the error, is the sign."""
    request = stanza(
        "iq", type_="get", id_=f"alive-{secrets.token_hex(4)}", from_=settings.CHATOPS_DOMAIN, to=to
    )
    add(request, f"{{{PING}}}ping")
    return serialise(request)


class Stream:
    """One connection's conversation; the door feeds it, it feeds the router."""

    def __init__(self, gate: Gate, door: Door, *, plaintext_allowed: bool) -> None:
        self.gate, self.router, self.sessions = gate, gate.router, gate.sessions
        self.connection = door
        self.door, self.address = door.name, door.address
        self.session: LiveSession | None = None
        self.person: Person | None = None
        self.id = ""
        self.language = ""
        self.closed = False
        self.began = self.last_received = time.monotonic()
        self.asked_for_life = 0.0  # when, or 0
        self.ticket: Ticket | None = None
        self._valve = Valve(self._go_on, stranger=True)
        self._plaintext_allowed = plaintext_allowed
        self.authentication = Authentication(door, allowed=plaintext_allowed)
        self._sasl2 = Sasl2(self)
        self._strangers = Strangers(self)
        self.binding = Binding(self)
        self._inbox: deque[Element] = deque()
        self._untold = 0  # bytes that came since everything was last handled
        self._busy = False
        self.held_back = False  # it is not read, because it sends too fast
        self._leaving = False  # the client has closed its stream
        self._tasks: set[asyncio.Task[None]] = set()

    # The beginning

    def opened(self, *, to: str | None, version: str, language: str) -> str:
        """The client opened a stream, whose framing the door has checked; returns our stream's id.

        Raises StreamFault, RFC 6120 section 4.7.
        """
        self.id, self.language = secrets.token_urlsafe(12), language
        try:
            domain = parse(to).domain if to else settings.CHATOPS_DOMAIN
        except InvalidJID as error:
            raise StreamFault("host-unknown", "That is not a domain.") from error
        if domain != settings.CHATOPS_DOMAIN:
            raise StreamFault("host-unknown", f"This service is {settings.CHATOPS_DOMAIN}.")
        major = version.partition(".")[0]
        if not major.isdecimal() or not major.strip("0"):
            raise StreamFault("unsupported-version", "XMPP 1.0 is needed.")
        return self.id

    def features(self) -> Element:
        """What the stream offers at this point (section 4.3.2)."""
        if self.person is not None:
            session = self.session
            free = session is None or not session.managed
            return bound_features(
                bound=session is not None, managed=free and self.connection.manageable
            )
        return first_features(
            tls=self.connection.may_start_tls(),
            tls_required=not self._plaintext_allowed,
            offer=self.authentication.offer(),
            secure=self.secure,
            managed=self.connection.manageable,
        )

    @property
    def secure(self) -> bool:
        """Whether secrets may be sent on it."""
        return self.connection.secure or self._plaintext_allowed

    @property
    def patience(self) -> int:
        """So many seconds after its beginning somebody must have logged in."""
        return self._strangers.patience

    # What comes in

    @property
    def listening(self) -> bool:
        """Whether what comes from the client still counts."""
        return not self.closed and not self._leaving

    def received(self, size: int) -> None:
        """Some bytes came; the connection is alive."""
        self.last_received = time.monotonic()
        self._untold += size
        self.asked_for_life = 0.0
        self._valve.came(size)
        if self.session is not None:
            self.session.showed_life()

    def feed(self, elements: Iterable[Element]) -> None:
        self._inbox.extend(elements)
        self.pump()
        if self.closed or self.held_back or not self._has_work():
            return
        if BACKLOG.is_exceeded_by(self._untold):
            raise StreamFault("policy-violation", "Too much waits to be handled.")
        if len(self._inbox) > INBOX_FULL or self._is_filling() or self._valve.shut:
            self.held_back = True
            self.connection.hold_back(hold=True)

    def pump(self) -> None:
        """Handle what has come, one element at a time and in order."""
        inbox = self._inbox
        while inbox and not self._busy and not self.closed:
            if self._valve.is_too_fast():
                break
            if self.session is not None and self._must_wait(inbox[0], self.session):
                return
            try:
                self._valve.handled()
                pending = self._handle(inbox.popleft())
            except StreamFault as fault:
                self.fault(fault)
                return
            except Exception:
                logger.exception("in a stream")
                self.fault(StreamFault("internal-server-error"))
                return
            if pending is not None:
                self._busy = True
                task = asyncio.get_running_loop().create_task(self._await(pending))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        if not self._has_work():
            self._untold = 0
            if self._leaving and not self.closed:
                self._part()
                return
        may_read = len(inbox) < INBOX_LOW and not self._is_filling()
        if self.held_back and may_read and not self._valve.is_too_fast():
            self.held_back = False
            self._expect_life()
            self.connection.hold_back(hold=False)

    def _expect_life(self) -> None:
        """It is read again; from here on its silence counts."""
        self.last_received = time.monotonic()
        if self.asked_for_life:
            self.asked_for_life = self.last_received

    def _has_work(self) -> bool:
        """Whether something that came is not handled yet."""
        under_way = self.session is not None and self.session.inflight
        return bool(self._inbox or self._busy or under_way)

    def _is_filling(self) -> bool:
        """Whether so much waits that the client is not read until all is handled."""
        return 0 < BACKLOG.value < 4 * self._untold

    def _go_on(self) -> None:
        """The client was too fast, and has waited."""
        if not self.closed:
            self.pump()

    @staticmethod
    def _must_wait(element: Element, session: LiveSession) -> bool:
        """Messages follow each other into the journal; all else waits until they are stored."""
        if not session.inflight:
            return False
        if session.inflight >= MOST_IN_FLIGHT:
            return True
        tag = tag_of(element)
        # What came before <enable/> must not be counted behind it.
        return tag == ENABLE or (tag in STANZAS and not tag.endswith("message"))

    async def _await(self, pending: Awaitable[None]) -> None:
        try:
            await pending
        except StreamFault as fault:
            self.fault(fault)
        except Exception:
            logger.exception("in a stream")
            self.fault(StreamFault("internal-server-error"))
        self._busy = False
        self.pump()

    def _handle(self, element: Element) -> Awaitable[None] | None:
        if self.session is not None:
            return self._handle_bound(self.session, element)
        namespace = namespace_of(element)
        if namespace == SASL2:
            return self._sasl2.handle(element)
        if self._sasl2.under_way:
            raise StreamFault("policy-violation", "Authentication is under way.")
        if namespace == TLS and local_name(element) == "starttls":
            return self._start_tls()
        if namespace == SASL:
            return self._authenticate(element)
        if self.person is None:
            return self._strangers.handle(element)
        if namespace == SM:
            return self._manage(element)
        return self.binding.handle(element)

    def _handle_bound(self, session: LiveSession, element: Element) -> Awaitable[None] | None:
        tag = tag_of(element)
        if tag not in STANZAS:
            if namespace_of(element) == SM:
                return self._manage(element)
            nonza = registry.nonzas.get(tag)
            if nonza is None:
                raise StreamFault("unsupported-stanza-type", "This service knows no such element.")
            return nonza(session, element)
        self._check_sender(session, element)
        counters["stanzas in"] += 1
        begun = session.begun
        if tag.endswith("message"):
            counters["messages"] += 1
            pending = self.router.handle(session, element)
            if session.begun == begun:  # refused before it was under way
                session.count()
            return pending
        pending = self.router.handle(session, element)
        if pending is None:
            session.count()
            return None
        return session.attend(pending)

    def _check_sender(self, session: LiveSession, element: Element) -> None:
        """`from` may be left out, or say the truth (RFC 6120 section 8.1.2.1)."""
        claimed = element.get("from")
        if claimed is not None and claimed != session.jid.full:
            try:
                sender = parse(claimed)
            except InvalidJID:
                sender = None
            if sender is None or sender.full not in (session.jid.full, session.bare):
                raise StreamFault("invalid-from", "The sender's address is not this session's.")
        element.set("from", session.jid.full)
        if self.language and element.get("{http://www.w3.org/XML/1998/namespace}lang") is None:
            element.set("{http://www.w3.org/XML/1998/namespace}lang", self.language)

    # Negotiation

    async def _start_tls(self) -> None:
        if self.person is not None or not self.connection.may_start_tls():
            raise StreamFault("policy-violation", "STARTTLS is not on offer now.")
        self._inbox.clear()  # what came before the encryption is nobody's
        await self.connection.start_tls()
        self.authentication = Authentication(self.connection, allowed=self._plaintext_allowed)

    async def _authenticate(self, element: Element) -> None:
        if self.person is not None:
            raise StreamFault("policy-violation", "This stream is authenticated.")
        person = await self.authentication.handle(element, self.answer)
        if person is not None:
            self.person = person
            self.connection.restart(settings.CHATOPS_MAX_STANZA_BYTES)
        else:
            self.must_not_fail_too_often()

    def must_not_fail_too_often(self) -> None:
        """Raises StreamFault for who has failed as often as one may on one connection."""
        if FAILURES.is_exceeded_by(self.authentication.failures + 1):
            raise StreamFault("policy-violation", "Too many failures.")

    def _manage(self, element: Element) -> Awaitable[None] | None:
        kind = local_name(element)
        if not self.connection.manageable:
            self.answer(management.failed("feature-not-implemented", "Not through this door."))
            return None
        if kind == "resume" and self.person is not None:
            return management.resume(self, element, self.person.user_id)
        if kind == "enable":
            management.enable(self, element)
        elif self.session is not None and self.session.managed:
            management.handle(self.session, element)
        else:
            self.answer(management.failed("unexpected-request", "Stream management is not on."))
        return None

    def take_over(self, session: LiveSession) -> None:
        """From here on this stream carries the session."""
        self.session = session
        self._valve.close()
        self._valve = Valve(self._go_on, stranger=False)
        if self.ticket is not None:
            self.ticket.logged_in()
        session.attach(self)

    # What goes out, and the end

    def answer(self, element: Element) -> None:
        self.write(serialise(element))

    def write(self, data: bytes) -> None:
        if not self.closed:
            self.connection.write(data)

    def ask_for_life(self) -> None:
        """Have the client say something; one that does not in time is gone (`keepalive`)."""
        if self.session is None:
            return
        self.asked_for_life = self.asked_for_life or time.monotonic()
        self.write(REQUEST if self.session.managed else _ping(self.session.jid.full))

    def is_drained(self) -> bool:
        return self.connection.is_drained()

    async def drained(self) -> None:
        await self.connection.drained()

    def fault(self, fault: StreamFault) -> None:
        """A stream error, and the end (section 4.9). A session that may resume does."""
        if self.closed:
            return
        counters[f"stream error {fault.condition}"] += 1
        if isinstance(fault, StanzaTooBig):
            (STANZA_SIZE if self.person is not None else STRANGERS_STANZA_SIZE).hit()
        self.closed = True
        self.connection.close(fault.element())
        self._leave(clean=False)

    def closed_by_client(self) -> None:
        """``</stream:stream>`` or ``<close/>``: answered in kind (section 4.4).

        What the client sent before it is handled first, though its connection may be gone by then.
        """
        if self.listening:
            self._leaving = True
            self.pump()

    def _part(self) -> None:
        self.closed = True
        self._leave(clean=True)
        self.connection.close(None)

    def lost(self) -> None:
        """The connection broke."""
        if self._leaving and not self.closed:
            return  # what it sent before it left is still being handled
        self.closed = True
        self._leave(clean=False)

    def _leave(self, *, clean: bool) -> None:
        self._inbox.clear()
        self._valve.close()
        session, self.session = self.session, None
        if session is not None:
            session.detach(self, clean=clean)
