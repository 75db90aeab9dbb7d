from django.apps import AppConfig


class PushConfig(AppConfig):
    name = "chatops.push"
    label = "push"
    verbose_name = "Push notifications"

    def ready(self) -> None:
        from chatops.push import departures  # noqa: F401 - devices take their registrations along
