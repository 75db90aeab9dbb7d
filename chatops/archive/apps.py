from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    name = "chatops.archive"
    label = "archive"
    verbose_name = "Archive"
