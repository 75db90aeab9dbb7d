from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "chatops.rooms"
    label = "rooms"
    verbose_name = "Rooms"
