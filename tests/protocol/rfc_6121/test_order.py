"""Messages of one sender come in their order, whatever becomes of connections (RFC 6120 §10.1)."""

import pytest

from tests.conftest import Person

pytestmark = pytest.mark.spec("RFC 6120 §10.1")
COUNT = 20


async def test_what_a_lost_device_leaves_comes_before_what_is_newer(
    alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await bob.bound("phone")
    await phone.send("<enable xmlns='urn:xmpp:sm:3'/>")  # so nothing is taken for received
    await phone.wait_for("<enabled xmlns='urn:xmpp:sm:3'/>")
    await phone.appear()
    for number in range(COUNT):
        await desk.send(f"<message to='{bob.jid}' type='chat' id='m{number}'><body/></message>")
    await phone.wait_for(f"<message id='m{COUNT - 1}'/>")
    later = await bob.bound("later")
    await phone.hang_up()
    # Before what he leaves is back in the queue, more is said, and his next device comes.
    for number in range(COUNT, 2 * COUNT):
        await desk.send(f"<message to='{bob.jid}' type='chat' id='m{number}'><body/></message>")
    await desk.nothing_more()
    await later.send("<presence/>")
    seen: list[str | None] = []
    while len(seen) < 2 * COUNT:
        seen.append((await later.wait_for("<message/>")).get("id"))
    assert seen == [f"m{number}" for number in range(2 * COUNT)]
