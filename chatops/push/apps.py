from django.apps import AppConfig


class PushConfig(AppConfig):
    name = "chatops.push"
    label = "push"
    verbose_name = "Push notifications"
