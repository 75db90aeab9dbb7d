"""The service is killed again and again while people write; and so is its database."""

import asyncio
import json
import random
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element, Ended, Mismatch
from tests.postgres import Postgres
from tests.service import PASSWORD, ServiceProcess

SM, SID = "urn:xmpp:sm:3", "{urn:xmpp:sid:0}stanza-id"
TIMES, OUTAGES = 20, 6
MOST_UNTOLD = 50  # messages of one writer that are not acknowledged yet
LEDGER = """
import json
from collections import Counter
from chatops.delivery.models import Delivery, Event, EventKind
confirmed, again = set(), []
for kind, *whose in Event.objects.order_by("pk").values_list("kind", "message_id", "device_id"):
    if kind == EventKind.CONFIRMED:
        confirmed.add(tuple(whose))
    elif kind == EventKind.SENT and tuple(whose) in confirmed:
        again.append(whose)
rows = Delivery.objects.all()
print(json.dumps({
    "states": Counter(f"{row.get_state_display()}{', owed' * row.owed}" for row in rows),
    "sent again after it was confirmed": again,
}))
"""


@dataclass
class Talker:
    """One person on one device, who writes all the time and confirms what he gets."""

    person: Person
    others: list[str]
    acknowledged: dict[str, str] = field(default_factory=dict)  # message → to whom
    got: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # → stanza ids
    refused: set[str] = field(default_factory=set)
    written: int = 0
    told: asyncio.Event = field(default_factory=asyncio.Event)

    async def come(self) -> Client:
        """A managed session, on a service that may only just have started."""
        while True:
            client = None
            try:
                client = await self.person.connect()
                await client.authenticate(self.person.name, PASSWORD)
                await client.bind("desk")
                await client.send("<presence/>")
                await client.send(f"<enable xmlns='{SM}'/>")
                return client
            except (ConnectionError, Ended, Mismatch):
                if client is not None:
                    await client.hang_up()
                await asyncio.sleep(0.05)

    async def talk(self) -> None:
        """Until the connection breaks."""
        client = await self.come()
        sent: list[tuple[str, str]] = []
        told = asyncio.Event()
        state = {"handled": 0}
        writer = asyncio.create_task(self._write(client, sent, told, state))
        try:
            await self._read(client, sent, told, state)
        finally:
            writer.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await writer
            await client.hang_up()

    async def _write(
        self,
        client: Client,
        sent: list[tuple[str, str]],
        told: asyncio.Event,
        state: dict[str, int],
    ) -> None:
        while True:
            while len(sent) - state["handled"] > MOST_UNTOLD:
                told.clear()
                await told.wait()
            self.written += 1
            name = f"{self.person.name}-{self.written}"
            to = self.others[self.written % len(self.others)]
            sent.append((name, to))
            await client.send(
                f"<message to='{to}' type='chat' id='{name}'><body>{name}</body></message>"
            )
            if not self.written % 20:
                await client.send(f"<r xmlns='{SM}'/>")
                await asyncio.sleep(0)

    async def _read(
        self,
        client: Client,
        sent: list[tuple[str, str]],
        told: asyncio.Event,
        state: dict[str, int],
    ) -> None:
        came, counting = 0, False
        with suppress(ConnectionError, Ended):
            while True:
                element = await client.next()
                if element.tag == f"{{{SM}}}enabled":
                    counting = True
                elif element.tag == f"{{{SM}}}a":
                    handled = int(element.get("h", "0"))
                    self.acknowledged |= dict(sent[state["handled"] : handled])
                    state["handled"] = handled
                    told.set()
                    self.told.set()
                elif element.tag == f"{{{SM}}}r":
                    await client.send(f"<a xmlns='{SM}' h='{came}'/>")
                else:
                    came += counting
                    self.take(element)
                    if counting and not came % 20:
                        await client.send(f"<a xmlns='{SM}' h='{came}'/>")

    def take(self, element: Element) -> None:
        """Note a message that came."""
        if element.get("type") == "error":
            self.refused.add(element.get("id", ""))
            return
        identifier = element.find(SID)
        if element.tag.endswith("}message") and identifier is not None:
            self.got[element.get("id", "")].append(identifier.get("id", ""))


def missing(talkers: list[Talker]) -> set[str]:
    """What was acknowledged to its sender and has not come to its recipient."""
    inboxes = {each.person.jid: each.got for each in talkers}
    return {
        name
        for each in talkers
        for name, to in each.acknowledged.items()
        if name not in inboxes[to] and name not in each.refused
    }


async def fetch_the_rest(talker: Talker, talkers: list[Talker]) -> None:
    """Be there, confirm everything, until nothing is missing any more."""
    client = await talker.come()
    came, counting = 0, False
    async with asyncio.timeout(60):
        while missing(talkers):
            with suppress(TimeoutError):
                element = await asyncio.wait_for(client.wire.read(), 0.2)
                counting = counting or element.tag == f"{{{SM}}}enabled"
                if element.tag == f"{{{SM}}}r":
                    await client.send(f"<a xmlns='{SM}' h='{came}'/>")
                elif counting and not element.tag.startswith(f"{{{SM}}}"):
                    came += 1
                talker.take(element)
    await client.send(f"<a xmlns='{SM}' h='{came}'/>")
    await client.close()


@asynccontextmanager
async def talking(service: ServiceProcess) -> AsyncIterator[list[Talker]]:
    """Three people who write to each other, and come again whenever they are cut off."""
    people = [Person(service, name) for name in ("alice", "bob", "charlie")]
    talkers = [
        Talker(each, [other.jid for other in people if other is not each]) for each in people
    ]
    going = True

    async def run(talker: Talker) -> None:
        while going:
            await talker.talk()

    tasks = [asyncio.create_task(run(each)) for each in talkers]
    yield talkers
    going = False
    for each in people:
        for client in each.clients:
            await client.hang_up()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def grows(talkers: list[Talker]) -> None:
    """Until everybody has heard that something more of his was stored."""
    async with asyncio.timeout(60):
        for each in talkers:
            before = len(each.acknowledged)
            while len(each.acknowledged) <= before:
                each.told.clear()
                await each.told.wait()


async def must_all_have_arrived(
    service: ServiceProcess, talkers: list[Talker], capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything acknowledged has come, under one id; what is left over is in nobody's hands."""
    waited = len(missing(talkers))
    for each in talkers:
        each.person.clients.clear()
    await asyncio.gather(*(fetch_the_rest(each, talkers) for each in talkers))
    acknowledged = sum(len(each.acknowledged) for each in talkers)
    refused = sum(len(each.refused) for each in talkers)
    came = [ids for each in talkers for ids in each.got.values()]
    again = sum(len(ids) - 1 for ids in came)
    # What comes twice, because its confirmation was lost, says so by its id (XEP-0359).
    assert [ids for ids in came if len(set(ids)) > 1] == []
    ledger = json.loads(service.manage("shell", "-v0", "-c", LEDGER))
    assert ledger["sent again after it was confirmed"] == []
    assert "nothing was changed" in service.manage("ledger", "verify")
    with capsys.disabled():
        sys.stdout.write(
            f"\n{acknowledged} messages acknowledged, {waited} of them still on their way at the"
            f" end; {again} came once more under the same id; {refused} were refused;"
            f" the ledger: {ledger['states']}\n"
        )


@pytest.mark.spec("XEP-0198 §4", "XEP-0160", "XEP-0359")
@pytest.mark.timeout(400)
async def test_nothing_that_was_acknowledged_is_lost_though_the_service_dies_twenty_times(
    own_service: Callable[..., ServiceProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    service, dice = own_service("alice", "bob", "charlie"), random.Random()
    async with talking(service) as talkers:
        for _ in range(TIMES):
            await grows(talkers)
            await asyncio.sleep(dice.uniform(0, 0.3))  # a moment of no significance
            service.kill()
            await asyncio.to_thread(service.start)
        await grows(talkers)
    await must_all_have_arrived(service, talkers, capsys)


@pytest.mark.spec("XEP-0198 §4", "XEP-0160")
@pytest.mark.timeout(400)
async def test_nothing_that_was_acknowledged_is_lost_though_the_database_dies_and_comes_back(
    own_service: Callable[..., ServiceProcess],
    database: Postgres,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Meanwhile people are told to wait, and nobody is thrown out."""
    service = own_service(
        "alice", "bob", "charlie", DATABASE_URL=database.url, CHATOPS_STORE_SECONDS="2"
    )
    dice = random.Random()
    async with talking(service) as talkers:
        for turn in range(OUTAGES):
            await grows(talkers)
            await asyncio.sleep(dice.uniform(0, 0.3))
            await asyncio.to_thread(database.stop, "immediate" if turn % 2 else "fast")
            await asyncio.sleep(dice.uniform(0, 3))  # longer than what is stored may wait
            await asyncio.to_thread(database.start)
        await grows(talkers)
    await must_all_have_arrived(service, talkers, capsys)
    assert " ERROR chatops" not in service.log
    service.kill()
