"""Invitations, and what was made of them."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from chatops.accounts.models.people import validate_localpart

MOST_USES = 1_000


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime) -> Self:
        """Those that somebody could use now."""
        return self.filter(revoked_at=None, use_by__gt=now, used__lt=models.F("most_uses"))

    def that_keep(self, username: str, now: datetime) -> Self:
        """Open ones that name an account to be made (XEP-0445 section 5)."""
        return self.open(now).filter(username=username)


class Invitation(models.Model):
    """Lets people make an account here, or become somebody's contact, without being asked further.

    The token in its link is not kept: it is derived from `seed` with the service's secret key, and
    `token_hash` is what comes in is compared with.
    """

    class State(models.TextChoices):
        OPEN = "open"
        USED = "used"
        EXPIRED = "expired"
        REVOKED = "revoked"

    seed = models.CharField(max_length=64, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="invitations",
        verbose_name="invited by",
    )
    made_by_name = models.CharField("invited by", max_length=1100, editable=False)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    username = models.CharField(
        "name of the account",
        max_length=1023,
        blank=True,
        validators=[validate_localpart],
        help_text="Empty: whoever comes chooses it.",
    )
    makes_account = models.BooleanField(
        "for a new account", default=True, help_text="Otherwise only to become a contact."
    )
    most_uses = models.PositiveIntegerField(
        "how many may use it",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_USES)],
    )
    used = models.PositiveIntegerField(default=0, editable=False)
    use_by = models.DateTimeField(db_index=True)
    groups = models.ManyToManyField(
        Group, blank=True, help_text="Newcomers get the rights of these groups."
    )
    rooms = models.JSONField(
        default=list, blank=True, help_text="Addresses of rooms that newcomers become members of."
    )
    contact = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="introductions",
        help_text="Newcomers and this person see each other in their contact lists.",
    )
    note = models.CharField(max_length=200, blank=True, help_text="For you: whom it is for.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return self.note or (f"for {self.username}" if self.username else f"invitation {self.pk}")

    @property
    def state(self) -> State:
        if self.revoked_at is not None:
            return self.State.REVOKED
        if self.used >= self.most_uses:
            return self.State.USED
        return self.State.EXPIRED if self.use_by <= timezone.now() else self.State.OPEN


class InvitationUse(models.Model):
    """Somebody came by an invitation: a new account, or a contact of this or another service."""

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="uses")
    jid = models.CharField("who", max_length=2047, help_text="Bare JID.")
    made_account = models.BooleanField(default=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.jid} by {self.invitation}"
