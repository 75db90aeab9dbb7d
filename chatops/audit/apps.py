from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "chatops.audit"
    label = "audit"
    verbose_name = "Audit"
