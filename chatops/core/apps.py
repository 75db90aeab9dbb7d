from django.apps import AppConfig

from chatops.core.processes import take_place


class CoreConfig(AppConfig):
    name = "chatops.core"
    label = "core"
    verbose_name = "Service"

    def ready(self) -> None:
        take_place()
