from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "chatops.accounts"
    label = "accounts"
    verbose_name = "People"
