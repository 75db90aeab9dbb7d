from django.apps import AppConfig
from django.core.checks import register

from chatops.accounts.checks import check_accounts


class AccountsConfig(AppConfig):
    name = "chatops.accounts"
    label = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        register(check_accounts)
