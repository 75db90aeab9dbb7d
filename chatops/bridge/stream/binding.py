"""Resource binding, RFC 6120 section 7, and the session request of older clients (RFC 3921)."""

import secrets
from typing import TYPE_CHECKING

from django.conf import settings

from chatops.accounts import services
from chatops.accounts.habits import DEVICE
from chatops.accounts.services import UserAgent
from chatops.bridge.sessions import LiveSession
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, DOMAIN, Feature, IqRequest
from chatops.core.limits import Limit
from chatops.xmpp.elements import Element, add, make, tag_of, text_of
from chatops.xmpp.errors import (
    BadRequest,
    NotAllowed,
    Overloaded,
    Refused,
    StreamFault,
    answerable,
    error_reply,
)
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.names import BIND, CLIENT, SESSION
from chatops.xmpp.stanzas import result

if TYPE_CHECKING:
    from chatops.bridge.stream.stream import Stream

SESSIONS = Limit(
    "CHATOPS_MAX_SESSIONS_PER_ACCOUNT",
    "sessions",
    "Devices of one account that are logged in at the same time.",
    "resource-constraint",
)

legacy = Feature("RFC 3921", (), at=(ACCOUNT, DOMAIN))


class NotBound(NotAllowed):
    """Bind a resource first."""


class Gone(Exception):
    """The connection broke while its resource was being bound."""


class TooManySessions(Overloaded):
    """This account has as many sessions as it may have."""


@legacy.iq("set", f"{{{SESSION}}}session")
async def establish_session(request: IqRequest) -> None:
    """Nothing to do: binding was enough. Older clients ask all the same."""


class Binding:
    """What a stream does between authentication and its first stanza."""

    def __init__(self, stream: "Stream") -> None:
        self._stream = stream
        self.agent = UserAgent()  # what the client has said of itself while logging in

    async def handle(self, element: Element) -> None:
        """A bind request; anything else is not allowed yet. Raises StreamFault (section 7.1)."""
        if not tag_of(element).startswith(f"{{{CLIENT}}}"):
            raise StreamFault("unsupported-stanza-type", "This service knows no such element.")
        if not self._is_for_service(element):
            raise StreamFault("not-authorized", "Bind a resource before you talk to others.")
        try:
            if tag_of(element) != f"{{{CLIENT}}}iq" or element.get("type") != "set":
                raise NotBound
            request = element.find(f"{{{BIND}}}bind")
            if request is None or not element.get("id"):
                raise NotBound
            session = await self.bind(text_of(request, "resource", BIND) or "")
        except Gone:
            return
        except Refused as refusal:
            if answerable(element):
                self._stream.answer(error_reply(element, refusal))
            return
        answer = make(f"{{{BIND}}}bind")
        add(answer, f"{{{BIND}}}jid", session.jid.full)
        self._stream.answer(result(element, answer))
        await self._stream.router.session_bound(session)

    def _is_for_service(self, element: Element) -> bool:
        """Whether it goes to the service, or to the client's own account."""
        person, text = self._stream.person, element.get("to")
        if text is None or person is None:
            return True
        own = f"{person.username}@{settings.CHATOPS_DOMAIN}"
        try:
            return parse(text).full in (settings.CHATOPS_DOMAIN, own)
        except InvalidJID:
            return False

    async def bind(self, wished: str) -> LiveSession:
        """A session of that resource, or of one of ours. Raises Refused, or Gone."""
        stream, person = self._stream, self._stream.person
        if person is None:
            raise NotBound
        resource = wished or secrets.token_urlsafe(9)
        try:
            jid = parse(f"{person.username}@{settings.CHATOPS_DOMAIN}/{resource}")
        except InvalidJID as error:
            raise BadRequest("That cannot be a resource.") from error
        sessions = stream.sessions.of(jid.bare)
        older = stream.sessions.get(jid)
        if older is None and SESSIONS.is_exceeded_by(len(sessions) + 1):
            raise TooManySessions
        device = await in_db(
            services.note_login,
            user_id=person.user_id,
            resource=jid.resource,
            door=stream.door,
            agent=self.agent,
        )
        if stream.closed:
            raise Gone  # a session without a connection would be there for ever
        older = stream.sessions.get(jid)
        if older is not None:
            # Section 7.7.2.2: the newer one wins, as a client that comes back expects.
            older.end("conflict", "Another connection took this resource.")
        for earlier in list(stream.sessions.of(jid.bare)):
            # One installation is one device, which is in one place at a time.
            if earlier.device_id == device.id:
                earlier.end("conflict", "The same client has come again.")
        session = LiveSession(jid, person.user_id, device.id, stream.gate.session_over)
        session.client = self.agent.software
        session.notes[DEVICE] = device
        stream.sessions.add(session)
        stream.take_over(session)
        return session
