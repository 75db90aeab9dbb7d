"""Receipts that come while the database is away: refused, and what was true before still is."""

import sqlite3
from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.faults.test_slow_and_lost import hang_up
from tests.ledger import becomes
from tests.protocol.devices import Device, comes, settled
from tests.protocol.managed import STANZAS, got, message
from tests.service import ServiceProcess


def receipt(to: str, name: str) -> str:
    return (
        f"<message to='{to}' id='r-{name}'><received xmlns='urn:xmpp:receipts' id='{name}'/>"
        "</message>"
    )


async def refused(device: Device, name: str) -> None:
    await device.wait_for(
        f"<message type='error' id='r-{name}'><error type='wait'>"
        f"<resource-constraint xmlns='{STANZAS}'/></error></message>"
    )


@pytest.mark.spec("XEP-0184", "XEP-0198 §4")
async def test_what_a_refused_receipt_is_about_is_as_unconfirmed_as_before(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob", "charlie", "dave")
    names = ("alice", "bob", "charlie", "dave")
    alice, bob, charlie, dave = (Person(service, name) for name in names)
    desk = await alice.online("desk")
    (phone, _), (pad, _) = await settled(bob, "phone"), await settled(charlie, "pad")
    watch, _ = await settled(dave, "watch")
    for person, device, name in (
        (bob, phone, "acknowledged"),
        (charlie, pad, "again"),
        (charlie, pad, "lost"),
        (dave, watch, "cut"),
    ):
        await desk.send(message(person.jid, name))
        await device.wait_for(got(desk, name))
    await becomes(service, alice.jid, "lost", "stored, sent pad", "sent pad owed")
    other = sqlite3.connect(service.data / "chatops.sqlite3", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    await phone.client.send(receipt(desk.jid, "acknowledged"))
    await phone.confirms()  # before the receipt is refused
    await refused(phone, "acknowledged")
    await watch.client.send(receipt(desk.jid, "cut"))
    await watch.client.nothing_more()
    watch.dies()  # before the receipt is refused
    for name in ("again", "lost", "unknown"):
        await pad.client.send(receipt(desk.jid, name))
        await refused(pad, name)
    other.execute("ROLLBACK")
    other.close()
    told = "stored, sent phone, confirmed phone"
    await becomes(service, alice.jid, "acknowledged", told, "confirmed phone")
    await becomes(service, alice.jid, "lost", "stored, sent pad", "sent pad owed")
    told = "stored, sent watch, requeued watch"
    await becomes(service, alice.jid, "cut", told, "queued owed")
    await pad.client.send(receipt(desk.jid, "again"))
    told = "stored, sent pad, confirmed pad"
    await becomes(service, alice.jid, "again", told, "confirmed pad")
    pad.dies()
    told = "stored, sent pad, requeued pad"
    await becomes(service, alice.jid, "lost", told, "queued owed")
    pad, _ = await comes(charlie, "pad")
    await pad.wait_for(got(desk, "lost"))
    await pad.client.send(receipt(desk.jid, "lost"))
    told += ", retried pad, sent pad, confirmed pad"
    await becomes(service, alice.jid, "lost", told, "confirmed pad")
    await hang_up(alice, bob, charlie, dave)
