from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from chatops.accounts.models import Device
from chatops.core.ids import moment_of


class Health(models.TextChoices):
    """How a registration fares."""

    UNUSED = "unused", "not used yet"
    WORKING = "working", "working"
    FAILING = "failing", "failing, tried again"
    BROKEN = "broken", "broken"


BADGES = {Health.WORKING: "co-good", Health.FAILING: "co-warn", Health.BROKEN: "co-bad"}


class RegistrationQuerySet(models.QuerySet["Registration"]):
    def in_use(self) -> Self:
        return self.filter(broken=False)

    def faring(self, health: str) -> Self:
        """Those whose `health` is that."""
        if health == Health.BROKEN:
            return self.filter(broken=True)
        rest = self.filter(broken=False)
        if health == Health.FAILING:
            return rest.filter(failures__gt=0)
        return rest.filter(failures=0, sent__isnull=health == Health.UNUSED)


class Registration(models.Model):
    """An app server that is to hear when a person's device misses something (XEP-0357)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="push_registrations",
        verbose_name="person",
    )
    jid = models.CharField("app server", max_length=2000)
    node = models.CharField(max_length=2000, blank=True)
    # Credentials, mostly: they go to the app server and are shown to nobody.
    options = models.JSONField(default=dict, help_text="Publish options: values by field.")
    device = models.ForeignKey(
        Device, models.SET_NULL, null=True, blank=True, related_name="push_registrations"
    )
    enabled_at = models.DateTimeField(default=timezone.now)
    sent = models.BigIntegerField(null=True, help_text="Id of the last notification: its time.")
    waiting = models.PositiveIntegerField(
        "messages missed",
        default=0,
        help_text="Since the device was last here, as the app server was told.",
    )
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    failed = models.BigIntegerField(null=True, help_text="Id of the last failure: its time.")
    error = models.CharField("last error", max_length=500, blank=True)
    broken = models.BooleanField(default=False, help_text="Not used until it is enabled anew.")

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = "push registration"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint("user", "jid", "node", name="push_once")]

    def __str__(self) -> str:
        return f"{self.jid} for {self.user}"

    @property
    def health(self) -> Health:
        if self.broken:
            return Health.BROKEN
        if self.failures:
            return Health.FAILING
        return Health.UNUSED if self.sent is None else Health.WORKING

    @property
    def badge(self) -> str:
        """How the console shows its health."""
        return BADGES.get(self.health, "")

    @property
    def sent_at(self) -> datetime | None:
        return None if self.sent is None else moment_of(self.sent)

    @property
    def failed_at(self) -> datetime | None:
        return None if self.failed is None else moment_of(self.failed)


class Discretion(models.Model):
    """Whoever has one wants app servers to hear neither senders nor words (section 9)."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="push_discretion",
    )

    def __str__(self) -> str:
        return f"discretion of {self.user}"
