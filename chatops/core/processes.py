"""Processes of one node that run at the same time have different numbers, for their ids."""

import fcntl
import logging
import os
from functools import partial
from pathlib import Path

from django.conf import settings

from chatops.core.ids import PROCESSES, new_id

logger = logging.getLogger(__name__)


def take_place() -> None:
    """Give this process's ids a place of their own; also in each child that it forks."""
    folder = Path(settings.CHATOPS_DATA) / "processes"
    _place(folder)
    os.register_at_fork(after_in_child=partial(_place, folder))


def claim(folder: Path) -> int | None:
    """A number that no other process has as long as this one lives; None if all are taken.

    The file stays open on purpose: the system lets go of its lock when the process ends, however.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(PROCESSES):
        handle = os.open(folder / str(number), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
        else:
            return number
    return None


def _place(folder: Path) -> None:
    try:
        number = claim(folder)
    except OSError as error:  # a folder that may only be read
        logger.warning("cannot tell this process from others: %s", error)
        number = None
    if number is None:
        number = os.getpid() % PROCESSES
    new_id.place(settings.CHATOPS_NODE, number)
