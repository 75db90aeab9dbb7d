"""Jobs: thin doors to the services."""

from celery import shared_task

from chatops.accounts.services import failures


@shared_task(name="accounts.forget_failed_logins")
def forget_failed_logins() -> None:
    failures.forget_failed_logins()
