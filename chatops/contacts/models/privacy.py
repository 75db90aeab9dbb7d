from django.conf import settings
from django.db import models


class PrivacyList(models.Model):
    """A named list of rules of one person (XEP-0016); the default one is the block list as well.

    What XEP-0191 calls the block list is those rules of the default list that deny an address all.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="privacy_lists",
        verbose_name="person",
    )
    name = models.CharField(max_length=255)
    is_default = models.BooleanField(
        "default",
        default=False,
        help_text="It applies wherever a client has not chosen another one for itself.",
    )

    class Meta:
        ordering = ["user", "name"]
        constraints = [
            models.UniqueConstraint("user", "name", name="privacy_list_once"),
            models.UniqueConstraint(
                "user", condition=models.Q(is_default=True), name="privacy_list_one_default"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"


class PrivacyRule(models.Model):
    """Who is let through, or not, and with what (XEP-0016 section 2.1)."""

    class Type(models.TextChoices):
        JID = "jid", "address"
        GROUP = "group", "roster group"
        SUBSCRIPTION = "subscription", "subscription"
        ANY = "", "everybody"

    list = models.ForeignKey(PrivacyList, models.CASCADE, related_name="rules")
    order = models.PositiveBigIntegerField(help_text="The lowest that fits decides.")
    type = models.CharField(max_length=12, choices=Type.choices, blank=True)
    value = models.CharField(
        max_length=2047,
        blank=True,
        db_index=True,
        help_text="An address or a domain, a group's name, or both, to, from, none.",
    )
    allows = models.BooleanField(
        default=False, help_text="Whoever fits is let through, instead of kept away."
    )
    # None of the four: all that there is, in both directions.
    message = models.BooleanField("messages", default=False)
    iq = models.BooleanField("requests", default=False)
    presence_in = models.BooleanField("presence in", default=False)
    presence_out = models.BooleanField("presence out", default=False)

    class Meta:
        ordering = ["list", "order"]
        constraints = [models.UniqueConstraint("list", "order", name="privacy_rule_order_once")]

    def __str__(self) -> str:
        return f"{'allow' if self.allows else 'deny'} {self.value or 'everybody'}"


BLOCKED = models.Q(
    list__is_default=True,
    type=PrivacyRule.Type.JID,
    allows=False,
    message=False,
    iq=False,
    presence_in=False,
    presence_out=False,
)


class Blocked(PrivacyRule):
    """An address that somebody keeps away altogether (XEP-0191): `BLOCKED` says which rules do."""

    class Meta:
        proxy = True
        verbose_name = "blocked address"
        verbose_name_plural = "blocked addresses"

    def __str__(self) -> str:
        return f"{self.value}, blocked by {self.list.user}"


class Report(models.Model):
    """What somebody says of an address that he blocks (XEP-0377), for administrators to judge."""

    class State(models.TextChoices):
        NEW = "new", "new"
        HANDLED = "handled", "handled"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="reports",
        verbose_name="reported by",
    )
    jid = models.CharField("about", max_length=3071, db_index=True)
    reason = models.CharField(max_length=255)
    text = models.TextField(blank=True)
    stanza_ids = models.JSONField(default=list, blank=True, help_text="Messages that it is about.")
    at = models.DateTimeField("when", auto_now_add=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.NEW, db_index=True)
    handled_by = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.jid}, reported by {self.user}"
