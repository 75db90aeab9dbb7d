"""How many rooms one makes, and how large they get, where an administrator has set limits."""

from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.protocol.xep_0045.talk import STANZAS, enter, join, new_room
from tests.service import ServiceProcess


@pytest.mark.spec("XEP-0045 §10.1.1", "XEP-0045 §7.2.9")
async def test_rooms_are_as_many_and_as_large_as_the_administrator_wants(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service(
        "alice", "bob", CHATOPS_MAX_ROOMS_PER_PERSON="1", CHATOPS_MAX_OCCUPANTS="1"
    )
    alice = await Person(service, "alice").online("desk")
    bob = await Person(service, "bob").online("desk")
    mine, other = new_room(), new_room()
    await enter(alice, mine, "alice")
    await alice.ask(
        f"<iq type='set' id='open' to='{mine}'><query xmlns='http://jabber.org/protocol/muc#owner'>"
        "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
    )
    await alice.send(join(other, "alice"))
    await alice.wait_for(
        f"<presence from='{other}/alice' type='error'>"
        f"<error type='cancel'><not-allowed xmlns='{STANZAS}'/></error></presence>"
    )
    await bob.send(join(mine, "bob"))
    await bob.wait_for(
        f"<presence from='{mine}/bob' type='error'>"
        f"<error type='wait'><service-unavailable xmlns='{STANZAS}'/></error></presence>"
    )
    await alice.hang_up()
    await bob.hang_up()
