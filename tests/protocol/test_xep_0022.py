"""Message events, XEP-0022, of older clients."""

import pytest

from tests.conftest import Person

EVENT = "jabber:x:event"

pytestmark = pytest.mark.spec("XEP-0022")


def asking(to: str, id_: str = "m1") -> str:
    return (
        f"<message to='{to}' type='chat' id='{id_}'><body>Tea?</body>"
        f"<x xmlns='{EVENT}'><offline/><delivered/><displayed/><composing/></x></message>"
    )


def raised(to: str, event: str, id_: str = "m1") -> str:
    return f"<message to='{to}'><x xmlns='{EVENT}'><{event}/><id>{id_}</id></x></message>"


@pytest.mark.spec("XEP-0022 §2.1")
async def test_the_service_says_that_it_waits(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(asking(bob.jid))
    await desk.expect(
        f"<message from='{bob.jid}' to='{desk.jid}'>"
        f"<x xmlns='{EVENT}'><offline/><id>m1</id></x></message>"
    )
    await desk.nothing_else()
    phone = await bob.bound("phone")
    await phone.send("<presence/>")
    late = await phone.wait_for(
        f"<message id='m1'><x xmlns='{EVENT}'><delivered/><displayed/><composing/></x></message>"
    )
    assert late.find(f"{{{EVENT}}}x/{{{EVENT}}}offline") is None  # that has been answered


@pytest.mark.spec("XEP-0022 §2.2", "XEP-0022 §2.3", "XEP-0022 §2.4")
async def test_the_other_events_pass_between_clients(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.send(asking(phone.jid))
    await phone.expect(f"<message id='m1'><x xmlns='{EVENT}'><displayed/></x></message>")
    await desk.nothing_else()
    for event in ("delivered", "composing", "displayed"):
        await phone.send(raised(desk.jid, event))
        await desk.expect(
            f"<message from='{phone.jid}'><x xmlns='{EVENT}'><{event}/><id>m1</id></x></message>"
        )


@pytest.mark.spec("XEP-0160 §3")
async def test_composing_is_not_kept_for_the_absent(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(raised(bob.jid, "composing"))
    await desk.send(raised(bob.jid, "displayed", "m2"))
    await desk.nothing_else()
    phone = await bob.bound("phone")
    await phone.send("<presence/>")
    await phone.wait_for(f"<message><x xmlns='{EVENT}'><displayed/><id>m2</id></x></message>")
    await phone.nothing_else()
