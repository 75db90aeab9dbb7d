from django.apps import AppConfig


class BridgeConfig(AppConfig):
    name = "chatops.bridge"
    label = "bridge"
    verbose_name = "Bridge"
