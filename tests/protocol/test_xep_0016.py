"""Privacy lists, XEP-0016, and their one store with the block list."""

from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.test_xep_0079 import friends
from tests.protocol.test_xep_0191 import block, blocked, message, refused, unavailable
from tests.service import ServiceProcess

NS = "jabber:iq:privacy"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"

pytestmark = pytest.mark.spec("XEP-0016")


def rule(
    order: int, action: str = "deny", type_: str = "", value: str = "", kinds: str = ""
) -> str:
    about = f"type='{type_}' value='{value}'" if type_ else ""
    return f"<item {about} action='{action}' order='{order}'>{kinds}</item>"


async def ask(client: Client, inner: str, type_: str = "set") -> Element:
    return await client.ask(f"<iq type='{type_}' id='p'><query xmlns='{NS}'>{inner}</query></iq>")


async def do(client: Client, inner: str) -> None:
    answer = await ask(client, inner)
    assert answer.get("type") == "result"


def listed(name: str, *rules: str) -> str:
    return f"<list name='{name}'>{''.join(rules)}</list>"


async def names(client: Client) -> list[tuple[str, str | None]]:
    answer = await ask(client, "", "get")
    return [(each.tag.removeprefix(f"{{{NS}}}"), each.get("name")) for each in answer[0]]


def condition_of(answer: Element) -> str:
    error = answer.find("{jabber:client}error")
    assert error is not None
    return error[0].tag.removeprefix(f"{{{STANZAS}}}")


@pytest.mark.spec(
    "XEP-0016 §2.3", "XEP-0016 §2.4", "XEP-0016 §2.5", "XEP-0016 §2.6", "XEP-0016 §2.7"
)
async def test_lists_come_and_go(bob: Person) -> None:
    phone, tablet = await bob.online("phone"), await bob.online("tablet")
    assert await names(phone) == []
    item = rule(3, "deny", "jid", "X@y.example", "<message/><presence-out/>")
    some = listed("some", item, rule(7, "allow"))
    await phone.send(f"<iq type='set' id='p'><query xmlns='{NS}'>{some}</query></iq>")
    await phone.wait_for("<iq type='result' id='p'/>")
    push = f"<iq type='set'><query xmlns='{NS}'><list name='some'/></query></iq>"
    await phone.expect(push)
    await tablet.wait_for(push)
    await do(phone, listed("other", rule(1)))
    await do(phone, "<active name='some'/>")
    await do(phone, "<default name='some'/>")
    assert await names(phone) == [
        ("active", "some"),
        ("default", "some"),
        ("list", "other"),
        ("list", "some"),
    ]
    answer = await ask(phone, "<list name='some'/>", "get")
    first, last = answer.findall(f".//{{{NS}}}item")
    assert first.attrib == {"type": "jid", "value": "x@y.example", "action": "deny", "order": "3"}
    assert [each.tag for each in first] == [f"{{{NS}}}message", f"{{{NS}}}presence-out"]
    assert last.attrib == {"action": "allow", "order": "7"}
    await do(phone, "<active/>")
    await do(phone, "<list name='other'/>")
    assert await names(phone) == [("default", "some"), ("list", "some")]


# (rules, what passes of: message in, request in, presence in, presence out, message out)
EVERYTHING, NOTHING = (True,) * 5, (False,) * 5
EFFECTS = [
    ([rule(1, kinds="<message/>")], (False, True, True, True, True)),
    ([rule(1, kinds="<iq/>")], (True, False, True, True, True)),
    ([rule(1, kinds="<presence-in/>")], (True, True, False, True, True)),
    ([rule(1, kinds="<presence-out/>")], (True, True, True, False, True)),
    ([rule(1)], NOTHING),
    ([rule(1, "deny", "jid", "ALICE")], NOTHING),
    ([rule(1, "deny", "jid", "ALICE/other")], EVERYTHING),
    ([rule(1, "deny", "jid", "localhost")], NOTHING),
    ([rule(1, "allow", "jid", "ALICE"), rule(2)], EVERYTHING),
    ([rule(2, "allow", "jid", "ALICE"), rule(1)], NOTHING),
    ([rule(1, "deny", "subscription", "both")], NOTHING),
    ([rule(1, "deny", "subscription", "none")], EVERYTHING),
    ([rule(1, "deny", "subscription", "to"), rule(2, "deny", "subscription", "from")], EVERYTHING),
    ([rule(1, "deny", "group", "Enemies")], NOTHING),
    ([rule(1, "deny", "group", "Friends")], EVERYTHING),
]


@pytest.mark.spec(
    "XEP-0016 §2.1",
    "XEP-0016 §2.2",
    "XEP-0016 §2.9",
    "XEP-0016 §2.10",
    "XEP-0016 §2.11",
    "XEP-0016 §2.12",
    "XEP-0016 §2.13",
    "XEP-0016 §2.14",
)
@pytest.mark.parametrize("how", ["active", "default"])
@pytest.mark.parametrize(("rules", "passes"), EFFECTS)
async def test_what_rules_let_through(
    alice: Person, bob: Person, rules: list[str], passes: tuple[bool, ...], how: str
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await friends(desk, phone)
    await friends(phone, desk)
    for jid, group in ((alice.jid, "Enemies"), ("x@y.example", "Friends")):
        await phone.ask(
            "<iq type='set' id='r'><query xmlns='jabber:iq:roster'>"
            f"<item jid='{jid}'><group>{group}</group></item></query></iq>"
        )
    await do(phone, listed("l", *rules).replace("ALICE", alice.jid))
    await do(phone, f"<{how} name='l'/>")
    await desk.nothing_more()
    await phone.nothing_more()
    message_in, request_in, presence_in, presence_out, message_out = passes
    await desk.send(message(bob.jid))
    if message_in:
        await phone.expect("<message id='m1'/>")
    else:
        await desk.expect(unavailable("message", "m1"))
    version = "<query xmlns='jabber:iq:version'/>"
    await desk.send(f"<iq type='get' id='q' to='{phone.jid}'>{version}</iq>")
    if request_in:
        await phone.expect("<iq type='get' id='q'/>")
    else:
        await desk.expect(unavailable("iq", "q"))
    await desk.send("<presence><show>dnd</show></presence>")
    await desk.expect(f"<presence from='{desk.jid}'/>")
    if presence_in:
        await phone.expect(f"<presence from='{desk.jid}'><show>dnd</show></presence>")
    await phone.send("<presence><show>away</show></presence>")
    await phone.expect(f"<presence from='{phone.jid}'/>")
    if presence_out:
        await desk.expect(f"<presence from='{phone.jid}'><show>away</show></presence>")
    await phone.send(message(desk.jid, "m2"))
    if message_out:
        await desk.expect("<message id='m2'/>")
    else:
        await phone.expect(refused("message"))
    await desk.nothing_else()
    await phone.nothing_else()


@pytest.mark.spec("XEP-0016 §2.2")
async def test_an_active_list_is_one_devices_alone(alice: Person, bob: Person) -> None:
    desk = await alice.online()
    phone, tablet = await bob.online("phone"), await bob.online("tablet")
    await do(phone, listed("nobody", rule(1)))
    await do(phone, "<active name='nobody'/>")
    await tablet.nothing_more()
    await desk.send(message(bob.jid))
    await tablet.expect("<message id='m1'/>")
    await phone.nothing_more()
    await desk.send(message(phone.jid, "m2"))
    await desk.expect(unavailable("message", "m2"))


@pytest.mark.spec("XEP-0191 §4")
async def test_the_block_list_is_part_of_the_default_list(bob: Person) -> None:
    phone = await bob.bound()
    await block(phone, "x@y.example", "z@y.example")
    assert await names(phone) == [("default", "blocked"), ("list", "blocked")]
    answer = await ask(phone, "<list name='blocked'/>", "get")
    values = [each.get("value") for each in answer.findall(f".//{{{NS}}}item")]
    assert values == ["x@y.example", "z@y.example"]
    # Rules of another kind stay, behind those that block.
    await do(phone, listed("mine", rule(0, "deny", "jid", "a@y.example"), rule(5, kinds="<iq/>")))
    await do(phone, "<default name='mine'/>")
    assert await blocked(phone) == ["a@y.example"]
    await block(phone, "b@y.example")
    answer = await ask(phone, "<list name='mine'/>", "get")
    found = [(each.get("value"), each.get("order")) for each in answer.findall(f".//{{{NS}}}item")]
    assert found == [("b@y.example", "0"), ("a@y.example", "1"), (None, "6")]
    await block(phone, verb="unblock")
    assert await blocked(phone) == []
    answer = await ask(phone, "<list name='mine'/>", "get")
    assert len(answer.findall(f".//{{{NS}}}item")) == 1


@pytest.mark.spec("XEP-0016 §2.2", "XEP-0016 §2.5", "XEP-0016 §2.7")
async def test_a_list_that_applies_elsewhere_stays(bob: Person) -> None:
    phone, tablet = await bob.online("phone"), await bob.online("tablet")
    await do(phone, listed("one", rule(1, kinds="<iq/>")))
    await do(phone, listed("two", rule(1, kinds="<iq/>")))
    await do(tablet, "<active name='one'/>")
    assert condition_of(await ask(phone, "<list name='one'/>")) == "conflict"
    await do(phone, "<default name='two'/>")
    await do(phone, "<default name='one'/>")  # the tablet has an active list of its own
    await do(tablet, "<active/>")
    assert condition_of(await ask(phone, "<default name='two'/>")) == "conflict"
    assert condition_of(await ask(phone, "<default/>")) == "conflict"
    assert condition_of(await ask(phone, "<list name='one'/>")) == "conflict"


@pytest.mark.parametrize(
    ("inner", "type_", "condition"),
    [
        ("<list name='none'/>", "get", "item-not-found"),
        ("<list name='a'/><list name='b'/>", "get", "bad-request"),
        ("<active name='none'/>", "set", "item-not-found"),
        ("<default name='none'/>", "set", "item-not-found"),
        ("<list name='none'/>", "set", "item-not-found"),
        ("<active/><default/>", "set", "bad-request"),
        ("", "set", "bad-request"),
        ("<list/>", "set", "bad-request"),
        (listed("l", rule(1), rule(1, "allow")), "set", "bad-request"),
        (listed("l", rule(-1)), "set", "bad-request"),
        (listed("l", rule(4_294_967_296)), "set", "bad-request"),
        (listed("l", rule(1, "maybe")), "set", "bad-request"),
        (listed("l", "<item action='deny'/>"), "set", "bad-request"),
        (listed("l", rule(1, "deny", "jid", "@")), "set", "bad-request"),
        (listed("l", rule(1, "deny", "mood", "bad")), "set", "bad-request"),
        (listed("l", rule(1, "deny", "subscription", "maybe")), "set", "bad-request"),
        (listed("l", rule(1, "deny", "group", "Nobody")), "set", "item-not-found"),
        (listed("l", rule(1, kinds="<pigeon/>")), "set", "bad-request"),
    ],
)
async def test_what_means_nothing_is_refused(
    bob: Person, inner: str, type_: str, condition: str
) -> None:
    phone = await bob.bound()
    assert condition_of(await ask(phone, inner, type_)) == condition
    assert await names(phone) == []


async def test_they_apply_after_a_restart(own_service: Callable[..., ServiceProcess]) -> None:
    service = own_service("alice", "bob")
    alice, bob = Person(service, "alice"), Person(service, "bob")
    try:
        phone = await bob.bound()
        await block(phone, alice.jid)
        service.stop()
        service.start()
        desk = await alice.online()
        await desk.send(message(bob.jid))
        await desk.expect(unavailable("message", "m1"))
    finally:
        for client in (*alice.clients, *bob.clients):
            await client.hang_up()
