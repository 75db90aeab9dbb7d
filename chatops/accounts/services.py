"""What may happen to accounts. Each verb is one transaction, with its line in the audit trail."""

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from chatops.accounts.models import Device, User, validate_localpart
from chatops.audit.services import Actor, record
from chatops.core.live import bell, ring
from chatops.xmpp.errors import Conflict, Malformed, NotAcceptable, NotAllowed, NotFound
from chatops.xmpp.jid import JID, InvalidJID
from chatops.xmpp.sasl.scram import ScramRecord


@bell
class SessionsEnd:
    """An account's sessions are to end: all of them, or one resource's."""

    bare: str
    resource: str
    condition: str
    text: str


@bell
class AccountRemoved:
    """The account is gone, with everything that belonged to it."""

    bare: str


class AlreadyThere(Conflict):
    """There is an account of that name already."""


class NoSuchAccount(NotFound):
    """There is no such account."""


class ForeignDomain(NotAllowed):
    """Accounts are made in this service's own domain only."""


class BadPassword(NotAcceptable):
    """This password cannot be used."""


class LastAdministrator(NotAllowed):
    """This is the last administrator; make another one first."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a login is checked against."""

    user_id: int
    username: str
    is_active: bool
    record: ScramRecord


def credentials_of(*, username: str) -> Credentials | None:
    """The login of an account; None where there is none, or none with a password."""
    row = User.objects.filter(username=username).values_list("pk", "is_active", "password").first()
    if row is None:
        return None
    try:
        return Credentials(row[0], username, row[1], ScramRecord.decode(row[2]))
    except ValueError:
        return None


def note_login(*, user_id: int, resource: str, door: str) -> int:
    """Remember the device that has logged in; returns its key."""
    now = timezone.now()
    known = Device.objects.filter(user_id=user_id, resource=resource)
    device = known.values_list("pk", flat=True).first()
    if device is None:
        made, _ = Device.objects.get_or_create(
            user_id=user_id, resource=resource, defaults={"door": door}
        )
        return made.pk
    known.update(door=door, last_seen=now)
    return device


def note_logout(*, user_id: int, device_id: int) -> None:
    """Remember until when a device, and so its owner, was there."""
    now = timezone.now()
    Device.objects.filter(pk=device_id).update(last_seen=now)
    User.objects.filter(pk=user_id).update(last_seen=now)


def localpart(address: str) -> str:
    """The local part of ``name`` or ``name@domain``. Raises Malformed or ForeignDomain."""
    try:
        jid = JID(address if "@" in address else f"{address}@{settings.CHATOPS_DOMAIN}")
    except InvalidJID as error:
        raise Malformed(f"{address!r} is not an address.") from error
    if jid.domain != settings.CHATOPS_DOMAIN:
        raise ForeignDomain(
            f"{address} is not in {settings.CHATOPS_DOMAIN}, this service's domain."
        )
    if not jid.local or jid.resource:
        raise Malformed(f"{address!r} is not the address of an account.")
    return str(jid.local)


def find(address: str) -> User:
    """The account of a name or bare JID. Raises NoSuchAccount."""
    user = User.objects.filter(username=localpart(address)).first()
    if user is None:
        raise NoSuchAccount(f"There is no account {address}.")
    return user


@transaction.atomic
def add_account(
    address: str,
    *,
    password: str,
    by: Actor,
    is_admin: bool = False,
    name: str = "",
    encoded: str = "",
) -> User:
    """Make an account; `encoded` is the password's record where it has been derived already."""
    username = localpart(address)
    try:
        validate_localpart(username)
    except ValidationError as error:
        raise Malformed(" ".join(error.messages)) from error
    if User.objects.filter(username=username).exists():
        raise AlreadyThere(f"There is an account {address} already.")
    user = User(username=username, name=name, is_staff=is_admin, is_superuser=is_admin)
    _set_password(user, password, encoded)
    user.save()
    record(by, "account.add", user, administrator=is_admin)
    return user


@transaction.atomic
def set_password(user: User, *, password: str, by: Actor, keep_sessions: bool = False) -> None:
    """Change it; sessions that logged in with the old one end."""
    _set_password(user, password)
    user.save(update_fields=["password"])
    record(by, "account.password", user)
    if not keep_sessions:
        ring(SessionsEnd(user.jid, "", "not-authorized", "The password was changed."))


@transaction.atomic
def remove_account(user: User, *, by: Actor) -> None:
    """Remove an account and what belongs to it. Raises LastAdministrator."""
    _must_not_be_last_administrator(user)
    jid = user.jid
    record(by, "account.remove", jid)
    user.delete()
    ring(SessionsEnd(jid, "", "not-authorized", "The account was removed."))
    ring(AccountRemoved(jid))


@transaction.atomic
def suspend(user: User, *, reason: str, by: Actor) -> None:
    """Nobody logs in with it, anywhere, until it is resumed. Raises LastAdministrator."""
    _must_not_be_last_administrator(user)
    user.is_active, user.suspended_reason = False, reason
    user.save(update_fields=["is_active", "suspended_reason"])
    record(by, "account.suspend", user, reason=reason)
    ring(SessionsEnd(user.jid, "", "policy-violation", "The account was suspended."))


@transaction.atomic
def resume(user: User, *, by: Actor) -> None:
    """End a suspension."""
    user.is_active, user.suspended_reason = True, ""
    user.save(update_fields=["is_active", "suspended_reason"])
    record(by, "account.resume", user)


@transaction.atomic
def end_sessions(user: User, *, by: Actor, resource: str = "") -> None:
    """Log devices out: one, or all where no resource is named."""
    record(by, "account.logout", user, resource=resource)
    ring(SessionsEnd(user.jid, resource, "policy-violation", "An administrator logged you out."))


def hash_password(password: str) -> str:
    """The record of a password. Raises BadPassword."""
    user = User()
    _set_password(user, password)
    return user.password


def _set_password(user: User, password: str, encoded: str = "") -> None:
    if not password:
        raise BadPassword("A password is needed.")
    if encoded:
        user.password = encoded
        return
    try:
        user.set_password(password)
    except ValueError as error:
        raise BadPassword(str(error)) from error


def is_last_administrator(user: User) -> bool:
    """Whether nobody else could administer the service."""
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    return user.is_superuser and not others.exists()


def _must_not_be_last_administrator(user: User) -> None:
    if is_last_administrator(user):
        raise LastAdministrator
