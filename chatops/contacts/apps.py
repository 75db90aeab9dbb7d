from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "chatops.contacts"
    label = "contacts"
    verbose_name = "Contacts"
