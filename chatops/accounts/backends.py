"""Signing in to the pages with a name or with a JID."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from chatops.accounts import services
from chatops.accounts.models import User
from chatops.accounts.services import doorkeeper
from chatops.xmpp.errors import Refused
from chatops.xmpp.sasl.scram import fake_record


class NameOrJidBackend(ModelBackend):
    """As Django's own; ``alice@DOMAIN`` is alice, too, and a failure leaves an audit entry."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if username is None or password is None:
            return None
        address = request.META.get("REMOTE_ADDR", "") if request is not None else ""
        if address and not doorkeeper.FAILED_LOGINS.has_some(address):
            return None  # nothing is learnt about the password; the form says why
        user = _account(username)
        if user is None or not user.has_usable_password():
            # Nobody learns from the time it takes whether there is such an account.
            secret = settings.SECRET_KEY.encode()
            fake_record(username, secret, settings.CHATOPS_SCRAM_ITERATIONS).verify(password)
        elif user.check_password(password) and self.user_can_authenticate(user):
            return user
        if address:
            doorkeeper.FAILED_LOGINS.take(address)
        services.note_failed_login(user, door="browser", address=address or None)
        return None


def _account(address: str) -> User | None:
    try:
        return User.objects.filter(username=services.localpart(address)).first()
    except Refused:
        return None
