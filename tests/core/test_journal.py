"""The journal: what is submitted is committed in order, together, or refused in time."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from django.conf import settings
from django.db import connection

from chatops.archive.models import Archive
from chatops.bridge.journal import Journal
from chatops.core.journal import Insert, Write

pytestmark = pytest.mark.django_db(transaction=True)
INSERT = Insert(Archive, order=1, fields=("jid",))


def row(jid: str) -> Write:
    return Write(INSERT, (jid,))


@pytest_asyncio.fixture
async def journal() -> AsyncIterator[Journal]:
    journal = Journal(asyncio.get_running_loop())
    journal.start()
    yield journal
    await journal.close()


async def stored() -> list[str]:
    return [archive.jid async for archive in Archive.objects.order_by("id")]


async def test_calls_come_back_in_order_also_for_what_has_no_rows(journal: Journal) -> None:
    called: list[int] = []
    last: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    for number in range(50):
        writes = [row(f"{number}@example")] if number % 3 else []
        journal.submit(writes, lambda number=number: called.append(number))
    journal.submit([row("last@example")], lambda: last.set_result(None))
    await asyncio.wait_for(last, 10)
    assert called == list(range(50))
    assert await stored() == [f"{n}@example" for n in range(50) if n % 3] + ["last@example"]


async def test_one_bad_row_does_not_cost_its_neighbours_theirs(journal: Journal) -> None:
    outcome: asyncio.Queue[str] = asyncio.Queue()
    for jid in ("a@example", "a@example", "b@example"):
        journal.submit(
            [row(jid)],
            lambda jid=jid: outcome.put_nowait(f"stored {jid}"),
            lambda jid=jid: outcome.put_nowait(f"refused {jid}"),
        )
    seen = [await asyncio.wait_for(outcome.get(), 10) for _ in range(3)]
    assert sorted(seen) == ["refused a@example", "stored a@example", "stored b@example"]
    assert await stored() == ["a@example", "b@example"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="locks a file")
async def test_a_locked_database_refuses_in_time_and_then_recovers(journal: Journal) -> None:
    assert await stored() == []  # the table is there
    locker = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    outcome: asyncio.Queue[str] = asyncio.Queue()
    try:
        started = time.monotonic()
        journal.submit(
            [row("early@example")],
            lambda: outcome.put_nowait("stored"),
            lambda: outcome.put_nowait("refused"),
        )
        assert await asyncio.wait_for(outcome.get(), 10) == "refused"
        assert time.monotonic() - started >= settings.CHATOPS_STORE_SECONDS
    finally:
        locker.execute("ROLLBACK")
        locker.close()
    journal.submit([row("late@example")], lambda: outcome.put_nowait("stored"))
    assert await asyncio.wait_for(outcome.get(), 10) == "stored"
    assert await stored() == ["late@example"]
