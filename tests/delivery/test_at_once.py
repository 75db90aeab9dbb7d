"""The queue's verbs in several processes at once, and killed in the middle: each decides once."""

import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from tests.postgres import Postgres
from tests.service import ROOT, ServiceProcess

EACH = 60  # messages of each sort
LATE = 3_000  # more than a few batches

# What lies there: late ones, due ones, and ones that two devices have.
PREPARE = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
from chatops.accounts.models import Device, User
from chatops.archive.models import Kind, Message
from chatops.core.ids import new_id
from chatops.delivery.models import Delivery, State

bob = User.objects.create(username="bob")
devices = [Device.objects.create(user=bob, resource=name) for name in ("phone", "tablet", "pad")]

def messages(sort, count):
    return Message.objects.bulk_create(
        Message(id=new_id(), kind=Kind.CHAT, sender="a@x/r", recipient="bob@x", sender_bare="a@x",
                recipient_bare="bob@x", stanza_id=sort, body="x", xml="<message/>")
        for _ in range(count)
    )

def deliveries(sort, count, devices, **fields):
    Delivery.objects.bulk_create(
        Delivery(id=new_id(), message=message, recipient=bob, device=device, changed=0, **fields)
        for message in messages(sort, count) for device in devices
    )

deliveries("late", LATE, [None], state=State.QUEUED, expires=1)
deliveries("due", {EACH}, [None], state=State.QUEUED, due=1)
deliveries("both die", {EACH}, devices[:2], state=State.SENT)
deliveries("one dies", {EACH}, devices[:2], state=State.SENT)
"""
# Two of these run at once, each for one of the devices.
WORK = """
from django.db import transaction
from chatops.delivery import confirmations, retries, returns, services
from chatops.delivery.models import Delivery, EventKind

def of(sort):
    return Delivery.objects.filter(message__stanza_id=sort, device__resource=NAME).order_by("pk")

dying, mine = list(of("both die")), list(of("one dies"))
print("ready", flush=True)
input()
for row in dying:
    returns.requeue(delivery_ids=[row.pk])
for row in mine:
    if NAME == "phone":
        returns.requeue(delivery_ids=[row.pk])
    else:
        with transaction.atomic():
            confirmations.note(
                message_id=row.message_id, recipient_id=row.recipient_id, device_id=row.device_id,
                kind=EventKind.CONFIRMED, door="tcp", detail="",
            )
print("ready", flush=True)
input()
retries.sweep()
while taken := services.take(user_id=1, device_id=3, limit=7):
    for each in taken:
        print("taken", each.message_id, flush=True)
retries.sweep()
"""
OUTCOME = """
import json
from collections import Counter, defaultdict
from chatops.archive.models import Message
from chatops.delivery.models import Delivery, Event

sorts = dict(Message.objects.values_list("pk", "stanza_id"))
lines, events = defaultdict(list), defaultdict(list)
for row in Delivery.objects.select_related("device").order_by("state", "pk"):
    name = row.device.resource if row.device else "-"
    lines[row.message_id].append(f"{row.get_state_display()} {name}{' owed' * row.owed}")
for event in Event.objects.select_related("device").order_by("kind", "device__resource"):
    name = event.device.resource if event.device else "-"
    events[event.message_id].append(f"{event.get_kind_display()} {name}")
found = Counter(
    f"{sort}: {', '.join(lines[number])} | {', '.join(events[number])}"
    for number, sort in sorts.items()
)
print(json.dumps(found))
"""
DECIDED = """
SELECT (SELECT count(*) FROM delivery_delivery WHERE state = 70), count(*) FROM delivery_event
"""


def begin(process: ServiceProcess, code: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, ROOT / "manage.py", "shell", "-v0", "-c", code],
        env=process.environment(),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def outcome(process: ServiceProcess, before: str = "") -> dict[str, int]:
    """Of each sort how many messages stand where, after what."""
    found: dict[str, int] = json.loads(process.manage("shell", "-v0", "-c", f"{before}\n{OUTCOME}"))
    return found


def test_two_workers_decide_once_about_each_message(tmp_path: Path, database: Postgres) -> None:
    process = ServiceProcess(tmp_path / "data", {"DATABASE_URL": database.url})
    process.data.mkdir()
    process.manage("shell", "-v0", "-c", f"LATE = {EACH}\n{PREPARE}")
    workers = [begin(process, f"NAME = {name!r}\n{WORK}") for name in ("phone", "tablet")]
    for _ in range(2):
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("\n")
            worker.stdin.flush()
    said = [worker.communicate(timeout=60)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    taken = Counter(line for each in said for line in each.splitlines())
    assert set(taken.values()) == {1}  # nobody took what the other had
    found = outcome(process)
    covered = [
        each for each in found if each.startswith("one dies: missed phone, confirmed tablet")
    ]
    # Whether it came back first, or was confirmed first: it is in nobody's queue.
    assert sum(found.pop(each) for each in covered) == EACH
    both = "back in the queue phone, back in the queue tablet, retried pad"
    assert found == {
        f"both die: stored pad owed | {both}": EACH,
        "due: stored pad owed | ": EACH,
        "late: expired - | expired -": EACH,
    }


def test_a_sweep_that_is_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    process = ServiceProcess(tmp_path / "data")
    process.data.mkdir()
    process.manage("shell", "-v0", "-c", f"LATE = {LATE}\n{PREPARE}")
    sweep = "from chatops.delivery import retries; retries.sweep()"
    worker = begin(process, sweep)
    with closing(sqlite3.connect(process.data / "chatops.sqlite3")) as beside:
        while not beside.execute(DECIDED).fetchone()[0]:
            time.sleep(0.002)
        worker.kill()
        worker.communicate()
        done, told = beside.execute(DECIDED).fetchone()
    assert 0 < done == told < LATE
    found = outcome(process, sweep)
    assert found["late: expired - | expired -"] == LATE
    assert found["due: queued - owed | "] == EACH
