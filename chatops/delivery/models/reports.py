"""Figures by the hour, and exports."""

from typing import Self

from django.conf import settings
from django.db import models


class HourFigures(models.Model):
    """What became of the deliveries of the messages that were accepted in one hour."""

    hour = models.DateTimeField(primary_key=True)
    delivered = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    latencies = models.JSONField(
        default=dict, help_text="How long until confirmation, by logarithmic bucket."
    )
    counted_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "hour figures"

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:%M}: {self.delivered} delivered"


class ExportJobQuerySet(models.QuerySet["ExportJob"]):
    def open(self) -> Self:
        """What is still being written."""
        return self.filter(state=ExportJob.State.OPEN)


class ExportJob(models.Model):
    """The delivery log, or what filters show of it, as a file for one person."""

    class State(models.TextChoices):
        OPEN = "open", "being written"
        DONE = "done", "done"
        STOPPED = "stopped", "stopped"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    format = models.CharField(max_length=20)
    query = models.JSONField(default=dict)
    before = models.BigIntegerField(help_text="What was accepted later is not in it.")
    oldest = models.BigIntegerField(help_text="The first message of the log, for the progress.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    rows = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0, help_text="Of the file, that are certain.")
    place = models.CharField(max_length=50, blank=True, help_text="The next row comes after that.")
    asked_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = ExportJobQuerySet.as_manager()

    class Meta:
        verbose_name = "export"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def percent(self) -> int:
        """How much of the log's time is behind it."""
        at = int(self.place.partition("-")[0] or self.before)
        whole = max(1, self.before - self.oldest)
        return min(100, max(0, 100 * (self.before - at) // whole))
