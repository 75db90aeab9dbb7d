"""Every way that a message can go, and exactly what the ledger says of it."""

import asyncio
from collections.abc import Callable

import pytest

from chatops.core.database import LONGEST_PAUSE
from tests.conftest import Person
from tests.conversation import Ended
from tests.faults.dying import DEADLY
from tests.faults.test_slow_and_lost import hang_up
from tests.ledger import becomes
from tests.postgres import Postgres
from tests.protocol.devices import Device, comes, has_its_queue, settled
from tests.protocol.managed import got, message, resumed
from tests.service import ServiceProcess

MUC = "http://jabber.org/protocol/muc"
WHY = """
from chatops.delivery.models import Delivery, Event, EventKind
event = Event.objects.get(recipient__username="{name}", kind=EventKind.FAILED)
assert event.message_id in Delivery.objects.dead().values_list("message_id", flat=True)
print(event.detail)
"""
SWEEP = "from chatops.delivery import retries; retries.sweep()"


@pytest.mark.spec("XEP-0198 §4")
async def test_to_one_device(service: ServiceProcess, alice: Person, bob: Person) -> None:
    desk, (phone, _) = await alice.online("desk"), await settled(bob, "phone")
    await desk.send(message(bob.jid, "m"))
    await phone.wait_for(got(desk, "m"))
    await becomes(service, alice.jid, "m", "stored, sent phone", "sent phone owed")
    await phone.confirms()
    await becomes(service, alice.jid, "m", "stored, sent phone, confirmed phone", "confirmed phone")
    await phone.client.send(
        f"<message to='{desk.jid}' type='chat'>"
        "<displayed xmlns='urn:xmpp:chat-markers:0' id='m'/></message>"
    )
    await desk.wait_for(f"<message from='{phone.jid}'/>")
    await becomes(
        service,
        alice.jid,
        "m",
        "stored, sent phone, confirmed phone, displayed phone",
        "displayed phone",
    )


async def test_to_a_device_that_confirms_by_a_receipt_alone(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await has_its_queue(bob, Device(phone))
    await desk.send(
        f"<message to='{bob.jid}' type='chat' id='m'><body>m</body>"
        "<request xmlns='urn:xmpp:receipts'/></message>"
    )
    await phone.wait_for(got(desk, "m"))
    await phone.send(
        f"<message to='{desk.jid}'><received xmlns='urn:xmpp:receipts' id='m'/></message>"
    )
    await desk.wait_for(f"<message from='{phone.jid}'/>")
    await becomes(service, alice.jid, "m", "stored, sent phone, confirmed phone", "confirmed phone")


@pytest.mark.spec("RFC 6120 §8.3.1")
async def test_to_a_device_that_answers_with_an_error(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk, (phone, _) = await alice.online("desk"), await settled(bob, "phone")
    refusal = (
        "<error type='cancel'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Too large</text></error>"
    )
    await desk.send(message(bob.jid, "m"))
    await phone.wait_for(got(desk, "m"))
    for name in ("m", "nobody-sent-that"):
        await phone.client.send(
            f"<message to='{desk.jid}' type='error' id='{name}'>{refusal}</message>"
        )
        await desk.wait_for(f"<message from='{phone.jid}' type='error' id='{name}'/>")
    told = "stored, sent phone, failed phone"
    await becomes(service, alice.jid, "m", told, "failed phone")
    await phone.confirms()  # that it came is no news any more
    phone.dies()
    tablet, _ = await settled(bob, "tablet")
    await tablet.client.nothing_more()
    await becomes(service, alice.jid, "m", told, "failed phone")
    found = service.manage("shell", "-c", WHY.format(name=bob.name))
    assert found.splitlines()[-1] == "not-acceptable: Too large"


@pytest.mark.spec("XEP-0198 §5")
async def test_to_two_devices_of_which_one_dies(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    (phone, _), (tablet, _) = await settled(bob, "phone"), await settled(bob, "tablet")
    await desk.send(message(bob.jid, "m"))
    for device in (phone, tablet):
        await device.wait_for(got(desk, "m"))
    await phone.confirms()
    told = "stored, sent phone, sent tablet, confirmed phone"
    await becomes(service, alice.jid, "m", told, "confirmed phone, sent tablet owed")
    tablet.dies()  # somebody has it, so nobody is offered it again
    await becomes(
        service, alice.jid, "m", f"{told}, missed tablet", "confirmed phone, missed tablet"
    )


@pytest.mark.spec("XEP-0160 §2", "XEP-0160 §3")
async def test_to_somebody_who_is_away(service: ServiceProcess, alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(message(bob.jid, "m"))
    await becomes(service, alice.jid, "m", "stored, queued", "queued owed")
    phone, _ = await comes(bob, "phone")
    await phone.wait_for(got(desk, "m"))
    await phone.confirms()
    await becomes(
        service,
        alice.jid,
        "m",
        "stored, queued, sent phone, confirmed phone",
        "confirmed phone",
    )
    again = await bob.online("tablet")
    await again.nothing_else()


@pytest.mark.spec("XEP-0191 §3.3")
async def test_to_who_blocks_the_sender(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await phone.ask(
        f"<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='{alice.jid}'/>"
        "</block></iq>"
    )
    await desk.send(message(bob.jid, "m"))
    await desk.wait_for("<message type='error' id='m'/>")
    await becomes(service, alice.jid, "m", "", "")


async def test_to_who_has_too_much_waiting(own_service: Callable[..., ServiceProcess]) -> None:
    service = own_service("alice", "bob", CHATOPS_MAX_OFFLINE_MESSAGES="1")
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk = await alice.online("desk")
    for name in ("fits", "over"):
        await desk.send(message(bob.jid, name))
    await desk.wait_for("<message type='error' id='over'/>")
    await becomes(service, alice.jid, "fits", "stored, queued", "queued owed")
    await becomes(service, alice.jid, "over", "", "")
    await hang_up(alice, bob)


async def test_of_which_the_time_is_over(own_service: Callable[..., ServiceProcess]) -> None:
    service = own_service("alice", "bob", CHATOPS_MESSAGE_LIFETIME_DAYS="1")
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk = await alice.online("desk")
    await desk.send(message(bob.jid, "m"))
    await becomes(service, alice.jid, "m", "stored, queued", "queued owed")
    service.manage("shell", "-c", SWEEP)
    await becomes(service, alice.jid, "m", "stored, queued", "queued owed")
    a_day_passes = "from chatops.delivery.models import *; Delivery.objects.update(expires=1);"
    service.manage("shell", "-c", a_day_passes + SWEEP)
    await becomes(service, alice.jid, "m", "stored, queued, expired", "expired")
    await hang_up(alice, bob)


async def test_to_an_account_that_goes(service: ServiceProcess, alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(message(bob.jid, "m"))
    await becomes(service, alice.jid, "m", "stored, queued", "queued owed")
    service.manage("account", "remove", bob.name)
    await becomes(service, alice.jid, "m", "stored, queued, discarded", "")


@pytest.mark.spec("XEP-0198 §5")
async def test_over_a_session_that_is_resumed(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    phone, token = await settled(bob, "phone", resume=True)
    phone.dies()
    await desk.nothing_more()  # the service has seen that, and writes to nobody
    await desk.send(message(bob.jid, "m"))
    again = Device((await resumed(bob, token, phone.came))[0])
    again.came = phone.came
    await again.wait_for(got(desk, "m"))
    await again.confirms()
    await becomes(service, alice.jid, "m", "stored, sent phone, confirmed phone", "confirmed phone")


@pytest.mark.spec("XEP-0198 §5", "XEP-0160 §3")
async def test_offered_again_until_it_is_confirmed(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk, (phone, _) = await alice.online("desk"), await settled(bob, "phone")
    await desk.send(message(bob.jid, "m"))
    await phone.wait_for(got(desk, "m"))
    phone.dies()
    await becomes(service, alice.jid, "m", "stored, sent phone, requeued phone", "queued owed")
    tablet, _ = await comes(bob, "tablet")
    await tablet.wait_for(got(desk, "m"))
    await tablet.confirms()
    await becomes(
        service,
        alice.jid,
        "m",
        "stored, sent phone, requeued phone, retried tablet, sent tablet, confirmed tablet",
        "confirmed tablet",
    )


async def test_offered_again_until_it_is_given_up(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob", CHATOPS_DELIVERY_ATTEMPTS="2")
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk = await alice.online("desk")
    await desk.send(message(bob.jid, "m"))
    for _ in range(2):
        phone, _ = await comes(bob, "phone")
        await phone.wait_for(got(desk, "m"))
        phone.dies()
        await desk.nothing_more()
    await becomes(
        service,
        alice.jid,
        "m",
        "stored, queued, sent phone, requeued phone, retried phone, sent phone, failed phone",
        "failed phone",
    )
    await (await bob.online("phone")).nothing_else()
    await hang_up(alice, bob)


async def test_though_the_service_dies_before_it_is_confirmed(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob")
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk, (phone, _) = await alice.online("desk"), await settled(bob, "phone")
    await desk.send(message(bob.jid, "m"))
    await phone.wait_for(got(desk, "m"))
    await becomes(service, alice.jid, "m", "stored, sent phone", "sent phone owed")
    service.kill()
    await hang_up(alice, bob)
    service.start()
    await becomes(service, alice.jid, "m", "stored, sent phone, requeued phone", "queued owed")
    phone, _ = await comes(bob, "phone")
    await phone.wait_for(f"<message from='{desk.jid}' id='m'/>")
    await phone.confirms()
    await becomes(
        service,
        alice.jid,
        "m",
        "stored, sent phone, requeued phone, sent phone, confirmed phone",
        "confirmed phone",
    )
    await hang_up(bob)


async def test_though_the_service_dies_after_it_was_stored_and_before_it_is_sent(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", "bob", DJANGO_SETTINGS_MODULE="tests.faults.dying")
    alice, bob = Person(service, "alice"), Person(service, "bob")
    desk, (phone, _) = await alice.online("desk"), await settled(bob, "phone")
    await desk.send(message(bob.jid, DEADLY))
    with pytest.raises((Ended, ConnectionError)):
        await phone.wait_for("<message/>")
    service.kill()
    await hang_up(alice, bob)
    del service.settings["DJANGO_SETTINGS_MODULE"]
    service.start()
    await becomes(service, alice.jid, DEADLY, "stored, requeued phone", "queued owed")
    phone, _ = await comes(bob, "phone")
    await phone.wait_for(f"<message from='{desk.jid}' id='{DEADLY}'/>")
    await phone.confirms()
    told = "stored, requeued phone, sent phone, confirmed phone"
    await becomes(service, alice.jid, DEADLY, told, "confirmed phone")
    await (await bob.online("tablet")).nothing_else()
    await hang_up(bob)


async def test_though_the_database_is_away_for_longer_than_anybody_waits(
    own_service: Callable[..., ServiceProcess], database: Postgres
) -> None:
    """What devices say meanwhile is not forgotten, nor is what they took with them."""
    service = own_service(
        "alice", "bob", "charlie", DATABASE_URL=database.url, CHATOPS_STORE_SECONDS="1"
    )
    alice, bob, charlie = (Person(service, name) for name in ("alice", "bob", "charlie"))
    desk = await alice.online("desk")
    (phone, _), (pad, _) = await settled(bob, "phone"), await settled(charlie, "pad")
    for to, device, name in ((bob, phone, "kept"), (charlie, pad, "lost")):
        await desk.send(message(to.jid, name))
        await device.wait_for(got(desk, name))
    await becomes(service, alice.jid, "kept", "stored, sent phone", "sent phone owed")
    await becomes(service, alice.jid, "lost", "stored, sent pad", "sent pad owed")
    await asyncio.to_thread(database.stop)
    await phone.confirms()
    pad.dies()
    for number in range(3):  # each is refused when it has waited for a second
        await desk.send(message(bob.jid, f"refused-{number}"))
        await desk.wait_for(f"<message type='error' id='refused-{number}'/>")
    await asyncio.sleep(2 * LONGEST_PAUSE)  # whoever tries again does so as seldom as he ever will
    await asyncio.to_thread(database.start)
    told = "stored, sent phone, confirmed phone"
    await becomes(service, alice.jid, "kept", told, "confirmed phone")
    await becomes(service, alice.jid, "lost", "stored, sent pad, requeued pad", "queued owed")
    await becomes(service, alice.jid, "refused-0", "", "")
    pad, _ = await comes(charlie, "pad")
    await pad.wait_for(got(desk, "lost"))
    await pad.confirms()
    told = "stored, sent pad, requeued pad, retried pad, sent pad, confirmed pad"
    await becomes(service, alice.jid, "lost", told, "confirmed pad")
    await has_its_queue(bob, phone)
    assert "refused" not in " ".join(phone.messages)
    await hang_up(alice, bob, charlie)
    service.kill()


@pytest.mark.spec("XEP-0045 §7.4", "XEP-0045 §7.5", "XEP-0184 §7", "XEP-0198 §4", "XEP-0333 §4.3")
async def test_to_the_people_in_a_room_that_tracks_delivery(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    room = f"tracked-{alice.name}@conference.localhost"
    desk, (phone, _) = await alice.online("desk"), await settled(bob, "phone")
    await desk.send(f"<presence to='{room}/alice'><x xmlns='{MUC}'/></presence>")
    await desk.wait_for(f"<message from='{room}'><subject/></message>")
    await desk.ask(
        f"<iq type='set' id='o' to='{room}'><query xmlns='{MUC}#owner'>"
        "<x xmlns='jabber:x:data' type='submit'>"
        f"<field var='FORM_TYPE'><value>{MUC}#roomconfig</value></field>"
        "<field var='muc#roomconfig_trackdelivery'><value>1</value></field></x></query></iq>"
    )
    await phone.client.send(f"<presence to='{room}/bob'><x xmlns='{MUC}'/></presence>")
    await phone.wait_for(f"<message from='{room}'><subject/></message>")
    await phone.confirms()
    await desk.send(message(room, "m", "groupchat"))
    await desk.wait_for(f"<message from='{room}/alice' id='m'/>")
    said = await phone.wait_for(f"<message from='{room}/alice' id='m'/>")
    await phone.confirms()
    told, states = "stored, sent desk, sent phone, confirmed phone", "sent desk, confirmed phone"
    await becomes(service, alice.jid, "m", told, states)
    by_room = said.find("{urn:xmpp:sid:0}stanza-id")
    assert by_room is not None
    for number in (by_room.get("id"), "1", "m"):  # of which the room gave the first alone
        await phone.client.send(
            f"<message to='{room}' type='groupchat' id='d-{number}'>"
            f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{number}'/></message>"
        )
        await desk.wait_for(f"<message from='{room}/bob' id='d-{number}'/>")
    told, states = f"{told}, displayed phone", "sent desk, displayed phone"
    await becomes(service, alice.jid, "m", told, states)
    await desk.send(
        f"<message to='{room}/bob' type='chat' id='p'><body>Psst</body>"
        "<request xmlns='urn:xmpp:receipts'/></message>"
    )
    await phone.wait_for(f"<message from='{room}/alice' id='p'/>")
    await becomes(service, room, "p", "stored, sent phone", "sent phone")
    await phone.client.send(
        f"<message to='{room}/alice' type='chat' id='r'>"
        "<received xmlns='urn:xmpp:receipts' id='p'/></message>"
    )
    await desk.wait_for(f"<message from='{room}/bob' id='r'/>")
    await becomes(service, room, "p", "stored, sent phone, confirmed phone", "confirmed phone")
