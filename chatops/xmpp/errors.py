"""Refusals: what may go wrong with a stanza (RFC 6120 section 8.3) or a stream (section 4.9)."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from enum import StrEnum
from typing import ClassVar

from chatops.xmpp.elements import Element, add, local_name, make, stanza
from chatops.xmpp.names import STANZA_ERRORS, STREAM, STREAM_ERRORS


class Condition(StrEnum):
    """The defined stanza error conditions, RFC 6120 section 8.3.3."""

    BAD_REQUEST = "bad-request"
    CONFLICT = "conflict"
    FEATURE_NOT_IMPLEMENTED = "feature-not-implemented"
    FORBIDDEN = "forbidden"
    GONE = "gone"
    INTERNAL_SERVER_ERROR = "internal-server-error"
    ITEM_NOT_FOUND = "item-not-found"
    JID_MALFORMED = "jid-malformed"
    NOT_ACCEPTABLE = "not-acceptable"
    NOT_ALLOWED = "not-allowed"
    NOT_AUTHORIZED = "not-authorized"
    POLICY_VIOLATION = "policy-violation"
    RECIPIENT_UNAVAILABLE = "recipient-unavailable"
    REDIRECT = "redirect"
    REGISTRATION_REQUIRED = "registration-required"
    REMOTE_SERVER_NOT_FOUND = "remote-server-not-found"
    REMOTE_SERVER_TIMEOUT = "remote-server-timeout"
    RESOURCE_CONSTRAINT = "resource-constraint"
    SERVICE_UNAVAILABLE = "service-unavailable"
    SUBSCRIPTION_REQUIRED = "subscription-required"
    UNDEFINED_CONDITION = "undefined-condition"
    UNEXPECTED_REQUEST = "unexpected-request"


class Refused(Exception):
    """A stanza, or an administrator's action, that is refused: a condition, a type and a sentence.

    Doors translate it; nobody else catches it. Subclasses name the refusal.
    """

    condition: ClassVar[Condition] = Condition.NOT_ALLOWED
    type: ClassVar[str] = "cancel"

    def __init__(self, sentence: str = "", *, details: Element | None = None) -> None:
        super().__init__(sentence or self.default_sentence())
        self.details = details  # the application-specific condition, RFC 6120 section 8.3.4
        self.quoted: Element | None = None  # the request, where its answer shall show it

    @classmethod
    def default_sentence(cls) -> str:
        return (cls.__doc__ or "").strip().partition("\n")[0]

    @property
    def sentence(self) -> str:
        return str(self)


class BadRequest(Refused):
    """The request does not follow the protocol."""

    condition, type = Condition.BAD_REQUEST, "modify"


class NotAcceptable(Refused):
    """What the request asks for does not meet the rules."""

    condition, type = Condition.NOT_ACCEPTABLE, "modify"


class NotAuthorized(Refused):
    """The right credentials are missing."""

    condition, type = Condition.NOT_AUTHORIZED, "auth"


class Forbidden(Refused):
    """You do not have the right to do this."""

    condition, type = Condition.FORBIDDEN, "auth"


class NotAllowed(Refused):
    """Nobody may do this."""

    condition, type = Condition.NOT_ALLOWED, "cancel"


class NotFound(Refused):
    """There is no such thing here."""

    condition, type = Condition.ITEM_NOT_FOUND, "cancel"


class Conflict(Refused):
    """Somebody else has it already."""

    condition, type = Condition.CONFLICT, "cancel"


class Malformed(Refused):
    """That is not a valid address."""

    condition, type = Condition.JID_MALFORMED, "modify"


class Unavailable(Refused):
    """This is not available here."""

    condition, type = Condition.SERVICE_UNAVAILABLE, "cancel"


class NotImplementedHere(Refused):
    """This service does not do that."""

    condition, type = Condition.FEATURE_NOT_IMPLEMENTED, "cancel"


class RemoteServerNotFound(Refused):
    """This service does not reach that domain."""

    condition, type = Condition.REMOTE_SERVER_NOT_FOUND, "cancel"


class Overloaded(Refused):
    """The service cannot store this just now; try again in a moment."""

    condition, type = Condition.RESOURCE_CONSTRAINT, "wait"


class TooMuch(Refused):
    """That is more than this service accepts."""

    condition, type = Condition.POLICY_VIOLATION, "modify"


class InternalError(Refused):
    """Something went wrong inside the service; it has been written down."""

    condition, type = Condition.INTERNAL_SERVER_ERROR, "cancel"


def error_element(refusal: Refused, by: str | None = None) -> Element:
    """The ``<error/>`` child that says why."""
    error = make("{jabber:client}error", type_=refusal.type, by=by)
    add(error, f"{{{STANZA_ERRORS}}}{refusal.condition}")
    if refusal.sentence:
        text = add(error, f"{{{STANZA_ERRORS}}}text", refusal.sentence)
        text.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    if refusal.details is not None:
        error.append(refusal.details)
    return error


def error_reply(
    request: Element, refusal: Refused, *, sender: str | None = None, by: str | None = None
) -> Element:
    """The answer to `request`, from its addressee (or `sender`) back to where it came from.

    `by` is who refuses, where that is somebody else than the addressee.
    Must not be used for errors or results: `answerable` says whether one may answer.
    """
    reply = stanza(
        local_name(request),
        type_="error",
        id_=request.get("id"),
        from_=sender or request.get("to"),
        to=request.get("from"),
    )
    if refusal.quoted is not None:
        reply.append(deepcopy(refusal.quoted))
    reply.append(error_element(refusal, by))
    return reply


@contextmanager
def quoting(payload: Element) -> Iterator[None]:
    """A refusal of what is done in there shows the request again (RFC 6120 section 8.3.1)."""
    try:
        yield
    except Refused as refusal:
        refusal.quoted = payload
        raise


def answerable(element: Element) -> bool:
    """Whether an error may answer this stanza: errors and results never are, so nothing loops."""
    return element.get("type") not in ("error", "result")


class StreamFault(Exception):
    """A stream error, RFC 6120 section 4.9.3: the stream closes after it."""

    def __init__(self, condition: str, text: str = "", *, details: Element | None = None) -> None:
        super().__init__(text or condition)
        self.condition, self.text, self.details = condition, text, details

    def element(self) -> Element:
        """The ``<stream:error/>``."""
        error = make(f"{{{STREAM}}}error")
        add(error, f"{{{STREAM_ERRORS}}}{self.condition}")
        if self.text:
            text = add(error, f"{{{STREAM_ERRORS}}}text", self.text)
            text.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
        if self.details is not None:
            error.append(self.details)
        return error


class StanzaTooBig(StreamFault):
    """An element has more bytes than this stream may carry at once."""

    def __init__(self, limit: int) -> None:
        super().__init__("policy-violation", f"A stanza may have {limit} bytes at most.")
