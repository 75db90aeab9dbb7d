"""Who sends faster than he may is read more slowly: nothing is lost, nobody else notices."""

import time
from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.service import ServiceProcess

SECONDS, RATE, BURST = 2, 50, 20


@pytest.mark.parametrize("door", ["tcp", "websocket"])
async def test_a_flood_is_held_back_while_others_talk(
    own_service: Callable[..., ServiceProcess], door: str
) -> None:
    service = own_service(
        "alice",
        "bob",
        "charlie",
        CHATOPS_STANZAS_PER_SECOND=str(RATE),
        CHATOPS_STANZA_BURST=str(BURST),
    )
    alice, bob, charlie = (Person(service, name) for name in ("alice", "bob", "charlie"))
    count = BURST + SECONDS * RATE
    try:
        flooder, target = await alice.online(door=door), await bob.online()
        quiet = await charlie.online()
        began = time.monotonic()
        for number in range(count):
            await flooder.send(
                f"<message to='{target.jid}' type='chat' id='f{number}'><body>x</body></message>"
            )
        for number in range(10):
            await quiet.send(
                f"<message to='{target.jid}' type='chat' id='q{number}'><body>x</body></message>"
            )
        last, overtaken = {"f": -1, "q": -1}, False
        while last != {"f": count - 1, "q": 9}:
            message = await target.wait_for("<message/>")
            kind, number = message.get("id", "")[0], int(message.get("id", "")[1:])
            assert number == last[kind] + 1  # in order, and none is missing
            last[kind] = number
            if last["q"] == 9 and last["f"] < count - 1:
                overtaken = True
        # A lower bound, which no slow machine can break.
        assert time.monotonic() - began > SECONDS / 2
        assert overtaken
        page = service.manage("check")  # the service is well
        assert "no issues" in page
    finally:
        for person in (alice, bob, charlie):
            for client in person.clients:
                await client.hang_up()
