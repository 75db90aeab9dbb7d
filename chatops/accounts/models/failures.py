"""Logins that failed."""

from django.db import models
from django.utils import timezone

from chatops.accounts.models.people import User


class FailedLogin(models.Model):
    """Wrong passwords of one hour, for one account, from one address, through one door."""

    user = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="failed_logins", verbose_name="person"
    )
    address = models.CharField(max_length=50, blank=True)
    door = models.CharField(max_length=20)
    mechanism = models.CharField(max_length=30, blank=True, help_text="Empty: a page's form.")
    hour = models.DateTimeField()
    count = models.PositiveIntegerField("failures", default=0)
    first_at = models.DateTimeField("first", default=timezone.now)
    last_at = models.DateTimeField("last", default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "failed login"
        ordering = ["-last_at"]
        indexes = [models.Index(fields=["user", "hour"])]

    def __str__(self) -> str:
        account = "an unknown account" if self.user is None else self.user.jid
        return f"failed logins of {account}"
