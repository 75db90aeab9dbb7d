from typing import Any, NoReturn

from django.conf import settings
from django.db import models


class EntryQuerySet(models.QuerySet["Entry"]):
    """Entries are made and read."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("The audit trail is not changed.")

    def delete(self) -> NoReturn:
        raise TypeError("The audit trail is not deleted.")

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list["Entry"]:
        """New ones only: a conflict with an old one is not the old one's change."""
        if args or kwargs.keys() - {"batch_size"}:
            raise TypeError("The audit trail is not changed.")
        return super().bulk_create(objs, **kwargs)


class Entry(models.Model):
    """Who did, or read, what: written in the transaction of the deed, never changed."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    actor_name = models.CharField(
        max_length=1100, help_text="As it was at the time: a JID or a command."
    )
    door = models.CharField(max_length=20, help_text="browser, xmpp, command, task or api")
    address = models.GenericIPAddressField(null=True, blank=True)
    action = models.CharField(max_length=100, db_index=True)
    target = models.CharField(max_length=1100, db_index=True)
    details = models.JSONField(default=dict, blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action} {self.target}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The audit trail is not changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("The audit trail is not deleted.")
