"""Work for later: Celery by task name, so that services need not import tasks."""

from functools import partial

from django.db import transaction

from chatops.celery import app

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


def enqueue(task: str, *args: Json, delay_seconds: float = 0) -> None:
    """Have a worker run the task named `task` once this transaction has committed.

    A lost task is found again by the sweeps: the tables are the truth, this is only the hand.
    """
    transaction.on_commit(
        partial(app.send_task, task, args=list(args), countdown=delay_seconds or None)
    )
