"""What is accepted for somebody on BOSH arrives, also where answers are lost: XEP-0124 and 0206."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio

from tests.bosh import HTTP_BIND, BoshWire
from tests.conftest import Person
from tests.conversation import CLIENT, STREAM, Client
from tests.protocol.xep_0124.conftest import Session
from tests.service import PASSWORD, ServiceProcess

STREAM_ERROR = f"{{{STREAM}}}error"
STREAMS = "{urn:ietf:params:xml:ns:xmpp-streams}"
_numbers: Iterator[int] = iter(range(40))


@pytest_asyncio.fixture
async def person(impatient: ServiceProcess) -> AsyncIterator[Callable[[], Person]]:
    people: list[Person] = []

    def make() -> Person:
        people.append(Person(impatient, f"person{next(_numbers)}"))
        return people[-1]

    yield make
    for each in people:
        for client in each.clients:
            await client.hang_up()


async def by_hand(person: Person, **attributes: object) -> Session:
    """Somebody who is there, and whose next requests the test writes itself."""
    session = Session("127.0.0.1", person.service.http_port)
    client = Client(session, person.service.domain)
    person.clients.append(client)
    await client.open()
    await client.authenticate(person.name, PASSWORD)
    await client.bind("web")
    await client.appear()
    while session._tasks:  # nothing waits any more: the next request is the test's
        session._over = True
        await session.post(f"<presence xmlns='{CLIENT}'/>")
        await asyncio.sleep(0.05)
    return session


async def say(sender: Client, to: Person, text: str) -> None:
    await sender.send(
        f"<message to='{to.jid}' type='chat' id='{text}'><body>{text}</body></message>"
    )
    await sender.nothing_else()


def texts(response: object) -> list[str | None]:
    found = response.body.iter(f"{{{CLIENT}}}body")  # type: ignore[attr-defined]
    return [each.text for each in found]


async def first_waiting(person: Person) -> str | None:
    """The oldest of what a later login is handed."""
    client = await person.bound("later")
    await client.send("<presence/>")
    element = await client.wait_for("<message><body/></message>")
    return element.findtext(f"{{{CLIENT}}}body")


@pytest.mark.spec("XEP-0124 §14.3", "XEP-0206 §7", "XEP-0160")
async def test_what_the_client_never_asked_on_for_comes_at_the_next_login(
    alice: Person, bob: Person
) -> None:
    desk, web = await alice.online(), await by_hand(bob)
    held = web.ask()
    await say(desk, bob, "lost")
    assert texts(await held) == ["lost"]  # it was written; nothing shows that it arrived
    await asyncio.sleep(2.3)
    await web.ended()
    assert await first_waiting(bob) == "lost"


@pytest.mark.spec("XEP-0124 §14.3")
async def test_what_the_client_asked_on_for_has_arrived(alice: Person, bob: Person) -> None:
    desk, web = await alice.online(), await by_hand(bob)
    held = web.ask()
    await say(desk, bob, "read")
    assert texts(await held) == ["read"]
    again = web.ask()
    await say(desk, bob, "unread")
    assert texts(await again) == ["unread"]
    await asyncio.sleep(2.3)
    assert await first_waiting(bob) == "unread"


@pytest.mark.spec("XEP-0124 §14.3")
async def test_a_lost_answer_can_be_fetched_again(alice: Person, bob: Person) -> None:
    desk, web = await alice.online(), await by_hand(bob)
    rid = web.rid
    held = web.ask()
    await asyncio.sleep(0.1)
    await web.http.hang_up()
    await asyncio.gather(held, return_exceptions=True)
    await say(desk, bob, "once")
    web.http = type(web.http)("127.0.0.1", bob.service.http_port)
    assert texts(await web.post(rid=rid)) == ["once"]
    assert texts(await web.post(rid=rid)) == ["once"]


@pytest.mark.spec("XEP-0124 §10")
async def test_a_pause_carries_nothing_and_loses_nothing(alice: Person, bob: Person) -> None:
    desk, web = await alice.online(), await by_hand(bob)
    assert texts(await web.post(pause=5)) == []
    await say(desk, bob, "meanwhile")
    assert texts(await web.post()) == ["meanwhile"]


@pytest.mark.spec("XEP-0124 §13")
async def test_what_comes_with_the_end_is_still_handled(alice: Person, bob: Person) -> None:
    desk, web = await alice.online(), await by_hand(bob)
    last = f"<message xmlns='{CLIENT}' to='{alice.jid}' type='chat'><body>Bye</body></message>"
    answer = await web.post(
        last + f"<presence xmlns='{CLIENT}' type='unavailable'/>", type="terminate"
    )
    assert answer.body.get("type") == "terminate"
    assert "condition" not in answer.body.attrib
    await desk.wait_for("<message><body>Bye</body></message>")


@pytest.mark.spec("XEP-0206 §6", "XEP-0124 §17.2")
async def test_a_stream_error_is_told_though_nothing_waits(alice: Person, bob: Person) -> None:
    web = await by_hand(bob)
    await bob.bound("web")  # takes its resource
    answer = (await web.post()).body
    assert (answer.get("type"), answer.get("condition")) == ("terminate", "remote-stream-error")
    assert answer.find(f"{STREAM_ERROR}/{STREAMS}conflict") is not None
    await web.ended()


@pytest.mark.spec("XEP-0206 §6")
async def test_a_stream_error_is_told_on_what_waits(bob: Person) -> None:
    web = await by_hand(bob)
    held = web.ask()
    answer = (await web.post("<unknown xmlns='urn:example'/>")).body
    bodies = [(await held).body, answer]
    assert [each.get("condition") for each in bodies] == ["remote-stream-error", "other-request"]
    assert bodies[0].find(f"{STREAM_ERROR}/{STREAMS}unsupported-stanza-type") is not None


@pytest.mark.spec("XEP-0206 §2")
async def test_stanzas_of_old_clients_name_no_namespace(bob: Person) -> None:
    web = await by_hand(bob)
    answer = (await web.post("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")).body
    assert answer.tag == f"{{{HTTP_BIND}}}body"
    assert [each.tag for each in answer] == [f"{{{CLIENT}}}iq"]


@pytest.mark.spec("XEP-0206 §5")
async def test_a_bound_stream_does_not_begin_anew(bob: Person) -> None:
    web = await by_hand(bob)
    answer = (await web.post(to="localhost", xmpp_restart="true")).body
    assert answer.get("condition") == "remote-stream-error"
    assert answer.find(f"{STREAM_ERROR}/{STREAMS}policy-violation") is not None


@pytest.mark.spec("XEP-0198 §3")
async def test_stream_management_is_neither_offered_nor_taken(bob: Person) -> None:
    client = await bob.bound(door="bosh")
    assert client.features.find("{urn:xmpp:sm:3}sm") is None
    await client.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
    await client.expect("<failed xmlns='urn:xmpp:sm:3'/>")


async def test_before_the_login_requests_are_small(bob: Person) -> None:
    client = await bob.connect("bosh")
    await client.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{'x' * 70_000}</auth>")
    await client.ended("policy-violation")


async def test_a_long_answer_comes_in_several(alice: Person, bob: Person) -> None:
    """No answer is longer than the setting says, and none of it is lost."""
    desk, web = await alice.online(), await by_hand(bob)
    for number in range(8):
        await say(desk, bob, f"{number}" + "x" * 100_000)
    found: list[str | None] = []
    while len(found) < 8:
        answer = await web.post()
        assert len(answer.content) < 310_000
        found += texts(answer)
    assert [str(each)[0] for each in found] == list("01234567")


async def test_many_who_wait_hear_of_the_end(alice: Person, bob: Person) -> None:
    """Two wires of one person; the account's end reaches both."""
    wires = [await bob.online(f"web{number}", door="bosh") for number in range(3)]
    assert all(isinstance(each.wire, BoshWire) for each in wires)
    bob.service.manage("account", "set-password", bob.jid, "--password", PASSWORD)
    for each in wires:
        await each.ended()
