from datetime import datetime
from typing import Self

from django.db import models

from chatops.core.ids import first_at, last_at, moment_of


class Kind(models.IntegerChoices):
    """The type of a message, RFC 6121 section 5.2.2."""

    NORMAL = 0
    CHAT = 1
    GROUPCHAT = 2
    HEADLINE = 3


class Archive(models.Model):
    """Whose messages: an account or a room, by its bare JID."""

    jid = models.CharField(max_length=2047, unique=True)

    def __str__(self) -> str:
        return self.jid


class MessageQuerySet(models.QuerySet["Message"]):
    def between(self, start: datetime | None, end: datetime | None) -> Self:
        """Accepted in that span, both ends included: a range of the primary key."""
        found = self
        if start is not None:
            found = found.filter(id__gte=first_at(start))
        if end is not None:
            found = found.filter(id__lte=last_at(end))
        return found


class Message(models.Model):
    """A message that the service accepted, kept once, whoever's archives it is in.

    Messages that no archive wants but that wait for an absent recipient are here too.
    """

    id = models.BigIntegerField(
        primary_key=True, help_text="Time-ordered: the MAM id and stanza-id."
    )
    kind = models.SmallIntegerField(choices=Kind.choices)
    sender = models.CharField(max_length=3071, help_text="The full JID it came from.")
    recipient = models.CharField(max_length=3071, help_text="Where it was sent: bare or full JID.")
    sender_bare = models.CharField(max_length=2047)
    recipient_bare = models.CharField(max_length=2047)
    stanza_id = models.CharField(max_length=1023, blank=True, help_text="The client's own id.")
    thread = models.CharField(max_length=1023, blank=True)
    body = models.TextField(blank=True)
    wants_receipt = models.BooleanField(default=False)
    xml = models.TextField(help_text="The stanza as it is delivered.")
    retracted_at = models.DateTimeField(
        null=True, blank=True, help_text="Since then only a tombstone is left of it."
    )
    retracted_by = models.CharField(
        max_length=3071,
        blank=True,
        db_default="",  # what the journal writes names no such column
        help_text="Its sender, or a moderator of the room.",
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            # What a receipt or a marker refers to, and what administrators look for.
            models.Index("stanza_id", "sender_bare", name="message_by_stanza_id"),
            models.Index("sender_bare", "id", name="message_by_sender"),
            models.Index("recipient_bare", "id", name="message_by_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.sender_bare} → {self.recipient_bare} #{self.pk}"

    @property
    def accepted_at(self) -> datetime:
        return moment_of(self.pk)


class Passing(models.Model):
    """A message that may wait for its recipient, and is to be kept no longer (XEP-0334)."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True)

    class Meta:
        verbose_name_plural = "passing messages"

    def __str__(self) -> str:
        return f"message {self.message_id}, until it has arrived"


class Entry(models.Model):
    """A message's place in one archive; MAM pages run over (archive, message)."""

    # Found by the indexes below, which begin with it.
    archive = models.ForeignKey(Archive, models.CASCADE, db_index=False, related_name="entries")
    message = models.ForeignKey(Message, models.CASCADE, related_name="entries")
    peer = models.CharField(max_length=2047, help_text="The other side's bare JID, for `with`.")

    class Meta:
        verbose_name_plural = "entries"
        indexes = [models.Index("archive", "peer", "message", name="entry_by_peer")]
        constraints = [models.UniqueConstraint("archive", "message", name="entry_once")]

    def __str__(self) -> str:
        return f"{self.message_id} in {self.archive}"
