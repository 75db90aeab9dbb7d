"""Push notifications, XEP-0357: what else than a client's message leads to them, or ends them."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.conftest import Person
from tests.contacts.test_live import Browser
from tests.protocol.managed import STANZAS
from tests.protocol.xep_0357.app_server import (
    absent,
    does,
    enable,
    hears,
    message,
    says,
    takes,
)
from tests.service import PASSWORD, ServiceProcess

pytestmark = pytest.mark.spec("XEP-0357")


@asynccontextmanager
async def people(service: ServiceProcess, *names: str) -> AsyncIterator[list[Person]]:
    """Of a service of the test's own; their clients are hung up afterwards."""
    found = [Person(service, name) for name in names]
    try:
        yield found
    finally:
        for client in (client for each in found for client in each.clients):
            await client.hang_up()


@pytest.mark.spec("XEP-0357 §7", "XEP-0357 §9")
async def test_who_wrote_and_what_where_the_settings_want_it_and_nothing_is_lost_by_a_crash(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service(
        "alice", "bob", "charlie", CHATOPS_PUSH_SENDER="on", CHATOPS_PUSH_BODY="on"
    )
    async with people(service, "alice", "bob", "charlie") as (alice, bob, charlie):
        await tell_and_crash(service, alice, bob, charlie)


async def tell_and_crash(
    service: ServiceProcess, alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.bound("push")
    await absent(bob, app_server)
    secret = (
        "<body>Old clients see this.</body><encrypted xmlns='eu.siacs.conversations.axolotl'/>"
        "<store xmlns='urn:xmpp:hints'/>"
    )
    await says(desk, message(bob.jid, "m1", secret))
    assert await takes(app_server) == {
        "message-count": "1",
        "last-message-sender": alice.jid,
    }
    await says(desk, message(bob.jid, "m2", "<body>Tea &amp; cake?</body>"))
    await hears(app_server)  # and does not answer
    service.kill()
    service.start()
    app_server = await charlie.bound("push")
    assert await takes(app_server) == {
        "message-count": "2",
        "last-message-sender": alice.jid,
        "last-message-body": "Tea & cake?",
    }
    await app_server.nothing_else()


async def test_where_it_is_switched_off_it_is_not_announced_either(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("bob", CHATOPS_PUSH="off")
    async with people(service, "bob") as (bob,):
        phone = await bob.online("phone")
        answer = await phone.ask(
            f"<iq type='get' id='i' to='{phone.bare}'>"
            "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        )
        assert "urn:xmpp:push:0" not in {each.get("var") for each in answer.iter()}
        answer = await phone.ask(enable("push.example"))
        assert answer.find(f".//{{{STANZAS}}}service-unavailable") is not None


async def test_a_notice_wakes_too(alice: Person, bob: Person, charlie: Person) -> None:
    app_server = await charlie.online("push")
    await absent(bob, app_server)
    bob.service.manage("notice", "send", "--to", bob.jid, "--subject", "Tea", "Bring cups.")
    assert await takes(app_server) == {"message-count": "1"}
    await app_server.nothing_else()


async def test_what_is_removed_in_the_browser_is_not_told(
    alice: Person, bob: Person, charlie: Person, service: ServiceProcess
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone = await bob.online("phone")
    await does(phone, enable(app_server.jid, "n1"))
    await does(phone, enable(app_server.jid, "n2"))
    await phone.close()
    browser = Browser(service)
    await browser.log_in()
    listed = await browser.get(f"/push/registration/?q={bob.jid.partition('@')[0]}&o=1")
    for number in sorted(set(re.findall(r"registration/(\d+)/change", listed)), key=int)[:1]:
        await browser.post(f"/push/registration/{number}/delete/", post="yes")
    await says(desk, message(bob.jid, "m1"))
    assert await takes(app_server, "n2") == {"message-count": "1"}
    await app_server.nothing_else()


async def test_nothing_is_told_of_who_gets_the_name_next(
    alice: Person, bob: Person, charlie: Person, service: ServiceProcess
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    service.manage("account", "remove", bob.jid)
    service.manage("account", "add", bob.jid, "--password", PASSWORD)
    await says(desk, message(bob.jid, "m1"))
    await app_server.nothing_else()


@pytest.mark.spec("XEP-0357 §7.1")
async def test_an_address_that_cannot_be_reached_breaks_the_registration(
    alice: Person, bob: Person, service: ServiceProcess
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    for address in ("push.elsewhere.example", alice.jid):
        await does(phone, enable(address))
    await phone.close()
    await says(desk, message(bob.jid, "m1"))
    browser = Browser(service)
    await browser.log_in()
    for condition in ("remote-server-not-found", "service-unavailable"):
        listed = await browser.get(f"/push/registration/?q={bob.name}&state=broken")
        assert condition in listed
