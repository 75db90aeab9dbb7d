from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "chatops.delivery"
    label = "delivery"
    verbose_name = "Delivery"
