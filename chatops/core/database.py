"""The one crossing between the event loop and the ORM."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from chatops.xmpp.errors import Overloaded

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between two tries
_pool = ThreadPoolExecutor(
    max_workers=settings.CHATOPS_DATABASE_THREADS, thread_name_prefix="database"
)


async def in_db(service: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a synchronous service in a database thread and await its result.

    Raises what the service raises; a database that is away or locked becomes Overloaded, which a
    client sees as `wait`.
    """
    call = partial(service, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_pool, _with_fresh_connection, call)


async def in_db_at_last(service: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `in_db`, for what must not be left undone: waits until the database is there again."""
    pause = FIRST_PAUSE
    while True:
        try:
            return await in_db(service, *args, **kwargs)
        except Overloaded:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def _with_fresh_connection(call: Callable[[], T]) -> T:
    _drop_broken_connection()
    try:
        return call()
    except (OperationalError, InterfaceError) as error:
        logger.warning("database not available: %s", type(error).__name__)
        raise Overloaded from error


def _drop_broken_connection() -> None:
    """A server may have gone away in between; a file has not, so its connection is kept open."""
    if connection.vendor != "sqlite" or connection.errors_occurred:
        close_old_connections()
