from django.conf import settings
from django.db import models


class Subscription(models.TextChoices):
    """Who sees whose presence, RFC 6121 section 2.1.2.5."""

    NONE = "none"
    TO = "to"
    FROM = "from"
    BOTH = "both"


class Roster(models.Model):
    """A person's roster as a whole: its version grows with each change (RFC 6121 section 2.6)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="roster")
    version = models.PositiveBigIntegerField(default=1)

    def __str__(self) -> str:
        return f"roster of {self.user}"


class RosterItem(models.Model):
    """One contact in one person's roster, with the state of both subscriptions."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="roster_items",
        verbose_name="person",
    )
    jid = models.CharField(
        "contact", max_length=2047, db_index=True, help_text="The contact's bare JID."
    )
    name = models.CharField(max_length=1023, blank=True)
    groups = models.JSONField(default=list, blank=True)
    subscription = models.CharField(
        max_length=4, choices=Subscription.choices, default=Subscription.NONE
    )
    ask = models.BooleanField(default=False, help_text="Pending out: asked, not answered yet.")
    approved = models.BooleanField(default=False, help_text="Pre-approved, RFC 6121 section 3.4.")

    class Meta:
        verbose_name = "contact"
        ordering = ["user", "jid"]
        constraints = [models.UniqueConstraint("user", "jid", name="roster_item_once")]

    def __str__(self) -> str:
        return f"{self.jid} in the roster of {self.user}"


class SubscriptionRequest(models.Model):
    """A request to see a person's presence that waits for the answer (RFC 6121 section 3.1.3)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="requests")
    sender = models.CharField("who asks", max_length=2047, db_index=True, help_text="A bare JID.")
    stanza = models.TextField(help_text="The whole presence stanza, delivered at each login.")
    asked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "waiting request"
        ordering = ["id"]
        constraints = [models.UniqueConstraint("user", "sender", name="subscription_request_once")]

    def __str__(self) -> str:
        return f"{self.sender} asks {self.user}"
