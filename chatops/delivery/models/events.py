"""What happened to messages: append-only lines."""

from copy import copy
from datetime import datetime
from typing import Any, NoReturn

from django.conf import settings
from django.db import models

from chatops.accounts.models import Device
from chatops.core.ids import moment_of

NODE = f"{settings.CHATOPS_DOMAIN}/{settings.CHATOPS_NODE}"  # where ORM's events happen
NOT_SEALED = "An event is added with delivery.events.append, which seals it."
NOT_CHANGED = "The ledger's events are neither changed nor deleted."


class EventKind(models.IntegerChoices):
    """What can happen to a message; State has what is left of it."""

    ACCEPTED = 5, "accepted"
    STORED = 10, "stored"
    QUEUED = 20, "queued offline"
    NOTIFIED = 25, "notified by push"  # XEP-0357: the device may come and fetch it
    CAUGHT_UP = 27, "offered while catching up"  # other devices of the account had it before
    SENT = 30, "sent"
    CONFIRMED = 40, "confirmed"
    OVERDUE = 45, "not confirmed in time"  # its sender was told (CRS)
    DISPLAYED = 50, "displayed"
    REQUEUED = 55, "back in the queue"
    MISSED = 56, "missed"
    RETRIED = 57, "retried"
    FAILED = 60, "failed"
    EXPIRED = 70, "expired"
    DISCARDED = 80, "discarded"


class EventQuerySet(models.QuerySet["Event"]):
    """Events are read; they come by `delivery.events` alone, which seals them (delivery.chain)."""

    def create(self, **kwargs: Any) -> NoReturn:
        raise TypeError(NOT_SEALED)

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(NOT_SEALED)

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError(NOT_CHANGED)

    def delete(self) -> NoReturn:
        raise TypeError(NOT_CHANGED)


class Event(models.Model):
    """One line of a message's timeline. Append-only, and sealed with those written with it."""

    id = models.BigIntegerField(primary_key=True, help_text="Time-ordered: also when it happened.")
    message_id = models.BigIntegerField()
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    device = models.ForeignKey(
        Device, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.SmallIntegerField(choices=EventKind.choices)
    node = models.CharField(max_length=64, blank=True)
    door = models.CharField(max_length=20, blank=True)
    detail = models.CharField(
        max_length=500, blank=True, help_text="By what: an ack, a receipt, an error."
    )
    sent = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Of a confirmation: an id, when it had been sent, if no line of its own says so.",
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index("message_id", "id", name="event_by_message")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.message_id}"

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(NOT_SEALED)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(NOT_CHANGED)

    @property
    def at(self) -> datetime:
        return moment_of(self.pk)

    def unfolded(self) -> "list[Event]":
        """What happened, a line each: a quick confirmation also says when it had been sent."""
        if self.sent is None:
            return [self]
        sent = copy(self)
        sent.pk, sent.kind, sent.detail, sent.sent = self.sent, EventKind.SENT, "", None
        return [sent, self]
