from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models

MOST_DAYS, MOST_ATTEMPTS = 3_660, 1_000


class Audience(models.TextChoices):
    ALL = "all", "everybody"
    ONLINE = "online", "who is online now"
    ROOM = "room", "people of a room"
    LIST = "list", "a list of addresses"


class Notice(models.Model):
    """A system message to many people, with the state of its sending."""

    class State(models.TextChoices):
        DRAFT = "draft"
        SENDING = "sending"
        SENT = "sent"
        CANCELLED = "cancelled"

    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField()
    audience = models.CharField(max_length=8, choices=Audience.choices, default=Audience.ALL)
    room = models.ForeignKey(
        "rooms.Room",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="For an audience of a room: its owners, admins and members.",
    )
    addresses = models.TextField(
        blank=True, help_text="For an audience of a list: bare JIDs or usernames, one a line."
    )
    wants_receipt = models.BooleanField(default=True)
    lifetime_days = models.PositiveSmallIntegerField(
        "lifetime in days",
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_DAYS)],
        help_text="Who has not fetched it by then does not get it. 0: it waits for ever;"
        " empty: as all messages do.",
    )
    attempts = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_ATTEMPTS)],
        help_text="So often it is sent to devices that do not confirm it. 0: without a limit;"
        " empty: as all messages are.",
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    # The id of the one archive.Message that all recipients get.
    message_id = models.BigIntegerField(null=True, blank=True, editable=False, unique=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        permissions = [("send_notice", "Can send notices")]

    def __str__(self) -> str:
        return self.subject or self.body[:60]


class Recipient(models.Model):
    """One person of a notice's audience, as it was when the sending began."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="recipients")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    handed_over = models.BooleanField(default=False, help_text="The delivery ledger has it.")

    class Meta:
        ordering = ["notice", "user"]
        constraints = [models.UniqueConstraint("notice", "user", name="recipient_once")]
        indexes = [
            models.Index("notice", name="recipient_waiting", condition=models.Q(handed_over=False))
        ]

    def __str__(self) -> str:
        return f"{self.user} of {self.notice}"
