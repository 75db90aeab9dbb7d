"""XMPP ping, XEP-0199: both ways, and what a silent connection is worth."""

import time
from collections.abc import Iterator

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.managed import SM, got, managed, message, resumed
from tests.service import PASSWORD, ServiceProcess

PING = "urn:xmpp:ping"
IDLE, ANSWER, TICK = 1, 2, 1
UNAVAILABLE = (
    "<error type='cancel'>"
    "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
)

pytestmark = pytest.mark.spec("XEP-0199")


async def ping(client: Client, to: str = "") -> str:
    """The type of the answer, and the condition of an error."""
    addressed = f" to='{to}'" if to else ""
    answer = await client.ask(f"<iq type='get' id='p'{addressed}><ping xmlns='{PING}'/></iq>")
    error = answer.find("{jabber:client}error")
    if error is None:
        assert len(answer) == 0
        return answer.get("type", "")
    return f"{error.get('type')} {error[0].tag.rpartition('}')[2]}"


@pytest.mark.spec("XEP-0199 §4.2")
async def test_the_service_and_ones_own_account_answer(alice: Person) -> None:
    client = await alice.online("desk")
    assert await ping(client) == "result"
    assert await ping(client, client.domain) == "result"
    assert await ping(client, alice.jid) == "result"


@pytest.mark.spec("XEP-0199 §4.4")
async def test_a_client_answers_another_and_no_account_answers_strangers(
    alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    assert await ping(desk, bob.jid) == "cancel service-unavailable"
    assert await ping(desk, f"{bob.jid}/gone") == "cancel service-unavailable"
    assert await ping(desk, f"nobody@{desk.domain}") == "cancel service-unavailable"
    await desk.send(f"<iq type='get' id='q' to='{phone.jid}'><ping xmlns='{PING}'/></iq>")
    await phone.expect(f"<iq type='get' id='q' from='{desk.jid}'><ping xmlns='{PING}'/></iq>")
    await phone.send(f"<iq type='result' id='q' to='{desk.jid}'/>")
    await desk.wait_for(f"<iq type='result' id='q' from='{phone.jid}'/>")


@pytest.mark.spec("XEP-0199 §5")
async def test_it_is_announced(alice: Person) -> None:
    client = await alice.online("desk")
    for to in (client.domain, alice.jid):
        info = await client.ask(
            f"<iq type='get' id='i' to='{to}'>"
            "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        )
        assert PING in {feature.get("var") for feature in info[0]}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service that is soon worried."""
    process = ServiceProcess(
        tmp_path_factory.mktemp("hasty") / "data",
        {
            "CHATOPS_IDLE_TIMEOUT_SECONDS": str(IDLE),
            "CHATOPS_ANSWER_TIMEOUT_SECONDS": str(ANSWER),
        },
    )
    process.data.mkdir()
    process.manage("migrate", "-v0")
    process.manage(
        "account",
        "import",
        "-",
        text="\n".join(f"h{number}@localhost,{PASSWORD}" for number in range(9)),
    )
    process.start()
    yield process
    process.stop()


@pytest.mark.spec("XEP-0199 §4.3")
async def test_a_silent_client_is_asked_and_any_answer_will_do(hasty: ServiceProcess) -> None:
    """Also an error, which is what a client says that knows no pings (section 4.1)."""
    client = await Person(hasty, "h0").bound("desk")
    for _ in range(3):
        asked = await client.wait_for(
            f"<iq type='get' from='localhost' to='{client.jid}'><ping xmlns='{PING}'/></iq>"
        )
        await client.send(
            f"<iq type='error' id='{asked.get('id')}' to='localhost'>{UNAVAILABLE}</iq>"
        )
    await client.nothing_else()
    await client.hang_up()


@pytest.mark.spec("RFC 6120 §4.6.1")
async def test_whitespace_is_a_sign_of_life(hasty: ServiceProcess) -> None:
    client = await Person(hasty, "h1").bound("desk")
    for _ in range(2 * (ANSWER + TICK)):
        await client.wait_for(f"<iq type='get'><ping xmlns='{PING}'/></iq>")
        await client.send(" ")
    await client.nothing_else()
    await client.hang_up()


@pytest.mark.parametrize("door", ["tcp", "tls", "websocket"])
@pytest.mark.spec("RFC 6120 §4.6.4", "XEP-0198 §5")
async def test_a_dead_connection_is_found_in_time_and_its_session_waits(
    hasty: ServiceProcess, door: str
) -> None:
    """The client's machine is gone: nothing is closed, nothing is answered."""
    name = {"tcp": "h2", "tls": "h3", "websocket": "h4"}[door]
    bob, alice = Person(hasty, name), Person(hasty, "h5")
    phone, token = await managed(bob, "phone", door=door)
    await phone.send("<presence/>")
    await phone.wait_for(f"<presence from='{phone.jid}'/>")
    began = time.monotonic()
    await phone.ended("connection-timeout")
    # Twice the ticks of the timers, and a second for a slow machine.
    assert time.monotonic() - began < IDLE + ANSWER + 2 * 5 + 1
    desk = await alice.bound(door)
    await desk.send(message(bob.jid, "hello"))
    again, _ = await resumed(bob, token, 1)
    await again.wait_for(got(desk, "hello"))
    for client in (phone, desk, again):
        await client.hang_up()


@pytest.mark.spec("XEP-0198 §4")
async def test_who_acknowledges_stanzas_is_asked_for_that(hasty: ServiceProcess) -> None:
    client, _ = await managed(Person(hasty, "h6"), "desk")
    for _ in range(3):
        await client.expect(f"<r xmlns='{SM}'/>")
        await client.send(f"<a xmlns='{SM}' h='0'/>")
    await client.hang_up()
