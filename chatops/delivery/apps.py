from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "chatops.delivery"
    label = "delivery"
    verbose_name = "Delivery"

    def ready(self) -> None:
        from chatops.delivery import departures  # noqa: F401 - accounts take their queues along
