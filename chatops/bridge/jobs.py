"""Celery inside the service, where there is nothing else: a worker and the beat in threads."""

import logging
import threading

from celery.beat import Service as BeatService
from django_celery_beat.schedulers import DatabaseScheduler

from chatops.celery import app

logger = logging.getLogger(__name__)


class EmbeddedJobs:
    """Runs jobs in this process where no broker is configured; elsewhere `celery worker` does."""

    def __init__(self) -> None:
        self._worker = app.WorkController(
            pool="threads",
            concurrency=2,
            loglevel="WARNING",
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
            quiet=True,
        )
        self._beat = BeatService(app, scheduler_cls=DatabaseScheduler, max_interval=1)
        self._threads = [
            threading.Thread(target=self._worker.start, name="jobs", daemon=True),
            threading.Thread(target=self._beat.start, name="beat", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends both; a job that is under way is waited for, a few seconds at most."""
        self._beat.stop()
        self._worker.stop()
        for thread in self._threads:
            thread.join(3)
