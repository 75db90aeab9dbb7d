from django.apps import AppConfig
from django.core.checks import register


class BridgeConfig(AppConfig):
    name = "chatops.bridge"
    label = "bridge"
    verbose_name = "Bridge"

    def ready(self) -> None:
        from chatops.bridge.checks import check_external_services

        register(check_external_services)
