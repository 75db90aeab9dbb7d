"""``manage.py notice send``, from a process of its own."""

import pytest

from tests.conftest import Person
from tests.service import ServiceProcess


async def test_a_notice_from_the_command_line_reaches_who_is_there_and_who_comes(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    words = f"Bring cups, {alice.name}"
    printed = service.manage(
        "notice", "send", "--to", f"{alice.jid},{bob.name}", "--subject", "Tea", words
    )
    assert "2 people" in printed
    pattern = f"<message from='localhost'><subject>Tea</subject><body>{words}</body></message>"
    await desk.wait_for(pattern)
    phone = await bob.bound("phone")
    await phone.send("<presence/>")
    await phone.wait_for(pattern)


async def test_a_notice_for_who_is_online_is_started_by_the_service_that_knows(
    service: ServiceProcess, alice: Person
) -> None:
    desk = await alice.online("desk")
    words = f"Tea is ready, {alice.name}"
    printed = service.manage(
        "notice", "send", "--to", "online", "--attempts", "1", "--lifetime-days", "1", words
    )
    assert "on its way" in printed
    await desk.wait_for(f"<message from='localhost'><body>{words}</body></message>")


@pytest.mark.parametrize("to", ["room:no-such-room", "nobody-of-that-name"])
def test_an_audience_that_is_not_there_is_told_in_a_sentence(
    service: ServiceProcess, to: str
) -> None:
    with pytest.raises(RuntimeError, match="CommandError"):
        service.manage("notice", "send", "--to", to, "x")
