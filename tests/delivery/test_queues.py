"""How much may wait for somebody who is absent."""

from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.service import ServiceProcess

STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


@pytest.mark.spec("XEP-0160 §3")
async def test_a_full_queue_takes_nothing_more_until_its_owner_was_there(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob", CHATOPS_MAX_OFFLINE_MESSAGES="3")
    alice, bob = Person(service, "alice"), Person(service, "bob")

    def message(number: int) -> str:
        return f"<message to='{bob.jid}' type='chat' id='m{number}'><body>{number}</body></message>"

    try:
        desk = await alice.online()
        for number in range(4):
            await desk.send(message(number))
        await desk.expect(
            f"<message from='{bob.jid}' type='error' id='m3'><body>3</body>"
            f"<error type='cancel'><service-unavailable xmlns='{STANZAS}'/></error></message>"
        )
        phone = await bob.bound()
        await phone.send("<presence/>")
        for number in range(3):
            await phone.wait_for(f"<message id='m{number}'/>")
        await phone.nothing_else()
        await phone.close()
        await desk.send(message(4))
        await desk.nothing_else()
        phone = await bob.bound()
        await phone.send("<presence/>")
        await phone.wait_for("<message id='m4'/>")
    finally:
        for client in (*alice.clients, *bob.clients):
            await client.hang_up()
