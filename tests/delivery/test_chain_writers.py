"""Several writers at once, in several processes, on both databases: the chain holds."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.service import ROOT, ServiceProcess

ROUNDS, THREADS = 20, 4
# A journal and services of one process, as they run beside each other in `serve`.
WRITER = f"""
import asyncio, random, threading
from django.db import OperationalError, connection, transaction
from chatops.bridge.journal import Journal
from chatops.core.ids import new_id
from chatops.delivery.events import append
from chatops.delivery.models import Event, EventKind
from chatops.delivery.writes import event_write

def serve_somebody(number):
    dice = random.Random(number)
    for turn in range({ROUNDS}):
        message = new_id()
        try:
            with transaction.atomic():
                for _ in range(dice.randrange(1, 4)):
                    append(
                        Event(id=new_id(), message_id=message, kind=EventKind.QUEUED)
                        for _ in range(dice.randrange(1, 5))
                    )
                if turn % 5 == 4:
                    raise OperationalError("the database went away")
        except OperationalError:
            pass
    connection.close()

async def main():
    journal, done = Journal(asyncio.get_running_loop()), asyncio.Event()
    journal.start()
    threads = [threading.Thread(target=serve_somebody, args=(n,)) for n in range({THREADS})]
    for thread in threads:
        thread.start()
    count = 0
    def counted():
        nonlocal count
        count += 1
        if count == {ROUNDS} * 10:
            done.set()
    for _ in range({ROUNDS}):
        message = new_id()
        for _ in range(10):
            kinds = EventKind.SENT, EventKind.CONFIRMED
            writes = [event_write(message, kind) for kind in kinds]
            journal.submit(writes, counted, counted)
        await asyncio.sleep(0.01)
    await done.wait()
    await journal.close()
    await asyncio.to_thread(lambda: [thread.join() for thread in threads])
    print("written", journal.rows)

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_journals_and_services_of_several_processes_seal_at_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings = {"CHATOPS_STORE_SECONDS": "60"}
    if kind == "PostgreSQL":
        settings["DATABASE_URL"] = request.getfixturevalue("database").url
    process = ServiceProcess(tmp_path / "data", settings)
    process.data.mkdir()
    process.manage("migrate", "-v0")
    writers = [
        subprocess.Popen(
            [sys.executable, ROOT / "manage.py", "shell", "-c", WRITER],
            env=process.environment() | {"CHATOPS_NODE": str(node)},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for node in range(2)
    ]
    said = [writer.communicate(timeout=100)[0] for writer in writers]
    assert [f"written {ROUNDS * 20}" in each for each in said] == [True, True], said
    answer = process.manage("ledger", "verify")
    assert "nothing was changed, removed or inserted" in answer
    chains = answer.count("ends with seal")
    assert chains == 1 or (kind == "PostgreSQL" and chains <= 2 * (THREADS + 1))


def test_who_seals_in_a_long_transaction_keeps_nobody_waiting(
    tmp_path: Path, database: Postgres
) -> None:
    process = ServiceProcess(tmp_path / "data", {"DATABASE_URL": database.url})
    process.data.mkdir()
    process.manage("migrate", "-v0")
    code = """
import threading
from django.db import connection, transaction
from chatops.core.ids import new_id
from chatops.delivery.events import append
from chatops.delivery.models import Event, EventKind, Seal

def add():
    append([Event(id=new_id(), message_id=1, kind=EventKind.SENT)])

def other():
    add()
    connection.close()

with transaction.atomic():
    add()
    thread = threading.Thread(target=other)
    thread.start()
    thread.join(30)
    add()
print("chains", list(Seal.objects.order_by("chain", "number").values_list("chain", "number")))
"""
    assert "chains [(1, 1), (1, 2), (2, 1)]" in process.manage("shell", "-v0", "-c", code)
    assert "nothing was changed" in process.manage("ledger", "verify")
