"""Jobs: thin doors to the services."""

from celery import shared_task
from django.db import OperationalError

from chatops.notices import services


@shared_task(
    name=services.SEND, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=10
)
def send_chunk(notice_id: int) -> None:
    services.send_chunk(notice_id)


@shared_task(name="notices.sweep")
def sweep() -> None:
    services.sweep()
