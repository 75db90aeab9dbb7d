"""The verbs. Each is one transaction, with its line in the audit trail."""

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from chatops.accounts.models import User
from chatops.accounts.services.moments import take_leave
from chatops.accounts.services.news import AccountChanged, AccountRemoved, SessionsEnd
from chatops.accounts.services.refusals import (
    AlreadyThere,
    BadDetails,
    BadPassword,
    ForeignDomain,
    LastAdministrator,
    NoSuchAccount,
    NotOneself,
    Outranked,
)
from chatops.audit.services import Actor, record
from chatops.core.live import ring
from chatops.xmpp.errors import Malformed
from chatops.xmpp.jid import InvalidJID, parse


def localpart(address: str) -> str:
    """The local part of ``name`` or ``name@domain``. Raises Malformed or ForeignDomain."""
    try:
        jid = parse(address if "@" in address else f"{address}@{settings.CHATOPS_DOMAIN}")
    except InvalidJID as error:
        raise Malformed(f"{address!r} is not an address.") from error
    if jid.domain != settings.CHATOPS_DOMAIN:
        raise ForeignDomain(
            f"{address} is not in {settings.CHATOPS_DOMAIN}, this service's domain."
        )
    if not jid.local or jid.resource:
        raise Malformed(f"{address!r} is not the address of an account.")
    return jid.local


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
    is_staff: bool = False,
    name: str = "",
    email: str = "",
    encoded: str = "",
    how: str = "",
) -> User:
    """Make an account; `encoded` is the password's record where it has been derived already.

    `how` is noted: by which way somebody came who made it for himself.

    Raises Malformed, ForeignDomain, AlreadyThere, BadPassword or BadDetails.
    """
    user = new_user(address, name=name, email=email)
    user.is_staff, user.is_superuser = is_staff or is_admin, is_admin
    if User.objects.filter(username=user.username).exists():
        raise AlreadyThere(f"There is an account {address} already.")
    _set_password(user, password, encoded)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:  # somebody was faster
        raise AlreadyThere(f"There is an account {address} already.") from error
    noted = {"how": how} if how else {}
    record(by, "account.add", user, console=user.is_staff, administrator=is_admin, **noted)
    return user


def new_user(address: str, *, name: str = "", email: str = "") -> User:
    """An account as it would be saved, without a password. Raises as `add_account` does."""
    user = User(username=localpart(address), name=name, email=email)
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise BadDetails(" ".join(error.messages)) from error
    return user


@transaction.atomic
def change_account(user: User, *, by: Actor, **changes: str | bool) -> None:
    """Change name, email, uses_crs, is_staff or is_superuser.

    Raises LastAdministrator or Outranked.
    """
    _must_outrank(user, by)
    kept = User.objects.get(pk=user.pk)
    if not (changes.get("is_staff", True) and changes.get("is_superuser", True)):
        _must_not_be_last_administrator(kept)
    new = {field: value for field, value in changes.items() if getattr(kept, field) != value}
    if not new:
        return
    before = {field: getattr(kept, field) for field in new}
    for field, value in new.items():
        setattr(user, field, value)
    user.save(update_fields=list(new))
    record(by, "account.change", user, before=before, after=new)
    ring(AccountChanged(user.pk, user.jid))


@transaction.atomic
def set_password(
    user: User, *, password: str, by: Actor, keep_sessions: bool = False, spared: str = ""
) -> None:
    """Change it; sessions that logged in with the old one end, but for the resource `spared`.

    Raises BadPassword or Outranked.
    """
    _must_outrank(user, by)
    _set_password(user, password)
    user.save(update_fields=["password"])
    record(by, "account.password", user)
    if not keep_sessions:
        text = "The password was changed."
        ring(SessionsEnd(user.jid, "", "not-authorized", text, spared=spared))


@transaction.atomic
def remove_account(user: User, *, by: Actor, spared: str = "") -> None:
    """Remove an account and what belongs to it; its sessions end, but for the resource `spared`.

    Raises LastAdministrator or Outranked.
    """
    _must_outrank(user, by)
    _must_not_be_last_administrator(user)
    jid = user.jid
    record(by, "account.remove", jid)
    take_leave(user, by)
    user.delete()
    ring(SessionsEnd(jid, "", "not-authorized", "The account was removed.", spared=spared))
    ring(AccountRemoved(jid))


@transaction.atomic
def suspend(user: User, *, reason: str, by: Actor) -> None:
    """Nobody logs in with it, anywhere, until it is resumed.

    Raises LastAdministrator, NotOneself or Outranked.
    """
    if by.user_id == user.pk:
        raise NotOneself
    _must_outrank(user, by)
    _must_not_be_last_administrator(user)
    longest = User._meta.get_field("suspended_reason").max_length
    user.is_active, user.suspended_reason = False, reason[:longest]
    user.save(update_fields=["is_active", "suspended_reason"])
    record(by, "account.suspend", user, reason=user.suspended_reason)
    ring(SessionsEnd(user.jid, "", "policy-violation", "The account was suspended."))
    ring(AccountChanged(user.pk, user.jid))


@transaction.atomic
def resume(user: User, *, by: Actor) -> None:
    """End a suspension. Raises Outranked."""
    _must_outrank(user, by)
    user.is_active, user.suspended_reason = True, ""
    user.save(update_fields=["is_active", "suspended_reason"])
    record(by, "account.resume", user)
    ring(AccountChanged(user.pk, user.jid))


@transaction.atomic
def end_sessions(user: User, *, by: Actor, resource: str = "") -> None:
    """Log devices out: one, or all where no resource is named. Raises Outranked."""
    _must_outrank(user, by)
    record(by, "account.logout", user, resource=resource)
    ring(SessionsEnd(user.jid, resource, "policy-violation", "An administrator logged you out."))


def hash_password(password: str) -> str:
    """The record of a password. Raises BadPassword."""
    user = User()
    _set_password(user, password)
    return user.password


def must_be_strong(password: str, *, user: User | None = None) -> None:
    """What a person chooses for another meets AUTH_PASSWORD_VALIDATORS. Raises BadPassword."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadPassword(" ".join(error.messages)) from error


def is_last_administrator(user: User) -> bool:
    """Whether nobody else could administer the service."""
    others = User.objects.filter(is_superuser=True, is_staff=True, is_active=True)
    return user.is_superuser and not others.exclude(pk=user.pk).exists()


def may_act_on(user: User, *, user_id: int | None) -> bool:
    """Whether somebody's rank reaches: who uses the console is for administrators, and himself."""
    if user_id is None or user_id == user.pk or not (user.is_staff or user.is_superuser):
        return True
    return User.objects.filter(pk=user_id, is_superuser=True, is_active=True).exists()


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


def _must_outrank(user: User, by: Actor) -> None:
    if not may_act_on(user, user_id=by.user_id):
        raise Outranked


def _must_not_be_last_administrator(user: User) -> None:
    # Locked, so that the last two do not remove each other at the same time.
    list(User.objects.select_for_update().filter(is_superuser=True).values_list("pk"))
    if is_last_administrator(user):
        raise LastAdministrator
