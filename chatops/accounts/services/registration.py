"""Making an account for oneself: whether, how, and how often (XEP-0077, and the page)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chatops.accounts.models import Invitation, User
from chatops.accounts.services import challenges, doorkeeper, invitations, moments
from chatops.accounts.services.people import (
    add_account,
    hash_password,
    localpart,
    must_be_strong,
    new_user,
)
from chatops.accounts.services.refusals import AlreadyThere, BadDetails
from chatops.audit.services import Actor
from chatops.xmpp.errors import Forbidden, Malformed, NotAllowed

OFF, INVITE, CAPTCHA, OPEN = "off", "invite", "captcha", "open"


class RegistrationOff(NotAllowed):
    """This service does not let people register; ask its administrator for an account."""


class InvitationNeeded(Forbidden):
    """An invitation is needed to make an account here."""


class BadName(BadDetails):
    """That cannot be the name of an account."""


@dataclass(frozen=True, slots=True)
class Application:
    """What somebody who wants an account has filled in."""

    username: str
    password: str
    name: str = ""
    email: str = ""
    invitation: Invitation | None = None  # `invitations.admit` has let them in by it
    challenge: str = ""  # its id, and the answers by field
    answers: Mapping[str, str] = field(default_factory=dict)


def mode() -> str:
    """How people come here: off, invite, captcha or open."""
    return str(settings.CHATOPS_REGISTRATION)


def must_not_be_off() -> None:
    """Raises RegistrationOff."""
    if mode() == OFF:
        raise RegistrationOff


def must_be_allowed(invitation: Invitation | None) -> None:
    """Raises RegistrationOff or InvitationNeeded."""
    must_not_be_off()
    if mode() == INVITE and invitation is None:
        raise InvitationNeeded


def register(application: Application, *, door: str, address: str) -> User:
    """Make the account.

    Raises RegistrationOff, InvitationNeeded, NoSuchInvitation, BadName, BadPassword, BadDetails,
    AlreadyThere, the refusals of `challenges.check`, TooManyAttempts or TooManyAccounts.
    """
    doorkeeper.count_attempt(address)
    invitation = application.invitation
    must_be_allowed(invitation)
    if invitation is None:
        doorkeeper.must_have_room_for_account(address)
    username = _name(application)
    person = new_user(username, name=application.name, email=application.email)
    must_be_strong(application.password, user=person)
    _must_be_free(username, invitation)  # before the riddle is spent
    if invitation is None and mode() == CAPTCHA:
        challenges.check(application.challenge, application.answers)
    # It takes a while, so it is done before the database is held.
    encoded = hash_password(application.password)
    by = Actor(f"{person.jid} (registering)", door, address=address.partition("%")[0] or None)
    user = _store(application, username, encoded, by)
    if invitation is None:
        doorkeeper.ACCOUNTS.take(address)
    return user


@transaction.atomic
def _store(application: Application, username: str, encoded: str, by: Actor) -> User:
    invitation = application.invitation
    _must_be_free(username, invitation)
    user = add_account(
        username,
        password=application.password,
        encoded=encoded,
        by=by,
        name=application.name,
        email=application.email,
        how=f"invitation {invitation.pk}" if invitation is not None else mode(),
    )
    if invitation is not None:
        invitations.use(invitation, user, by=by)
        moments.greet(user, invitation, by)
    return user


def _must_be_free(username: str, invitation: Invitation | None) -> None:
    """Neither taken nor kept for somebody else (XEP-0445 section 5). Raises AlreadyThere."""
    kept = Invitation.objects.that_keep(username, timezone.now())
    if invitation is not None:
        kept = kept.exclude(pk=invitation.pk)
    if User.objects.filter(username=username).exists() or kept.exists():
        raise AlreadyThere(f"{username} is taken; choose another name.")


def _name(application: Application) -> str:
    """The name that is asked for, as it is compared. Raises BadName."""
    invitation = application.invitation
    asked = application.username.strip()
    fixed = invitation.username if invitation is not None else ""
    try:
        name = localpart(asked or fixed)
    except (Malformed, NotAllowed) as refusal:
        raise BadName(refusal.sentence if asked else "A name is needed.") from refusal
    if fixed and name != fixed:
        raise BadName(f"This invitation is for an account called {fixed}.")
    if not fixed and name in settings.CHATOPS_RESERVED_NAMES:
        raise BadName(f"{name} is a name that only administrators give; choose another one.")
    return name
