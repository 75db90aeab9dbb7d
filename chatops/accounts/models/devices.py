"""The clients that people log in with."""

from typing import Self

from django.db import models
from django.utils import timezone

from chatops.accounts.models.people import User


class DeviceQuerySet(models.QuerySet["Device"]):
    def of(self, user: User) -> Self:
        """Those that somebody has, and has not forgotten."""
        return self.known().filter(user=user)

    def known(self) -> Self:
        return self.filter(forgotten_at=None)


class Device(models.Model):
    """A client that a person logs in with.

    It is known by the id that its installation gives (XEP-0388 section 2.3), whatever its resource
    is called today; else by its resource. One that was forgotten is another one when it comes
    again; its row stays, so that the ledger goes on naming it.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="devices", verbose_name="person")
    installation = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="A hash over the account and the id that the client gives; empty: it gives none.",
    )
    resource = models.CharField(max_length=1023, help_text="Of its last login.")
    name = models.CharField(max_length=200, blank=True, help_text="As its client calls it.")
    client = models.CharField(max_length=200, blank=True, help_text="The software's own name.")
    door = models.CharField(max_length=20, blank=True)
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)
    reads_archive = models.BooleanField(
        default=False, help_text="It fetches from the archive what it has missed."
    )
    wants_copies = models.BooleanField(
        default=False, help_text="It wants copies of what is sent to other devices (carbons)."
    )
    forgotten_at = models.DateTimeField(null=True, blank=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        ordering = ["user", "resource"]
        permissions = [("forget_device", "Can forget people's devices")]
        constraints = [
            models.UniqueConstraint(
                "user",
                "resource",
                condition=models.Q(installation="", forgotten_at=None),
                name="device_by_resource",
            ),
            models.UniqueConstraint(
                "user",
                "installation",
                condition=models.Q(forgotten_at=None) & ~models.Q(installation=""),
                name="device_by_installation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user.jid}/{self.resource}"

    @property
    def title(self) -> str:
        """What a person calls it."""
        return self.name or self.resource
