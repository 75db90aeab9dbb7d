from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "chatops.console"
    label = "console"
    verbose_name = "Console"
