import importlib
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RoomsConfig(AppConfig):
    name = "chatops.rooms"
    label = "rooms"
    verbose_name = "Rooms"

    def ready(self) -> None:
        for module in ("arrivals", "groups"):
            importlib.import_module(f"chatops.rooms.{module}")
        post_migrate.connect(_lay_out, sender=self)


def _lay_out(**others: Any) -> None:
    importlib.import_module("chatops.rooms.services").lay_out()
