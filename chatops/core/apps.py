from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "chatops.core"
    label = "core"
    verbose_name = "Service"
