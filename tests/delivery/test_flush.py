"""Who hands over a queue waits for what is on its way into it."""

import asyncio

from chatops.core.queueing import Underway

BOB, ALICE = "bob@localhost", "alice@localhost"


async def test_one_waits_for_all_that_is_on_its_way_to_one_account() -> None:
    underway = Underway()
    await underway.none_left(BOB)
    for _ in range(2):
        underway.begin(BOB)
    underway.begin(ALICE)
    waiting = [asyncio.create_task(underway.none_left(BOB)) for _ in range(2)]
    await asyncio.sleep(0)
    underway.end(BOB)
    await asyncio.sleep(0)
    assert BOB in underway
    assert not any(task.done() for task in waiting)
    underway.end(BOB)
    await asyncio.gather(*waiting)
    assert BOB not in underway
    assert ALICE in underway
