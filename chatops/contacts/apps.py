import importlib

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "chatops.contacts"
    label = "contacts"
    verbose_name = "Contacts"

    def ready(self) -> None:
        importlib.import_module("chatops.contacts.arrivals")
