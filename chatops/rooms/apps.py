import importlib

from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "chatops.rooms"
    label = "rooms"
    verbose_name = "Rooms"

    def ready(self) -> None:
        importlib.import_module("chatops.rooms.arrivals")
