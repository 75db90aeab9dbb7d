"""Two people meet with slixmpp: one asks, the other was away."""

import asyncio
import ssl

import pytest
from slixmpp import JID, ClientXMPP
from slixmpp.stanza import Presence

from tests.conftest import Person
from tests.service import PASSWORD

PATIENCE = 15


class Phone(ClientXMPP):
    """A client as people use it; what it has seen can be waited for."""

    def __init__(self, person: Person) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        super().__init__(f"{person.jid}/phone", PASSWORD, ssl_context=context)
        self.enable_direct_tls = False
        self.auto_authorize = self.auto_subscribe = True
        self.seen: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        for event in ("got_online", "got_offline", "changed_subscription"):
            self.add_event_handler(event, self._note)
        self._address = ("127.0.0.1", person.service.c2s_port)

    def _note(self, stanza: Presence) -> None:
        self.seen.put_nowait((stanza["type"], stanza["from"].full))

    async def come(self) -> None:
        self.connect(*self._address)
        await self.wait_until("session_start", timeout=PATIENCE)
        await self.get_roster()
        self.send_presence()

    async def sees(self, type_: str, sender: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.seen.get() != (type_, sender):
                pass

    async def go(self) -> None:
        await self.disconnect(wait=PATIENCE)

    def subscription(self, jid: str) -> str:
        return str(self.client_roster[jid]["subscription"])


@pytest.mark.spec("RFC 6121 §3.1")
async def test_two_people_subscribe_to_each_other_although_one_was_away(
    alice: Person, bob: Person
) -> None:
    first = Phone(alice)
    await first.come()
    first.send_presence_subscription(JID(bob.jid), pnick="Alice")
    second = Phone(bob)
    await second.come()  # answers by itself, and asks in return
    await first.sees("available", f"{bob.jid}/phone")
    await second.sees("available", f"{alice.jid}/phone")
    assert first.subscription(bob.jid) == second.subscription(alice.jid) == "both"
    await second.go()
    await first.sees("unavailable", f"{bob.jid}/phone")
    await first.go()
