"""Signing in to the pages with a name or with a JID."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from chatops.accounts import services
from chatops.accounts.models import User
from chatops.accounts.services import failures
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
        attempt = attempt_of(username, address)
        if address and failures.may_not_try(attempt):
            return None  # nothing is learnt about the password; the form says why
        user = User.objects.filter(username=attempt.account).first() if attempt.account else None
        if user is None or not user.has_usable_password():
            # Nobody learns from the time it takes whether there is such an account.
            secret = settings.SECRET_KEY.encode()
            fake_record(username, secret, settings.CHATOPS_SCRAM_ITERATIONS).verify(password)
        elif user.check_password(password) and self.user_can_authenticate(user):
            services.guesses.succeeded(attempt)
            return user
        failures.fail(attempt)
        return None


def attempt_of(username: str, address: str) -> services.Attempt:
    """Who signs in to a page, by a name or by a JID, from which address."""
    try:
        account = services.localpart(username)
    except Refused:
        account = ""
    return services.Attempt(account, address, "browser")
