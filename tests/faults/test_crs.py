"""Server acknowledgement ("CRS") while the service is killed, and with more than it waits for."""

import sqlite3
from collections.abc import Callable

from tests.conftest import Person
from tests.protocol.acknowledging import OFFLINE, ON, WAITED, chat, comes_back, late, plain, stored
from tests.service import ServiceProcess


async def test_too_many_that_wait_are_delivered_but_not_told_of(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob", CHATOPS_MAX_CRS_WAITING="2", **ON)
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk, phone = await alice.online("desk"), await bob.online("phone")
    for number in range(3):
        await desk.send(chat(bob.jid, f"m{number}"))
        await stored(desk, f"m{number}")
        await phone.expect(f"<message id='m{number}'/>")
    await late(desk, "m0")
    await late(desk, "m1")
    await desk.send(chat(bob.jid, "m3"))
    await stored(desk, "m3")
    await late(desk, "m3")
    for client in (desk, phone):
        await client.hang_up()


async def test_a_restart_forgets_neither_who_waits_nor_what_is_owed(
    own_service: Callable[..., ServiceProcess],
) -> None:
    settings = {**ON, "CHATOPS_CRS_TIMEOUT_SECONDS": "3"}
    service = own_service("alice", "bob", "charlie", **settings)
    alice, bob, charlie = (Person(service, name) for name in ("alice", "bob", "charlie"))
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.send(chat(charlie.jid, "absent"))
    await stored(desk, "absent")
    await desk.send(chat(bob.jid, "confirmed"))
    await stored(desk, "confirmed")
    await phone.expect("<message id='confirmed'/>")
    await phone.send(plain("confirmed"))
    await phone.nothing_else()
    await desk.send(chat(bob.jid, "m1"))
    await stored(desk)
    await phone.expect("<message id='m1'/>")
    service.kill()
    service.start()
    desk = await alice.online("desk")
    await late(desk)
    await desk.nothing_else()
    phone = await comes_back(bob, "phone")
    await phone.expect(f"<message id='m1'><offline xmlns='{OFFLINE}' current='*'/></message>")
    service.kill()
    service.start()
    phone = await bob.bound("phone")
    await phone.send(WAITED)  # for what it got before, and is offered no more
    await phone.send("<presence/>")
    await phone.wait_for(f"<presence from='{phone.jid}'/>")
    await phone.nothing_else()
    for client in (*alice.clients, *bob.clients):
        await client.hang_up()


async def test_only_the_sender_has_it_on(own_service: Callable[..., ServiceProcess]) -> None:
    """The recipient's client confirms nothing in any way: it gets the message once more."""
    service = own_service("alice", "bob", **{**ON, "CHATOPS_CRS": "off"})
    service.kill()
    service.manage(
        "shell",
        "-c",
        "from chatops.accounts import services; from chatops.audit.services import Actor;"
        "services.change_account(services.find('alice'), by=Actor.command('test'), uses_crs=True)",
    )
    service.start()
    alice, bob = Person(service, "alice"), Person(service, "bob")
    phone, desk = await comes_back(bob, "phone"), await alice.online("desk")
    await desk.send(chat(bob.jid, "m1"))
    await stored(desk)
    await phone.expect("<message id='m1'/>")
    await phone.send(plain("m1"))  # it may say so; to the service that is a message like others
    await phone.nothing_else()
    await late(desk)
    await phone.send(chat(alice.jid, "m2"))
    await desk.expect("<message id='m2'/>")
    await phone.nothing_else()  # nobody tells who has it off that his message is stored
    await phone.close()
    phone = await comes_back(bob, "phone")
    again = await phone.expect("<message id='m1'/>")
    assert again.find(f"{{{OFFLINE}}}offline") is None
    await phone.nothing_else()
    await phone.close()
    phone = await comes_back(bob, "phone")
    await phone.nothing_else()
    for client in (*alice.clients, *bob.clients):
        await client.hang_up()


async def test_a_confirmation_that_cannot_be_stored_is_refused_and_the_message_stays_owed(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob", **ON)
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk, phone = await alice.online("desk"), await bob.online("phone")
    for id_ in ("m1", "m2", "m3"):
        await desk.send(chat(bob.jid, id_))
        await stored(desk, id_)
        await phone.expect(f"<message id='{id_}'/>")
    other = sqlite3.connect(service.data / "chatops.sqlite3", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for id_ in ("m1", "m2", "unknown"):
        await phone.send(plain(id_))
        await phone.expect(
            f"<message type='error' id='{id_}'><error type='wait'>"
            "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        )
    other.execute("ROLLBACK")
    other.close()
    # Told when the ledger can say so again.
    errors = [f"<message type='error' id='{id_}'/>" for id_ in ("m1", "m2", "m3")]
    await desk.expect_all(*errors)
    await phone.send(plain("m1"))
    await phone.nothing_else()
    await phone.close()
    phone = await comes_back(bob, "phone")
    await phone.expect("<message id='m2'/>")
    await phone.expect("<message id='m3'/>")
    await phone.send(plain("m2"))
    await phone.send(plain("m3"))
    await phone.nothing_else()
    for client in (*alice.clients, *bob.clients):
        await client.hang_up()
