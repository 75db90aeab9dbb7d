"""Signing in to the pages with a name or with a JID."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from chatops.accounts import services
from chatops.accounts.models import User
from chatops.xmpp.errors import Refused


class NameOrJidBackend(ModelBackend):
    """As Django's own; ``alice@DOMAIN`` is alice, too."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        address = username or ""
        try:
            name = services.localpart(address)
        except Refused:
            name = address
        found = super().authenticate(request, username=name, password=password)
        return found if isinstance(found, User) else None
