"""The journal: one writer thread that commits, in one transaction, whatever the loop has handed it.

While one batch is being committed the next one collects, so a busy service syncs once for many
messages and an idle one waits for nothing. Calls back on the loop, in the order of submission.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from chatops.core.journal import Row, Statement, Write

logger = logging.getLogger(__name__)

# One attempt waits this long for another writer; items are given up by their own age.
BUSY_MILLISECONDS = 100
RETRY_SECONDS = 0.05
# A commit writes whole pages, however little of them it changes: few large ones are cheaper. When
# there is much to do, the next batch collects as long as the last one took, up to this long.
BUSY_ITEMS, LONGEST_COLLECTING = 64, 0.02


@dataclass(slots=True)
class Item:
    """What belongs together: its rows are committed or refused as one."""

    writes: Sequence[Write]
    done: Callable[[], None]
    failed: Callable[[], None] | None
    submitted: float


class Journal:
    """Hand it rows with `submit`, from the loop; `close` writes what is left."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[Item] = []
        self._pending = 0  # submitted and not called back yet
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="journal")
        self.batches = 0
        self.rows = 0
        self.failures = 0

    def start(self) -> None:
        self._thread.start()

    def submit(
        self,
        writes: Sequence[Write],
        done: Callable[[], None],
        failed: Callable[[], None] | None = None,
    ) -> None:
        """Have the rows committed, then `done` called; `failed` where it took too long.

        Without `failed` they may take as long as they need: nobody waits, and nobody else has them.
        Without rows `done` keeps its place in the order: at once when nothing is under way.
        """
        if not writes and not self._pending:
            done()
            return
        self._pending += 1
        with self._wake:
            self._waiting.append(Item(writes, done, failed, time.monotonic()))
            self._wake.notify()

    async def close(self) -> None:
        """Commit what is waiting, and end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._thread.join, 5)

    # The writer's thread

    def _run(self) -> None:
        while batch := self._next_batch():
            begun = time.monotonic()
            self._write_patiently(batch)
            if len(batch) >= BUSY_ITEMS and not self._closing:
                time.sleep(min(time.monotonic() - begun, LONGEST_COLLECTING))
        connection.close()

    def _next_batch(self) -> list[Item]:
        with self._wake:
            while not self._waiting and not self._closing:
                self._wake.wait()
            batch, self._waiting = self._waiting, []
            return batch

    def _write_patiently(self, batch: list[Item]) -> None:
        """Try until it is committed; items that have waited too long are refused meanwhile."""
        while batch:
            try:
                self._write(batch)
            except (OperationalError, InterfaceError) as error:
                if connection.vendor != "sqlite":
                    connection.close()  # a server that went away needs a new connection
                batch = self._refuse_old(batch, error)
                if batch:
                    time.sleep(RETRY_SECONDS)
            except DatabaseError:
                self._write_singly(batch)
                return
            else:
                self._call_back([(item.done, item) for item in batch])
                return

    def _write_singly(self, batch: list[Item]) -> None:
        """One row that the database cannot take must not cost its neighbours theirs."""
        for item in batch:
            try:
                self._write([item])
            except DatabaseError:
                logger.exception("rows that cannot be written")
                self._refuse([item])
            else:
                self._call_back([(item.done, item)])

    def _write(self, batch: Sequence[Item]) -> None:
        groups: dict[Statement, list[Row]] = {}
        for item in batch:
            for statement, row in item.writes:
                groups.setdefault(statement, []).append(row)
        if not groups:
            return
        if connection.connection is None and connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in sorted(groups, key=_order):
                statement.run(cursor, groups[statement])
                self.rows += len(groups[statement])
        self.batches += 1

    def _refuse_old(self, batch: list[Item], error: Exception) -> list[Item]:
        """Refuse what has waited too long, also in the next batch; returns what may be tried on."""
        with self._wake:
            batch = batch + self._waiting
            self._waiting = []
        limit = time.monotonic() - settings.CHATOPS_STORE_SECONDS
        old = [item for item in batch if item.failed and item.submitted < limit]
        if old or self._closing:
            logger.warning("cannot store %d items: %s", len(old), type(error).__name__)
        if self._closing:
            old = batch
        self._refuse(old)
        gone = set(map(id, old))
        return [item for item in batch if id(item) not in gone]

    def _refuse(self, items: Sequence[Item]) -> None:
        self.failures += len(items)
        self._call_back([(item.failed or item.done, item) for item in items])

    def _call_back(self, calls: list[tuple[Callable[[], None], Item]]) -> None:
        self._loop.call_soon_threadsafe(self._called_back, [call for call, _ in calls])

    def _called_back(self, calls: list[Callable[[], None]]) -> None:
        for call in calls:
            try:
                call()
            except Exception:
                # One message's mistake must not keep the others of its batch from their people.
                logger.exception("after the commit")
        self._pending -= len(calls)


def _order(statement: Statement) -> int:
    return statement.order
