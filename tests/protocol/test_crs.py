"""Server acknowledgement ("CRS"), a private extension: the shapes of docs/crs.md."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.acknowledging import (
    CONFIRMATIONS,
    DELAY,
    IN_CHAT,
    OFFLINE,
    ON,
    PLAIN,
    RECEIPTS,
    WAITED,
    WITH_CODE,
    chat,
    comes_back,
    late,
    plain,
    stored,
)
from tests.protocol.managed import SM, managed
from tests.protocol.xep_0045.talk import enter, tea_room
from tests.service import PASSWORD, ServiceProcess


@pytest.fixture(scope="module")
def acknowledging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service on which everybody has it on, and is waited for two seconds."""
    process = ServiceProcess(tmp_path_factory.mktemp("crs") / "data", ON)
    process.data.mkdir()
    process.manage("migrate", "-v0")
    lines = [f"person{number}@{process.domain},{PASSWORD}" for number in range(60)]
    process.manage("account", "import", "-", text="\n".join(lines))
    process.start()
    yield process
    process.stop()
    assert "Traceback" not in process.log, process.log[-5000:]


_taken = iter(range(60))


@pytest_asyncio.fixture
async def someone(acknowledging: ServiceProcess) -> AsyncIterator[Callable[[], Person]]:
    people: list[Person] = []

    def make() -> Person:
        people.append(Person(acknowledging, f"person{next(_taken)}"))
        return people[-1]

    yield make
    for each in people:
        for client in each.clients:
            await client.hang_up()


async def events(process: ServiceProcess, client: Client, person: Person) -> list[str]:
    """What the ledger says of what that person was sent, in its order."""
    await client.nothing_more()
    # The ledger writes what only the service learns a little later; a look-up has it written.
    await client.send(plain("nothing-of-that-name"))
    await client.nothing_more()
    script = (
        "from chatops.delivery.models import Delivery, Event;"
        f"[print(e.get_kind_display(), e.detail, sep=': ') for e in"
        " Event.objects.filter(message_id__in=Delivery.objects.filter("
        f"recipient__username='{person.name}').values('message_id')).order_by('pk')]"
    )
    return [line for line in process.manage("shell", "-v0", "-c", script).splitlines() if line]


async def test_who_writes_is_told_when_it_is_stored(someone: Callable[[], Person]) -> None:
    alice, bob = someone(), someone()
    desk, phone = await alice.online("desk"), await bob.online("phone")
    before = datetime.now(UTC) - timedelta(seconds=1)
    await desk.send(chat(bob.jid, "m1"))
    assert before < await stored(desk) < datetime.now(UTC) + timedelta(seconds=1)
    await phone.expect(f"<message id='m1' from='{desk.jid}'><body>Tea?</body></message>")
    await phone.send(PLAIN)
    await phone.nothing_else()
    # Neither what says nothing, nor what has no id, nor what nobody stores is acknowledged.
    chat_state = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
    await desk.send(f"<message to='{bob.jid}' type='chat' id='m2'>{chat_state}</message>")
    await desk.send(f"<message to='{bob.jid}' type='chat'><body>Tea?</body></message>")
    await desk.send(
        f"<message to='{bob.jid}' type='chat' id='m3'><body>Tea?</body>"
        "<no-store xmlns='urn:xmpp:hints'/></message>"
    )
    await desk.nothing_else()


async def test_an_awkward_id_comes_back_as_it_was(someone: Callable[[], Person]) -> None:
    alice, bob = someone(), someone()
    desk, phone = await alice.online("desk"), await bob.online("phone")
    odd = "&lt;&quot;&apos;&amp;ü \u4f60"
    await desk.send(chat(bob.jid, odd))
    await desk.expect(f"<message type='crs' id='{odd}'/>")
    await phone.expect(f"<message id='{odd}'/>")
    await phone.send(plain(odd))
    await phone.nothing_else()
    await phone.hang_up()
    again = await comes_back(bob, "phone")
    await again.nothing_else()


@pytest.mark.parametrize("confirmation", CONFIRMATIONS)
async def test_what_a_device_confirms_is_not_offered_again(
    someone: Callable[[], Person], confirmation: str
) -> None:
    alice, bob = someone(), someone()
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.send(chat(bob.jid, "m1"))
    await stored(desk)
    await phone.expect("<message id='m1'/>")
    await phone.send(confirmation)
    await phone.nothing_else()
    await phone.hang_up()
    again = await comes_back(bob, "phone")
    await again.nothing_else()
    await desk.nothing_else()


async def test_the_timeline_says_what_confirmed_it(
    acknowledging: ServiceProcess, someone: Callable[[], Person]
) -> None:
    alice, bob = someone(), someone()
    desk, phone = await alice.online("desk"), await bob.online("phone")
    for number, text in enumerate((PLAIN, WAITED, IN_CHAT)):
        await desk.send(chat(bob.jid, f"x{number}"))
        await phone.expect(f"<message id='x{number}'/>")
        await phone.send(text.replace("m1", f"x{number}"))
        await phone.nothing_else()
    said = await events(acknowledging, phone, bob)
    assert [each for each in said if each.startswith("confirmed")] == [
        "confirmed: CRS",
        "confirmed: CRS, after it had waited",
        "confirmed: CRS, in a receipt",
    ]


async def test_who_does_not_confirm_is_late_and_gets_it_again(
    acknowledging: ServiceProcess, someone: Callable[[], Person]
) -> None:
    alice, bob = someone(), someone()
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.send(chat(bob.jid, "m1", "Tea &amp; cake?"))
    said = await stored(desk)
    await phone.expect("<message id='m1'/>")
    await phone.nothing_else()  # it shows life, which is no confirmation
    sent, told = await late(desk, body="Tea &amp; cake?")
    assert sent == said
    assert timedelta(seconds=1.9) < told - sent < timedelta(seconds=15)
    await phone.close()
    again = await comes_back(bob, "phone")
    await again.expect(
        f"<message id='m1' from='{desk.jid}'><body>Tea &amp; cake?</body>"
        f"<delay xmlns='{DELAY}' from='localhost'/><offline xmlns='{OFFLINE}' current='*'/>"
        "</message>"
    )
    await again.send(WAITED)
    assert "not confirmed in time: its sender was told (CRS)" in await events(
        acknowledging, again, bob
    )
    await desk.nothing_else()  # it is told once


async def test_who_has_only_just_come_is_waited_for_too(someone: Callable[[], Person]) -> None:
    """Whether the message goes behind older ones that are being handed over, or not."""
    alice, bob = someone(), someone()
    desk, phone = await alice.online("desk"), await bob.bound("phone")
    await desk.send(chat(bob.jid, "m1"))
    await stored(desk)
    await phone.send("<presence/>")
    await phone.wait_for("<message id='m1'/>")
    await desk.send(chat(bob.jid, "m2"))
    await stored(desk, "m2")
    await phone.wait_for("<message id='m2'/>")
    await late(desk, "m2")


async def test_what_is_confirmed_in_time_is_not_late(
    acknowledging: ServiceProcess, someone: Callable[[], Person]
) -> None:
    """By whatever way a device says so; a last message that nobody confirms shows the time."""
    alice, bob, charlie = someone(), someone(), someone()
    desk, phone = await alice.online("desk"), await bob.online("phone")
    tablet, _ = await managed(charlie, "tablet")
    await tablet.appear()
    await desk.send(chat(bob.jid, "crs"))
    await desk.send(chat(bob.jid, "receipt"))
    await desk.send(chat(charlie.jid, "ack"))
    await desk.send(chat(bob.jid, "nothing"))
    for id_ in ("crs", "receipt", "ack", "nothing"):
        await stored(desk, id_)
    await phone.send(plain("crs"))
    await phone.send(
        f"<message to='{desk.jid}' type='chat'>"
        f"<received xmlns='{RECEIPTS}' id='receipt'/></message>"
    )
    await desk.expect(f"<message><received xmlns='{RECEIPTS}' id='receipt'/></message>")
    await tablet.wait_for("<message id='ack'/>")
    # Its own presence, the answer to the ping of `appear`, and the message.
    await tablet.send(f"<a xmlns='{SM}' h='3'/>")
    await late(desk, "nothing")
    await desk.nothing_else()


async def test_of_two_devices_one_is_enough_for_the_sender(someone: Callable[[], Person]) -> None:
    alice, bob = someone(), someone()
    desk = await alice.online("desk")
    phone, tablet = await bob.online("phone"), await bob.online("tablet")
    await phone.nothing_more()
    await desk.send(chat(bob.jid, "m1"))
    await desk.send(chat(bob.jid, "m2"))
    await stored(desk)
    await stored(desk, "m2")
    for device in (phone, tablet):
        await device.expect("<message id='m1'/>")
        await device.expect("<message id='m2'/>")
    await tablet.send(PLAIN)
    await late(desk, "m2")
    await desk.nothing_else()


async def test_what_waited_says_so_and_is_offered_until_it_is_confirmed(
    someone: Callable[[], Person],
) -> None:
    alice, bob = someone(), someone()
    desk = await alice.online("desk")
    await desk.send(chat(bob.jid, "m1"))
    await desk.send(chat(bob.jid, "m2"))
    await stored(desk)
    await stored(desk, "m2")
    waits = f"<body>Tea?</body><delay xmlns='{DELAY}'/><offline xmlns='{OFFLINE}' current='*'/>"
    # More often than others' messages would be without a pause.
    for resource in ("phone", "phone", "tablet", "phone", "phone"):
        before = datetime.now(UTC) - timedelta(milliseconds=1)
        phone = await comes_back(bob, resource)
        first = await phone.expect(f"<message id='m1' from='{desk.jid}'>{waits}</message>")
        mark = first.find(f"{{{OFFLINE}}}offline")
        assert mark is not None
        assert before <= datetime.fromisoformat(mark.get("current", "")) <= datetime.now(UTC)
        await phone.expect(f"<message id='m2' from='{desk.jid}'>{waits}</message>")
        await phone.nothing_else()
        await phone.close()
    phone = await comes_back(bob, "phone")
    await phone.expect("<message id='m1'/>")
    await phone.expect("<message id='m2'/>")
    await phone.send(WAITED)
    await phone.nothing_else()
    await phone.hang_up()
    phone = await comes_back(bob, "phone")
    await phone.expect("<message id='m2'/>")
    await phone.send(plain("m2"))
    await phone.close()
    phone = await comes_back(bob, "phone")
    await phone.nothing_else()
    await desk.nothing_else()  # who is absent is not waited for


async def test_a_device_with_stream_management_confirms_by_that_too(
    someone: Callable[[], Person],
) -> None:
    alice, bob = someone(), someone()
    desk = await alice.online("desk")
    phone, _ = await managed(bob, "phone")
    await phone.appear()
    await desk.send(chat(bob.jid, "m1"))
    await stored(desk)
    await phone.wait_for("<message id='m1'/>")
    await phone.send(PLAIN)
    await phone.nothing_more()
    await phone.hang_up()  # it never acknowledged the stanza
    again = await comes_back(bob, "phone")
    await again.nothing_else()


async def test_messages_with_the_same_id_are_confirmed_one_by_one(
    someone: Callable[[], Person],
) -> None:
    alice, bob, charlie = someone(), someone(), someone()
    desk, den = await alice.online("desk"), await charlie.online("den")
    phone = await bob.online("phone")
    for sender in (desk, den):
        await sender.send(chat(bob.jid, "m1"))
        await stored(sender)
    await phone.expect(f"<message id='m1' from='{desk.jid}'/>")
    await phone.expect(f"<message id='m1' from='{den.jid}'/>")
    await phone.send(PLAIN)
    await phone.nothing_else()
    await phone.hang_up()
    again = await comes_back(bob, "phone")
    await again.expect(f"<message id='m1' from='{den.jid}'/>")
    await again.send(PLAIN)
    await again.nothing_else()


async def test_bad_confirmations_are_passed_over(someone: Callable[[], Person]) -> None:
    alice, bob, charlie = someone(), someone(), someone()
    desk, phone, den = (
        await alice.online("desk"),
        await bob.online("phone"),
        await charlie.online("den"),
    )
    await desk.send(chat(bob.jid, "m1"))
    await stored(desk)
    await phone.expect("<message id='m1'/>")
    await den.send(PLAIN)  # somebody else's
    await den.nothing_else()
    await phone.send(plain("unknown"))
    await phone.send(plain(""))
    await phone.send("<message type='crs' to='localhost'/>")
    await phone.send("<message type='crs'/>")
    await phone.send(plain("m1", f"<received xmlns='{RECEIPTS}'>500</received>"))
    await phone.send(plain("x" * 5_000))
    await phone.send(plain("unknown", f"<body>{'x' * 200_000}</body>"))
    for number in range(200):
        await phone.send(plain(f"unknown{number}"))
    await phone.nothing_else()
    await late(desk)
    await phone.hang_up()
    again = await comes_back(bob, "phone")
    await again.expect("<message id='m1'/>")
    await again.send(PLAIN)
    await again.nothing_else()


async def test_what_is_said_in_a_room(
    acknowledging: ServiceProcess, someone: Callable[[], Person]
) -> None:
    alice, bob = someone(), someone()
    desk, phone = await alice.online("desk"), await bob.online("phone")
    room = await tea_room(desk, trackdelivery="1")
    await enter(phone, room, "bob")
    await desk.nothing_more()
    await phone.nothing_more()
    await desk.send(f"<message to='{room}' type='groupchat' id='m1'><body>Tea?</body></message>")
    await desk.expect(f"<message type='groupchat' from='{room}/alice' id='m1'/>")
    await stored(desk)
    await phone.expect(f"<message type='groupchat' from='{room}/alice' id='m1'/>")
    await phone.send(PLAIN)
    await phone.send(chat(f"{room}/alice", "m2"))
    await stored(phone, "m2")
    await desk.expect(f"<message type='chat' from='{room}/bob' id='m2'/>")
    said = await events(acknowledging, phone, bob)
    assert "confirmed: CRS" in said
    composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
    await desk.send(f"<message to='{room}' type='groupchat' id='m3'>{composing}</message>")
    await desk.expect("<message type='groupchat' id='m3'/>")
    await desk.nothing_else()  # nobody is late in a room, and chat states are not stored


@pytest.mark.spec("RFC 6121 §5.2.2")
async def test_where_it_is_off_the_type_means_nothing(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.send(chat(phone.jid, "m1"))
    await phone.expect("<message id='m1'/>")
    for confirmation in (PLAIN, WITH_CODE, WAITED, IN_CHAT):
        await phone.send(confirmation)
    await phone.nothing_else()
    await phone.send(plain("m2", "<body>Tea?</body>"))
    await phone.expect("<message type='error' id='m2'><error type='cancel'/></message>")
    await phone.send(plain("m3", "<body>Tea?</body>", to=desk.jid))
    await desk.expect(f"<message id='m3' from='{phone.jid}'><body>Tea?</body></message>")
    await desk.nothing_else()
