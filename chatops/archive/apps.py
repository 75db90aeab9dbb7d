import importlib

from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    name = "chatops.archive"
    label = "archive"
    verbose_name = "Archive"

    def ready(self) -> None:
        importlib.import_module("chatops.archive.departures")
