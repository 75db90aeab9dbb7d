"""In-band registration, XEP-0077: an account made, kept and given up by its own person."""

from dataclasses import dataclass, field

from django.conf import settings

from chatops.accounts import services
from chatops.accounts.handlers import xep_0158
from chatops.accounts.handlers.xep_0445 import invitation_of
from chatops.accounts.models import Invitation
from chatops.accounts.services import Application, doorkeeper, registration
from chatops.audit.services import Actor
from chatops.core.database import in_db
from chatops.core.features import PATIENCE, Feature, IqRequest, StrangerRequest
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element, add, make, text_of
from chatops.xmpp.errors import (
    BadRequest,
    Condition,
    NotAcceptable,
    NotAllowed,
    NotAuthorized,
    Refused,
    Unavailable,
)
from chatops.xmpp.forms import FormField, Submission, X, build

REGISTER = "jabber:iq:register"
QUERY, REMOVE = f"{{{REGISTER}}}query", f"{{{REGISTER}}}remove"
STREAM_FEATURE = "{http://jabber.org/features/iq-register}register"
OOB = "jabber:x:oob"
TOKEN = "token"  # noqa: S105 - the name of a field of our own, for clients without XEP-0445
_DONE = "registered"

register = Feature("XEP-0077", (REGISTER,), note="without the numeric error codes of XEP-0086")


class NotSafe(NotAuthorized):
    """Encrypt the stream first: a password is not to be read on its way."""

    type = "modify"


class NoAccountYet(Refused):
    """Log in first."""

    condition, type = Condition.UNEXPECTED_REQUEST, "modify"


class Incomplete(NotAcceptable):
    """A name and a password are needed."""


class OnceOnly(NotAcceptable):
    """An account was made on this connection already; log in with it."""


class RemovalOff(NotAllowed):
    """Accounts are removed by administrators only; ask one."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What came in a set: a data form goes before the simple fields (section 4)."""

    username: str | None
    password: str | None
    email: str = ""
    name: str = ""
    token: str = ""
    challenge: str = ""
    answers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, query: Element) -> "Filled":
        form = query.find(X)
        if form is None:
            given = {tag: text_of(query, tag, REGISTER) for tag in ("username", "password")}
            email, name = (text_of(query, tag, REGISTER) or "" for tag in ("email", "name"))
            return cls(given["username"], given["password"], email, name)
        submission = Submission.read(form)
        if submission.type != "submit":
            raise BadRequest("Submit the form.")
        challenge, answers = xep_0158.answers(submission)
        return cls(
            submission.text("username"),
            submission.text("password"),
            submission.text("email") or "",
            submission.text("name") or "",
            submission.text(TOKEN) or "",
            challenge,
            answers,
        )


# Before the login


@register.first_stream_feature
def announce(secure: bool) -> Element | None:  # noqa: FBT001 - the hook's signature
    """Section 7; only where a password may be sent."""
    return make(STREAM_FEATURE) if secure and registration.mode() != registration.OFF else None


@register.iq_of_strangers("get", QUERY)
async def send_fields(request: StrangerRequest) -> Element:
    """What is needed (section 3.1), which takes a person a while to fill in."""
    if registration.mode() == registration.OFF:
        raise Unavailable(services.RegistrationOff.default_sentence())
    if not request.secure:
        raise NotSafe
    request.notes[PATIENCE] = settings.CHATOPS_REGISTRATION_SECONDS
    invitation = invitation_of(request)
    if (
        invitation is not None or registration.mode() != registration.CAPTCHA
    ):  # posing a riddle counts itself
        doorkeeper.count_attempt(request.address)
    if invitation is not None or registration.mode() == registration.OPEN:
        query = make(QUERY)
        add(query, f"{{{REGISTER}}}instructions", "Choose a name and a password.")
        add(query, f"{{{REGISTER}}}username", invitation.username if invitation else None)
        add(query, f"{{{REGISTER}}}password")
        query.append(_form(invitation, []))
        return query
    if registration.mode() == registration.INVITE:
        code = FormField(TOKEN, label="Invitation code", required=True)
        return _with_page(_form(None, [code]), "An invitation is needed to register here.")
    posed = await xep_0158.pose(request)
    form = _form(None, xep_0158.fields(request, posed))
    query = _with_page(form, "Show that you are a person to register here.")
    query.append(xep_0158.illustrate(request, posed, form))
    return query


@register.iq_of_strangers("set", QUERY)
async def make_account(request: StrangerRequest) -> None:
    """Section 3.1; the client logs in with it next, on the same stream."""
    if not request.secure:
        raise NotSafe
    if request.payload.find(REMOVE) is not None:
        raise NoAccountYet
    if _DONE in request.notes:
        raise OnceOnly
    filled, invitation = Filled.read(request.payload), invitation_of(request)
    registration.must_not_be_off()
    if invitation is None and filled.token:
        doorkeeper.count_attempt(request.address)
        invitation = await in_db(services.admit, filled.token)
    if not filled.password or not (filled.username or (invitation and invitation.username)):
        raise Incomplete
    application = Application(
        filled.username or "",
        filled.password,
        filled.name,
        filled.email,
        invitation,
        filled.challenge,
        filled.answers,
    )
    await in_db(services.register, application, door="xmpp", address=request.address)
    request.notes[_DONE] = True


def _form(invitation: Invitation | None, further: list[FormField]) -> Element:
    """The fields of section 4, those of the specification first."""
    kept = (invitation.username,) if invitation is not None and invitation.username else ()
    fields = [
        FormField("username", label="Name", values=kept, required=True),
        FormField("password", "text-private", "Password", required=True),
        *further,
    ]
    return build("form", REGISTER, fields, f"Register with {settings.CHATOPS_DOMAIN}")


def _with_page(form: Element, sentence: str) -> Element:
    """The form, and a page for clients that know no forms (sections 5 and 6)."""
    page = settings.CHATOPS_PUBLIC_URL and f"{settings.CHATOPS_PUBLIC_URL}/register/"
    query = make(QUERY)
    add(
        query,
        f"{{{REGISTER}}}instructions",
        f"{sentence} Without a form, go to {page}" if page else sentence,
    )
    query.append(form)
    if page:
        add(add(query, f"{{{OOB}}}x"), f"{{{OOB}}}url", page)
    return query


# After the login


@register.iq("get", QUERY)
async def send_registration(request: IqRequest) -> Element:
    """That one is registered, and as whom; the password is not known here."""
    session = _own(request)
    user = await in_db(services.find, session.bare)
    query = make(QUERY)
    add(query, f"{{{REGISTER}}}registered")
    add(query, f"{{{REGISTER}}}instructions", "To change your password, send a new one.")
    add(query, f"{{{REGISTER}}}username", user.username)
    add(query, f"{{{REGISTER}}}password")
    if user.email:
        add(query, f"{{{REGISTER}}}email", user.email)
    return query


@register.iq("set", QUERY)
async def change(request: IqRequest) -> None:
    """A new password (section 3.3), or the end of the account (section 3.2)."""
    session = _own(request)
    if request.payload.find(REMOVE) is not None:
        if len(request.payload) != 1:
            raise BadRequest("A removal has no other fields.")
        await _remove(session)
        return
    filled = Filled.read(request.payload)
    if not filled.username or not filled.password:
        raise BadRequest("Send your name and a new password.")
    if services.localpart(filled.username) != session.jid.local:
        raise NotAllowed("You can change your own password only.")
    await in_db(_set_password, session, filled.password)


def _set_password(session: Session, password: str) -> None:
    """The devices that used the old one are logged out; the one that changed it goes on."""
    user = services.find(session.bare)
    services.must_be_strong(password, user=user)
    services.set_password(user, password=password, by=_actor(session), spared=session.jid.resource)


async def _remove(session: Session) -> None:
    """The answer goes out, and then the session ends as section 3.2 has it."""
    if not settings.CHATOPS_ACCOUNT_REMOVAL:
        raise RemovalOff
    await in_db(_remove_account, session)
    wire().spawn(_end(session))


def _remove_account(session: Session) -> None:
    user = services.find(session.bare)
    services.remove_account(user, by=_actor(session), spared=session.jid.resource)


async def _end(session: Session) -> None:
    session.end("not-authorized", "The account was removed.")


def _own(request: IqRequest) -> Session:
    """Only people of ours are registered here."""
    if request.session is None:
        raise Unavailable
    return request.session


def _actor(session: Session) -> Actor:
    return Actor.client(session.bare, session.user_id, session.address.partition("%")[0] or None)
