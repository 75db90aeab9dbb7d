from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "chatops.notices"
    label = "notices"
    verbose_name = "Notices"
