"""Flexible offline message retrieval, XEP-0013."""

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element

OFFLINE = "http://jabber.org/protocol/offline"
INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"
DELAY = "urn:xmpp:delay"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"

pytestmark = pytest.mark.spec("XEP-0013")


async def say(client: Client, to: str, *bodies: str) -> None:
    for body in bodies:
        await client.send(
            f"<message to='{to}' type='chat' id='{body}'><body>{body}</body></message>"
        )
    await client.nothing_else()


def asked(payload: str, type_: str = "get", id_: str = "q", to: str = "") -> str:
    addressed = f" to='{to}'" if to else ""
    return f"<iq type='{type_}' id='{id_}'{addressed}>{payload}</iq>"


def offline(inner: str, type_: str = "get") -> str:
    return asked(f"<offline xmlns='{OFFLINE}'>{inner}</offline>", type_)


async def headers(client: Client) -> list[tuple[str, str]]:
    answer = await client.ask(asked(f"<query xmlns='{ITEMS}' node='{OFFLINE}'/>"))
    items = answer.iter(f"{{{ITEMS}}}item")
    return [(each.get("name", ""), each.get("node", "")) for each in items]


async def number_waiting(client: Client) -> str:
    answer = await client.ask(asked(f"<query xmlns='{INFO}' node='{OFFLINE}'/>"))
    field = answer.find(".//{jabber:x:data}field[@var='number_of_messages']")
    assert field is not None
    return "".join(field.itertext())


def shown(body: str, node: str) -> str:
    return (
        f"<message id='{body}'><body>{body}</body><delay xmlns='{DELAY}'/>"
        f"<offline xmlns='{OFFLINE}'><item node='{node}'/></offline></message>"
    )


def error_of(answer: Element) -> str:
    error = answer.find("{jabber:client}error")
    assert error is not None
    return error[0].tag.removeprefix(f"{{{STANZAS}}}")


@pytest.mark.spec("XEP-0013 §2.2", "XEP-0013 §2.3", "XEP-0013 §2.4", "XEP-0013 §2.5")
async def test_some_are_looked_at_and_removed_and_the_rest_comes_at_the_next_login(
    alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    await say(desk, bob.jid, "one", "two", "three")
    phone = await bob.bound("phone")
    assert await number_waiting(phone) == "3"
    listed = await headers(phone)
    assert [name for name, _ in listed] == [desk.jid] * 3
    first, second, third = (node for _, node in listed)
    await phone.send("<presence/>")
    await phone.wait_for(f"<presence from='{phone.jid}'/>")
    await phone.nothing_else()

    await phone.send(
        offline(f"<item action='view' node='{first}'/><item action='view' node='{second}'/>")
    )
    await phone.expect(shown("one", first))
    await phone.expect(shown("two", second))
    await phone.expect("<iq type='result' id='q'/>")
    assert await number_waiting(phone) == "3"  # looked at, still there

    await phone.send(offline(f"<item action='remove' node='{first}'/>", "set"))
    await phone.expect("<iq type='result' id='q'/>")
    assert [node for _, node in await headers(phone)] == [second, third]
    await phone.close()

    tablet = await bob.bound("tablet")
    await tablet.send("<presence/>")
    await tablet.wait_for("<message id='two'/>")
    await tablet.wait_for("<message id='three'/>")
    await tablet.nothing_else()


@pytest.mark.spec("XEP-0013 §2.6", "XEP-0013 §2.7")
async def test_all_are_fetched_and_purged(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await say(desk, bob.jid, "one", "two")
    phone = await bob.bound("phone")
    first, second = (node for _, node in await headers(phone))
    await phone.send(offline("<fetch/>"))
    await phone.expect(shown("one", first))
    await phone.expect(shown("two", second))
    await phone.expect("<iq type='result' id='q'/>")
    await phone.send(offline("<purge/>", "set"))
    await phone.expect("<iq type='result' id='q'/>")
    assert await number_waiting(phone) == "0"
    await phone.close()
    tablet = await bob.online("tablet")
    await tablet.nothing_else()


async def test_what_comes_after_the_question_is_delivered_as_usual(
    alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    await say(desk, bob.jid, "old")
    phone = await bob.bound("phone")
    assert await number_waiting(phone) == "1"
    await phone.appear()
    await say(desk, bob.jid, "new")
    await phone.expect("<message id='new'/>")
    await phone.nothing_else()


@pytest.mark.parametrize(
    ("payload", "type_", "condition"),
    [
        ("<item action='view' node='123'/>", "get", "item-not-found"),
        ("<item action='remove' node='123'/>", "set", "item-not-found"),
        ("<item action='view' node='tea'/>", "get", "item-not-found"),
        ("<item action='dance' node='123'/>", "get", "bad-request"),
        ("<item action='remove' node='123'/>", "get", "bad-request"),
        ("", "get", "bad-request"),
        ("", "set", "bad-request"),
        ("<fetch/>", "set", "bad-request"),
    ],
)
async def test_questions_that_mean_nothing(
    bob: Person, payload: str, type_: str, condition: str
) -> None:
    phone = await bob.bound("phone")
    assert error_of(await phone.ask(offline(payload, type_))) == condition


async def test_a_queue_is_nobody_elses(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await say(desk, bob.jid, "secret")
    for payload in (f"<query xmlns='{INFO}' node='{OFFLINE}'/>", f"<offline xmlns='{OFFLINE}'/>"):
        answer = await desk.ask(asked(payload, to=bob.jid))
        assert answer.get("type") == "error"
        assert error_of(answer) in ("forbidden", "service-unavailable")


async def test_the_service_announces_it(alice: Person) -> None:
    desk = await alice.bound()
    answer = await desk.ask(asked(f"<query xmlns='{INFO}'/>", to=desk.domain))
    assert answer.find(f".//{{{INFO}}}feature[@var='{OFFLINE}']") is not None
