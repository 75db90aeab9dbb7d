"""Jobs: thin doors to the services."""

from celery import shared_task

from chatops.delivery import retries, services


@shared_task(name="delivery.empty_passing")
def empty_passing() -> None:
    services.empty_passing()


@shared_task(name="delivery.sweep")
def sweep() -> None:
    retries.sweep()
