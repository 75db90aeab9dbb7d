"""Where messages stand with people and their devices."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models

from chatops.accounts.models import Device, User
from chatops.core.ids import moment_of


class State(models.IntegerChoices):
    """How far one message has come with one recipient's device; it only grows, but for QUEUED."""

    STORED = 10, "stored"  # committed, not yet written to a device
    MISSED = 15, "missed"  # it did not get there, while another device of the account has it
    QUEUED = 20, "queued"  # nobody was there: it waits for the next login
    SENT = 30, "sent"  # written to the device's connection
    CONFIRMED = 40, "confirmed"  # the device said so: XEP-0198, XEP-0184, CRS
    DISPLAYED = 50, "displayed"  # XEP-0333
    FAILED = 60, "failed"
    EXPIRED = 70, "expired"
    DISCARDED = 80, "discarded"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def owed_to(self, user: User) -> Self:
        """What still has to reach somebody: the offline queue, in the order of acceptance."""
        return self.filter(recipient=user, owed=True).order_by("message_id")

    def queued_for(self, user_id: int) -> Self:
        """What waits for whichever of somebody's devices comes first."""
        return self.filter(recipient_id=user_id, owed=True, state=State.QUEUED)

    def dead(self) -> Self:
        """What was given up, and waits for an administrator's decision."""
        return self.filter(state__in=(State.FAILED, State.EXPIRED))

    def of_message(self, message_id: int) -> Self:
        return self.filter(message_id=message_id)


class Delivery(models.Model):
    """Where one message stands with one recipient, on one device: derived from the events.

    Without a device it stands for the account as a whole: it is queued.
    """

    id = models.BigIntegerField(primary_key=True)
    # The message may be one that is kept nowhere (no-store), so the database does not insist on it.
    message = models.ForeignKey(
        "archive.Message",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="deliveries",
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_index=False, related_name="deliveries"
    )
    device = models.ForeignKey(
        Device, models.SET_NULL, null=True, blank=True, db_index=False, related_name="deliveries"
    )
    state = models.SmallIntegerField(choices=State.choices)
    owed = models.BooleanField(default=True, help_text="It must be offered again.")
    changed = models.BigIntegerField(help_text="Id of the last event, so also its time.")
    attempts = models.PositiveSmallIntegerField(
        db_default=0, help_text="How often a device was sent it and did not confirm it."
    )
    # Moments as ids, which sort by time.
    due = models.BigIntegerField(db_default=0, help_text="Not offered before that; 0: at once.")
    expires = models.BigIntegerField(
        null=True, blank=True, help_text="Not offered after that; empty: for ever."
    )

    most_attempts = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="0: without a limit; empty: as for all messages."
    )

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-id"]
        indexes = [
            # The log's pages: each of them in the order of acceptance.
            models.Index("message", "id", name="delivery_by_message"),
            models.Index("recipient", "message", name="delivery_by_recipient"),
            # Of what is at the end of its way, or passes on at once, there is almost everything.
            models.Index(
                "state",
                "message",
                name="delivery_by_state",
                condition=~models.Q(state__in=(State.STORED, State.CONFIRMED, State.DISPLAYED)),
            ),
            models.Index(
                "recipient", "message", name="delivery_owed", condition=models.Q(owed=True)
            ),
            models.Index(
                "device",
                "message",
                name="delivery_underway",
                condition=models.Q(owed=True, device__isnull=False),
            ),
            models.Index(
                "expires",
                name="delivery_expiring",
                condition=models.Q(owed=True, state=State.QUEUED, expires__isnull=False),
            ),
            models.Index("due", name="delivery_due", condition=models.Q(owed=True, due__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} → {self.recipient}: {self.get_state_display()}"

    @property
    def changed_at(self) -> datetime:
        return moment_of(self.changed)


class DeadLetter(Delivery):
    """What was given up: out of attempts, or out of time. An administrator decides on it."""

    class Meta:
        proxy = True
        verbose_name = "dead letter"
        permissions = [("decide_deadletter", "Can offer dead letters again, or discard them")]


class CopiesGot(models.Model):
    """Copies (carbons) of messages that a device has got, which have no delivery of their own."""

    id = models.BigIntegerField(primary_key=True, help_text="Time-ordered: also when it was noted.")
    device = models.ForeignKey(Device, models.CASCADE, db_index=False, related_name="+")
    messages = models.BinaryField(help_text="Their ids, 64 bits each.")

    class Meta:
        verbose_name_plural = "copies got"
        ordering = ["id"]
        indexes = [models.Index("device", "id", name="copies_by_device")]

    def __str__(self) -> str:
        return f"{len(self.messages) // 8} copies got by device {self.device_id}"
