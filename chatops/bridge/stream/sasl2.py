"""Extensible SASL profile, XEP-0388, and Bind 2, XEP-0386, with resumption (XEP-0198) inline.

One element asks for everything, one answer brings it: who one is, the resource, its features.
"""

import hmac
import secrets
from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from chatops.accounts.services import UserAgent
from chatops.bridge.sessions import LiveSession
from chatops.bridge.stream import management
from chatops.bridge.stream.authentication import Person, decode_payload
from chatops.bridge.stream.binding import Gone
from chatops.core.features import Feature, registry, run_hooks
from chatops.xmpp.elements import Element, add, child, local_name, make, tag_of, text_of
from chatops.xmpp.errors import Overloaded, Refused, StreamFault
from chatops.xmpp.names import BIND2, SASL, SASL2, SM
from chatops.xmpp.sasl.scram import SaslFailure

if TYPE_CHECKING:
    from chatops.bridge.stream.stream import Stream

LONGEST_TAG = 50
LONGEST_WORDS = 200  # of what a client says of itself

sasl2 = Feature("XEP-0388", (), at=())
bind2 = Feature("XEP-0386", (), at=())


def announce(mechanisms: Sequence[str], *, managed: bool) -> Element:
    """The stream feature (XEP-0388 section 2.1, XEP-0386 section 3.1)."""
    feature = make(f"{{{SASL2}}}authentication")
    for mechanism in mechanisms:
        add(feature, f"{{{SASL2}}}mechanism", mechanism)
    inline = add(feature, f"{{{SASL2}}}inline")
    binding = add(inline, f"{{{BIND2}}}bind")
    within = add(binding, f"{{{BIND2}}}inline")
    for var in sorted({*registry.inline_features, *([SM] if managed else [])}):
        add(within, f"{{{BIND2}}}feature", var=var)
    if managed:
        add(inline, f"{{{SM}}}sm")
    return feature


class Sasl2:
    """The exchanges of one stream."""

    def __init__(self, stream: "Stream") -> None:
        self._stream = stream
        self._request: Element | None = None  # the one whose exchange is under way

    @property
    def under_way(self) -> bool:
        """Whether the client may send nothing else (section 2.4)."""
        return self._request is not None

    async def handle(self, element: Element) -> None:
        """One element of SASL2's namespace."""
        stream = self._stream
        if stream.person is not None:
            raise StreamFault("policy-violation", "This stream is authenticated.")
        try:
            data, person = await self._step(element)
            if person is None:
                stream.answer(_with_data(make(f"{{{SASL2}}}challenge"), data))
                return
            request, self._request = self._request, None
            if request is not None:
                await self._succeed(request, person, data)
        except SaslFailure as failure:
            # Also where the resource cannot be: then nobody is logged in.
            self._request, stream.person = None, None
            await self._fail(failure)
        except Overloaded as overload:
            self._request = None
            stream.person = None
            await self._fail(SaslFailure("temporary-auth-failure", overload.sentence))

    async def _step(self, element: Element) -> tuple[bytes, Person | None]:
        kind, authentication = local_name(element), self._stream.authentication
        if kind == "authenticate":
            if self.under_way:
                raise StreamFault("policy-violation", "An exchange is under way.")
            self._request = element
            initial = text_of(element, "initial-response", SASL2)
            return await authentication.begin(
                element.get("mechanism", ""), decode_payload(initial or "")
            )
        if kind == "response":
            return await authentication.respond(decode_payload(element.text or ""))
        if kind == "abort":
            raise authentication.aborted()
        raise StreamFault("unsupported-stanza-type", "XEP-0388 has no such element.")

    async def _fail(self, failure: SaslFailure) -> None:
        stream = self._stream
        await stream.authentication.count(failure)
        element = make(f"{{{SASL2}}}failure")
        add(element, f"{{{SASL}}}{failure.condition}")
        add(element, f"{{{SASL2}}}text", failure.sentence)
        stream.answer(element)
        stream.must_not_fail_too_often()

    async def _succeed(self, request: Element, person: Person, data: bytes) -> None:
        stream = self._stream
        stream.person = person
        stream.authentication.succeeded()
        stream.binding.agent = _agent(request)
        stream.connection.trust(settings.CHATOPS_MAX_STANZA_BYTES)
        success = make(f"{{{SASL2}}}success")
        if data:
            _with_data(add(success, f"{{{SASL2}}}additional-data"), data)
        identifier = add(success, f"{{{SASL2}}}authorization-identifier")
        identifier.text = f"{person.username}@{settings.CHATOPS_DOMAIN}"
        resumed = await self._resume(request, person, success)
        bound = None if resumed is not None else await self._bind(request, person, success)
        if stream.closed:
            return
        session = resumed or bound
        if session is not None:
            identifier.text = session.jid.full
        stream.answer(success)
        stream.answer(stream.features())
        if resumed is not None:
            resumed.resend()
        if bound is not None:
            await stream.router.session_bound(bound)

    async def _resume(
        self, request: Element, person: Person, success: Element
    ) -> LiveSession | None:
        """XEP-0198 section 6: before anything else; what fails is told, and binding goes on."""
        wanted = child(request, f"{{{SM}}}resume")
        if wanted is None:
            return None
        if not self._stream.connection.manageable:
            success.append(management.failed("feature-not-implemented", "Not through this door."))
            return None
        session, answer = await management.take_up(self._stream, wanted, person.user_id)
        success.append(answer)
        return session

    async def _bind(self, request: Element, person: Person, success: Element) -> LiveSession | None:
        """XEP-0386 section 3.2."""
        wanted, stream = child(request, f"{{{BIND2}}}bind"), self._stream
        if wanted is None:
            return None
        try:
            session = await stream.binding.bind(_resource(wanted, stream.binding.agent.id, person))
        except Gone:
            return None
        except Overloaded:
            raise
        except Refused as refusal:
            raise SaslFailure("malformed-request", refusal.sentence) from refusal
        bound = make(f"{{{BIND2}}}bound")
        await run_hooks("bound inline", session)
        for tell in registry.bound_news:
            if (news := await tell(session)) is not None:
                bound.append(news)
        for each in wanted:
            if tag_of(each) == f"{{{SM}}}enable" and stream.connection.manageable:
                bound.append(management.enabled(stream, session, each))
            elif (begin := registry.inline_binds.get(tag_of(each))) is not None:
                begin(session, each)
        success.append(bound)
        return session


def _agent(request: Element) -> UserAgent:
    """What the client says of its installation (XEP-0388 section 2.3); the id is a UUID."""
    found = child(request, f"{{{SASL2}}}user-agent")
    if found is None:
        return UserAgent()
    try:
        number = str(UUID(found.get("id", "")))
    except ValueError:
        number = ""
    software, device = (
        " ".join((text_of(found, part, SASL2) or "").split())[:LONGEST_WORDS]
        for part in ("software", "device")
    )
    return UserAgent(number, software, device)


def _resource(wanted: Element, agent: str, person: Person) -> str:
    """XEP-0386 section 3.2.1: what the client calls itself, and what stays its own."""
    tag = (text_of(wanted, "tag", BIND2) or "").strip()[:LONGEST_TAG]
    if not agent:
        suffix = secrets.token_urlsafe(9)
    else:
        key = settings.SECRET_KEY.encode()
        about = f"resource:{person.user_id}:{agent}".encode()
        suffix = hmac.digest(key, about, "sha256")[:9].hex()
    return f"{tag}.{suffix}" if tag else suffix


def _with_data(element: Element, data: bytes) -> Element:
    element.text = b64encode(data).decode()
    return element
