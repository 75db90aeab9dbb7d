"""What proves the events: seals, anchors, and what comparing them has found."""

from datetime import datetime

from django.db import models

from chatops.core.ids import moment_of


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
