from copy import copy
from datetime import datetime
from typing import Any, NoReturn, Self

from django.conf import settings
from django.db import models

from chatops.accounts.models import Device, User
from chatops.core.ids import moment_of

NODE = f"{settings.CHATOPS_DOMAIN}/{settings.CHATOPS_NODE}"  # where ORM's events happen
NOT_SEALED = "An event is added with delivery.events.append, which seals it."
NOT_CHANGED = "The ledger's events are neither changed nor deleted."


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
                condition=models.Q(owed=True, expires__isnull=False),
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


class Seal(models.Model):
    """What proves the events of one commit: a link of a chain (delivery.chain).

    There are as many chains as there were writers at once.
    """

    id = models.BigIntegerField(primary_key=True, help_text="Time-ordered: also when it was made.")
    chain = models.SmallIntegerField()
    number = models.BigIntegerField(help_text="Its place in the chain, from 1.")
    events = models.BinaryField(help_text="For each: its id, its message's id, its digest.")
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    mark = models.BinaryField(max_length=32, help_text="Of the hash, with the service's secret.")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="seal_place")]

    def __str__(self) -> str:
        return f"seal {self.number} of chain {self.chain}"

    @property
    def at(self) -> datetime:
        return moment_of(self.pk)


class Anchor(models.Model):
    """Where a chain ended at a time, signed (delivery.anchors)."""

    id = models.BigIntegerField(primary_key=True, help_text="Time-ordered: also when it was noted.")
    chain = models.SmallIntegerField()
    number = models.BigIntegerField(help_text="Of the chain's last seal.")
    hash = models.BinaryField(max_length=32)
    key = models.BinaryField(max_length=32, help_text="The public one that it is signed with.")
    signature = models.BinaryField(max_length=64)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index("chain", "number", name="anchor_by_seal")]

    def __str__(self) -> str:
        return f"chain {self.chain} at seal {self.number}"


class Verification(models.Model):
    """Somebody compared the ledger with its chains, and that came of it."""

    id = models.BigIntegerField(primary_key=True, help_text="Time-ordered: also when it began.")
    finished = models.BigIntegerField(help_text="An id: when it ended.")
    since = models.BigIntegerField(help_text="From that id on; 0 for everything.")
    by = models.CharField(max_length=1100)
    events = models.BigIntegerField()
    seals = models.BigIntegerField()
    anchors = models.BigIntegerField()
    heads = models.JSONField(help_text="Each chain's last seal: its number and its hash.")
    found = models.BigIntegerField(help_text="How much was wrong.")
    findings = models.JSONField(help_text="The first of that.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"verification of {moment_of(self.pk):%Y-%m-%d %H:%M} UTC"


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
