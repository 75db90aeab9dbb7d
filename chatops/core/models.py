from django.db import models


class Ring(models.Model):
    """News from a process that runs no bridge (a command, a worker) to the ones that do."""

    kind = models.CharField(max_length=200)
    payload = models.JSONField()
    rung_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
