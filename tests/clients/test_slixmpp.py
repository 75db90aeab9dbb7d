"""What people do with a client, done with slixmpp: everything by its plugins, nothing by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from slixmpp import JID

from tests.conftest import Person
from tests.journeys import PATIENCE, SlixmppClient
from tests.service import ServiceProcess

Come: TypeAlias = Callable[[Person, str], Awaitable[SlixmppClient]]


@pytest_asyncio.fixture
async def come(service: ServiceProcess) -> AsyncIterator[Come]:
    """Logs somebody in; all leave in the end."""
    clients: list[SlixmppClient] = []

    async def make(person: Person, resource: str) -> SlixmppClient:
        clients.append(SlixmppClient(service, person.name, resource))
        return await clients[-1].come()

    yield make
    for client in clients:
        await client.leave()


@pytest.mark.spec("XEP-0184")
async def test_a_chat_with_receipts(come: Come, alice: Person, bob: Person) -> None:
    desk, phone = await come(alice, "desk"), await come(bob, "phone")
    message = desk.make_message(mto=JID(bob.jid), mbody="Tea?", mtype="chat")
    message["request_receipt"] = True
    message.send()
    got = await phone.next_message("Tea?")
    assert got["from"].full == f"{alice.jid}/desk"
    receipt = await asyncio.wait_for(desk.receipts.get(), PATIENCE)
    assert receipt["receipt"] == message["id"]
    assert receipt["from"].full == f"{bob.jid}/phone"


@pytest.mark.spec("XEP-0203", "XEP-0184")
async def test_a_phone_that_was_away_gets_what_the_tablet_read(
    come: Come, alice: Person, bob: Person
) -> None:
    await (await come(bob, "phone")).leave()
    desk, tablet = await come(alice, "desk"), await come(bob, "tablet")
    message = desk.make_message(mto=JID(bob.jid), mbody="Tea at four?", mtype="chat")
    message["request_receipt"] = True
    message.send()
    await tablet.next_message("Tea at four?")
    phone = await come(bob, "phone")
    got = await phone.next_message("Tea at four?")
    assert got["id"] == message["id"]
    assert got["delay"]["stamp"] is not None
    receipts = [await asyncio.wait_for(desk.receipts.get(), PATIENCE) for _ in range(2)]
    assert {each["from"].resource for each in receipts} == {"tablet", "phone"}


@pytest.mark.spec("XEP-0280")
async def test_ones_other_device_gets_carbons_both_ways(
    come: Come, service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk, pad = await come(alice, "desk"), await come(alice, "pad")
    phone = await come(bob, "phone")
    copies: asyncio.Queue[Any] = asyncio.Queue()
    pad.add_event_handler("carbon_sent", lambda each: copies.put_nowait(each["carbon_sent"]))
    desk.add_event_handler(
        "carbon_received", lambda each: copies.put_nowait(each["carbon_received"])
    )
    for client in (desk, pad):
        await client.plugin["xep_0280"].enable()
    desk.send_message(mto=JID(bob.jid), mbody="From my desk", mtype="chat")
    copy = await asyncio.wait_for(copies.get(), PATIENCE)
    assert copy["body"] == "From my desk"
    assert copy["from"].full == f"{alice.jid}/desk"
    phone.send_message(mto=JID(f"{alice.jid}/pad"), mbody="To your pad", mtype="chat")
    await pad.next_message("To your pad")
    copy = await asyncio.wait_for(copies.get(), PATIENCE)
    assert copy["body"] == "To your pad"


@pytest.mark.spec("XEP-0045")
async def test_two_meet_in_a_room_and_a_third_sees_what_was_said(
    come: Come, service: ServiceProcess, alice: Person, bob: Person, charlie: Person
) -> None:
    room = JID(f"meet-{alice.name}@conference.{service.domain}")
    desk, phone = await come(alice, "desk"), await come(bob, "phone")
    await desk.plugin["xep_0045"].join_muc_wait(room, "alice", maxstanzas=0)
    form = await desk.plugin["xep_0045"].get_room_config(room)
    form["type"] = "submit"
    await desk.plugin["xep_0045"].set_room_config(room, form)
    await phone.plugin["xep_0045"].join_muc_wait(room, "bob", maxstanzas=0)
    assert set(phone.plugin["xep_0045"].get_roster(room)) == {"alice", "bob"}
    phone.send_message(mto=room, mbody="Who is there?", mtype="groupchat")
    said = await desk.next_message("Who is there?")
    assert said["from"].full == f"{room}/bob"
    third = await come(charlie, "pad")
    *_, history = await third.plugin["xep_0045"].join_muc_wait(room, "charlie", maxstanzas=10)
    assert [each["body"] for each in history] == ["Who is there?"]
    assert history[0]["delay"]["stamp"]


@pytest.mark.spec("XEP-0160", "XEP-0203")
async def test_what_was_sent_to_the_absent_comes_at_login_with_its_time(
    come: Come, service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await come(alice, "desk")
    message = desk.make_message(mto=JID(bob.jid), mbody="Read me later", mtype="chat")
    message["request_receipt"] = True
    message.send()
    await desk.plugin["xep_0199"].ping(JID(service.domain))  # it is stored when this is answered
    phone = await come(bob, "phone")
    got = await phone.next_message("Read me later")
    assert got["delay"]["stamp"]
    assert (await asyncio.wait_for(desk.receipts.get(), PATIENCE))["receipt"] == message["id"]


@pytest.mark.spec("XEP-0198 §5")
async def test_a_broken_session_is_resumed_and_misses_nothing(
    come: Come, service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk, phone = await come(alice, "desk"), await come(bob, "phone")
    resumed = asyncio.get_running_loop().create_future()
    phone.add_event_handler("session_resumed", resumed.set_result)
    phone.abort()
    desk.send_message(mto=JID(bob.jid), mbody="While you were gone", mtype="chat")
    await desk.plugin["xep_0199"].ping(JID(service.domain))
    phone.connect("127.0.0.1", service.c2s_port)
    await asyncio.wait_for(resumed, PATIENCE)
    await phone.next_message("While you were gone")
