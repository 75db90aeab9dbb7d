from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from chatops.xmpp.jid import InvalidJID, parse


def validate_localpart(value: str) -> None:
    """A username is the normalised local part of a JID (RFC 7622 section 3.3)."""
    try:
        jid = parse(f"{value}@{settings.CHATOPS_DOMAIN}")
    except InvalidJID as error:
        raise ValidationError("This cannot be the local part of a JID.") from error
    if jid.local != value or jid.resource:
        raise ValidationError(f"Write it as {jid.local!r}, as addresses are compared.")


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person (or a program) with an account: the web login and the XMPP account in one."""

    password = models.CharField(max_length=300)  # a SCRAM record is longer than Django's own
    username = models.CharField(max_length=1023, unique=True, validators=[validate_localpart])
    name = models.CharField(max_length=200, blank=True, help_text="As others see it.")
    email = models.EmailField(blank=True)
    is_staff = models.BooleanField("may use the console", default=False)
    is_active = models.BooleanField(
        default=True, help_text="Suspended people cannot log in anywhere."
    )
    suspended_reason = models.CharField(max_length=500, blank=True)
    date_joined = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(
        null=True, blank=True, help_text="End of the last XMPP session."
    )
    last_status = models.CharField(
        max_length=1_000, blank=True, help_text="What was said on leaving (XEP-0012)."
    )
    uses_crs = models.BooleanField(
        "server acknowledgements (CRS)",
        default=False,
        help_text="Senders hear when a message is stored or late; what a device has not confirmed"
        " is offered again at each login. Only for clients that speak this private extension.",
    )

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        ordering = ["username"]
        permissions = [
            ("end_sessions", "Can log people out"),
            ("suspend_user", "Can suspend people"),
            ("reset_password", "Can set people's passwords"),
        ]

    def __str__(self) -> str:
        return self.jid

    @property
    def jid(self) -> str:
        """The bare JID."""
        return f"{self.username}@{settings.CHATOPS_DOMAIN}"

    def get_full_name(self) -> str:
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.name or self.username
