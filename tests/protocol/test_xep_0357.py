"""Push notifications, XEP-0357: enabling them, and what an app server hears when."""

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.managed import STANZAS, managed, resumed

PUSH, PUBSUB, DATA = "urn:xmpp:push:0", "http://jabber.org/protocol/pubsub", "jabber:x:data"
OPTIONS = f"{PUBSUB}#publish-options"

pytestmark = pytest.mark.spec("XEP-0357")


def field(var: str, value: str) -> str:
    return f"<field var='{var}'><value>{value}</value></field>"


def form(form_type: str = OPTIONS, type_: str = "submit") -> str:
    fields = field("FORM_TYPE", form_type) + field("secret", "eruio234")
    return f"<x xmlns='{DATA}' type='{type_}'>{fields}</x>"


def enable(app_server: str, node: str = "n1", inner: str = "", to: str = "") -> str:
    addressed = f" to='{to}'" if to else ""
    return (
        f"<iq type='set' id='e'{addressed}>"
        f"<enable xmlns='{PUSH}' jid='{app_server}' node='{node}'>{inner}</enable></iq>"
    )


def disable(app_server: str, node: str | None = None) -> str:
    named = f" node='{node}'" if node is not None else ""
    return f"<iq type='set' id='d'><disable xmlns='{PUSH}' jid='{app_server}'{named}/></iq>"


def message(to: str, id_: str, inner: str = "<body>Tea?</body>", type_: str = "chat") -> str:
    return f"<message to='{to}' type='{type_}' id='{id_}'>{inner}</message>"


async def does(client: Client, request: str) -> None:
    answer = await client.ask(request)
    assert answer.get("type") == "result", answer


async def says(client: Client, text: str) -> None:
    """Send it, and wait until it has gone its way."""
    await client.send(text)
    await client.nothing_more()


def values(notification: Element, form_type: str = "urn:xmpp:push:summary") -> dict[str, str]:
    """The fields of a form in a notification."""
    for x in notification.iter(f"{{{DATA}}}x"):
        found = {
            each.get("var", ""): each.findtext(f"{{{DATA}}}value") or ""
            for each in x.iter(f"{{{DATA}}}field")
        }
        if found.pop("FORM_TYPE") == form_type:
            return found
    return {}


async def hears(app_server: Client, node: str = "n1") -> Element:
    """The next notification; it waits for an answer."""
    return await app_server.expect(
        f"<iq type='set' from='{app_server.domain}' to='{app_server.jid}' id='*'>"
        f"<pubsub xmlns='{PUBSUB}'><publish node='{node}'><item>"
        f"<notification xmlns='{PUSH}'><x xmlns='{DATA}' type='submit'/></notification>"
        "</item></publish></pubsub></iq>"
    )


async def answers(app_server: Client, notification: Element, error: str = "") -> None:
    """A result, or an error as ``type/condition``."""
    type_, _, condition = error.partition("/")
    inner = f"<error type='{type_}'><{condition} xmlns='{STANZAS}'/></error>" if error else ""
    await app_server.send(
        f"<iq type='{'error' if error else 'result'}' id='{notification.get('id')}'"
        f" to='{app_server.domain}'>{inner}</iq>"
    )


async def takes(app_server: Client, node: str = "n1") -> dict[str, str]:
    """The next notification, answered with a result."""
    notification = await hears(app_server, node)
    await answers(app_server, notification)
    return values(notification)


async def absent(person: Person, app_server: Client, inner: str = "") -> str:
    """Somebody whose phone has enabled notifications and gone; the phone's JID."""
    phone = await person.online("phone")
    await does(phone, enable(app_server.jid, inner=inner))
    await phone.close()
    return phone.jid


# Section 4


@pytest.mark.spec("XEP-0357 §4.1")
async def test_the_account_announces_it_and_the_service_does_not(bob: Person) -> None:
    phone = await bob.bound()
    info = (
        "<iq type='get' id='i' to='{}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
    )
    for to, announced in ((phone.bare, True), (phone.domain, False)):
        answer = await phone.ask(info.format(to))
        found = {each.get("var") for each in answer.iter() if each.get("var")}
        assert (PUSH in found) is announced


# Sections 5 and 6


@pytest.mark.spec("XEP-0357 §5", "XEP-0357 §7")
async def test_an_app_server_hears_of_what_an_absent_device_misses(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await says(desk, message(bob.jid, "m1"))
    assert await takes(app_server) == {"message-count": "1"}  # nothing private is in it
    await says(desk, message(bob.jid, "m2"))
    assert await takes(app_server) == {"message-count": "2"}
    await app_server.nothing_else()


@pytest.mark.spec("XEP-0357 §5", "XEP-0357 §7")
async def test_publish_options_go_along(alice: Person, bob: Person, charlie: Person) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server, form())
    await says(desk, message(bob.jid, "m1"))
    notification = await hears(app_server)
    assert values(notification, OPTIONS) == {"secret": "eruio234"}
    options = notification.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}publish-options")
    assert options is not None


@pytest.mark.spec("XEP-0357 §5")
async def test_the_last_options_count_and_nodes_stand_side_by_side(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone = await bob.online("phone")
    await does(phone, enable(app_server.jid, inner=form()))
    await does(phone, enable(app_server.jid))
    await does(phone, enable(app_server.jid, "n2"))
    await phone.close()
    await says(desk, message(bob.jid, "m1"))
    first, second = await app_server.next(), await app_server.next()
    nodes = {each.find(".//{*}publish").get("node") for each in (first, second)}  # type: ignore[union-attr]
    assert nodes == {"n1", "n2"}
    assert not values(first, OPTIONS)
    assert not values(second, OPTIONS)


@pytest.mark.spec("XEP-0357 §6")
@pytest.mark.parametrize(("node", "left"), [("n1", ["n2"]), (None, [])])
async def test_what_is_disabled_is_not_told(
    alice: Person, bob: Person, charlie: Person, node: str | None, left: list[str]
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone = await bob.online("phone")
    for each in ("n1", "n2"):
        await does(phone, enable(app_server.jid, each))
    await does(phone, disable(app_server.jid, node))
    await does(phone, disable("nowhere.example"))
    await phone.close()
    await says(desk, message(bob.jid, "m1"))
    for each in left:
        await takes(app_server, each)
    await app_server.nothing_else()


@pytest.mark.spec("XEP-0357 §5", "XEP-0357 §6")
@pytest.mark.parametrize(
    ("request_", "condition"),
    [
        (f"<iq type='set' id='e'><enable xmlns='{PUSH}' node='n'/></iq>", "bad-request"),
        (f"<iq type='set' id='e'><disable xmlns='{PUSH}' node='n'/></iq>", "bad-request"),
        (enable("@nobody"), "jid-malformed"),
        (disable("@nobody"), "jid-malformed"),
        (enable("push.example", inner=form("urn:x")), "bad-request"),
        (enable("push.example", inner=form(type_="form")), "bad-request"),
        (enable("push.example", inner=f"<x xmlns='{DATA}'/>"), "bad-request"),
        (enable("push.example", "n" * 2_000), "policy-violation"),
        (enable("push.example", inner=form().replace("eruio", "x" * 5_000)), "policy-violation"),
    ],
)
async def test_requests_that_mean_nothing(bob: Person, request_: str, condition: str) -> None:
    phone = await bob.bound()
    answer = await phone.ask(request_)
    assert answer.find(f".//{{{STANZAS}}}{condition}") is not None


async def test_nobody_else_enables_them(alice: Person, bob: Person) -> None:
    desk = await alice.bound()
    answer = await desk.ask(enable("push.example", to=bob.jid))
    assert answer.find(f".//{{{STANZAS}}}forbidden") is not None


async def test_an_account_has_so_many_and_no_more(bob: Person) -> None:
    phone = await bob.bound()
    for number in range(20):
        await does(phone, enable("push.example", f"n{number}"))
    answer = await phone.ask(enable("push.example", "one more"))
    assert answer.find(f".//{{{STANZAS}}}policy-violation") is not None
    await does(phone, enable("push.example", "n1"))  # which is not one more


# Section 7: when


async def test_a_device_that_is_connected_is_not_woken(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone = await bob.online("phone")
    await does(phone, enable(app_server.jid))
    await says(desk, message(bob.jid, "m1"))
    await phone.expect("<message id='m1'/>")
    await app_server.nothing_else()
    tablet = await bob.online("tablet")
    await phone.close()
    await says(desk, message(bob.jid, "m2"))
    await tablet.wait_for("<message id='m2'/>")
    assert await takes(app_server) == {"message-count": "1"}  # the tablet is not the phone


async def test_a_device_whose_connection_is_lost_is_woken(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone, token = await managed(bob, "phone")
    await phone.send("<presence/>")
    await does(phone, enable(app_server.jid))
    await phone.hang_up()
    await says(desk, message(bob.jid, "m1"))
    assert await takes(app_server) == {"message-count": "1"}
    again, _ = await resumed(bob, token, 2)
    await again.wait_for("<message id='m1'/>")
    await again.send("<a xmlns='urn:xmpp:sm:3' h='3'/>")
    await app_server.nothing_else()


async def test_a_device_that_does_not_acknowledge_is_woken_after_a_while(
    alice: Person, bob: Person, charlie: Person
) -> None:
    """Its connection may be dead, or the program asleep; where it answers, nothing happens."""
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone, _ = await managed(bob, "phone")
    await phone.send("<presence/>")
    await does(phone, enable(app_server.jid))
    await phone.send("<inactive xmlns='urn:xmpp:csi:0'/>")
    await says(desk, message(bob.jid, "m1"))
    await phone.wait_for("<message id='m1'/>")
    await phone.wait_for("<r xmlns='urn:xmpp:sm:3'/>")
    await phone.nothing_else()  # life
    await says(desk, message(bob.jid, "m2"))
    await phone.wait_for("<message id='m2'/>")
    assert await takes(app_server) == {"message-count": "1"}


async def test_what_a_broken_connection_left_is_told(
    alice: Person, bob: Person, charlie: Person
) -> None:
    """Without XEP-0198 it is found in the queue when the connection is gone."""
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone = await bob.online("phone")
    await does(phone, enable(app_server.jid))
    await says(desk, message(bob.jid, "m1"))
    await app_server.nothing_else()
    await phone.hang_up()
    assert await takes(app_server) == {"message-count": "1"}
    await app_server.nothing_else()


async def test_the_count_begins_anew_when_the_device_was_here(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    for number in (1, 2):
        await says(desk, message(bob.jid, f"m{number}"))
        assert await takes(app_server) == {"message-count": str(number)}
    phone = await bob.online("phone")
    await phone.close()
    await says(desk, message(bob.jid, "m3"))
    assert await takes(app_server) == {"message-count": "1"}


STATES, HINTS = "http://jabber.org/protocol/chatstates", "urn:xmpp:hints"
CALL = "<propose xmlns='urn:xmpp:jingle-message:0' id='x'/><store xmlns='urn:xmpp:hints'/>"


@pytest.mark.parametrize(
    ("inner", "type_"),
    [
        (f"<composing xmlns='{STATES}'/>", "chat"),
        ("<received xmlns='urn:xmpp:receipts' id='x'/>", "chat"),
        ("<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>", "chat"),
        (f"<body>Tea?</body><no-store xmlns='{HINTS}'/>", "chat"),
        ("<body>Tea!</body><replace xmlns='urn:xmpp:message-correct:0' id='m0'/>", "chat"),
        ("<body>gone</body><retract xmlns='urn:xmpp:message-retract:1' id='m0'/>", "chat"),
        ("<body/>", "chat"),
        ("<subject>Tea</subject>", "normal"),
        ("<body>Tea?</body>", "headline"),
    ],
)
async def test_what_nobody_is_woken_for(
    alice: Person, bob: Person, charlie: Person, inner: str, type_: str
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await says(desk, message(bob.jid, "m1", inner, type_))
    await app_server.nothing_else()
    await says(desk, message(bob.jid, "m2"))
    assert await takes(app_server) == {"message-count": "1"}


@pytest.mark.parametrize(
    "inner",
    [
        CALL,
        "<encrypted xmlns='eu.siacs.conversations.axolotl'/><store xmlns='urn:xmpp:hints'/>",
        "<x xmlns='jabber:x:conference' jid='tea@conference.localhost'/>",
    ],
)
async def test_calls_secrets_and_invitations_wake_too(
    alice: Person, bob: Person, charlie: Person, inner: str
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await says(desk, message(bob.jid, "m1", inner))
    await takes(app_server)


async def test_nobody_is_woken_by_himself_or_by_whom_he_blocks(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    tablet = await bob.online("tablet")
    await says(tablet, message(bob.jid, "m1"))
    await does(
        tablet,
        f"<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='{alice.jid}'/>"
        "</block></iq>",
    )
    await says(desk, message(bob.jid, "m2"))
    await tablet.close()
    await says(desk, message(bob.jid, "m3"))
    await app_server.nothing_else()
    await says(app_server, message(bob.jid, "m4"))
    assert await takes(app_server) == {"message-count": "1"}


async def test_requests_that_wait_are_counted(alice: Person, bob: Person, charlie: Person) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await says(desk, f"<presence type='subscribe' to='{bob.jid}'/>")
    await says(desk, message(bob.jid, "m1"))
    assert await takes(app_server) == {"message-count": "1", "pending-subscription-count": "1"}


# Section 7: how


async def test_a_burst_costs_two_notifications(alice: Person, bob: Person, charlie: Person) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await says(desk, message(bob.jid, "m0"))
    first = await hears(app_server)
    await says(desk, "".join(message(bob.jid, f"m{number}") for number in range(1, 30)))
    await app_server.nothing_else()  # one at a time
    await answers(app_server, first)
    assert await takes(app_server) == {"message-count": "30"}
    await app_server.nothing_else()


async def test_a_slow_app_server_costs_nothing_to_others(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk = await alice.online("desk")
    slow, quick = await charlie.bound("slow"), await charlie.bound("quick")
    phone = await bob.online("phone")
    await does(phone, enable(slow.jid))
    await does(phone, enable(quick.jid))
    await phone.close()
    for number in range(1, 4):
        await says(desk, message(bob.jid, f"m{number}"))
        assert await takes(quick) == {"message-count": str(number)}


# Section 7.1


@pytest.mark.spec("XEP-0357 §7.1")
@pytest.mark.parametrize("error", ["cancel/item-not-found", "auth/forbidden", "modify/bad-request"])
async def test_an_app_server_that_refuses_is_asked_no_more_until_it_is_enabled_again(
    alice: Person, bob: Person, charlie: Person, error: str
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await says(desk, message(bob.jid, "m1"))
    await answers(app_server, await hears(app_server), error)
    await app_server.nothing_else()
    await says(desk, message(bob.jid, "m2"))
    await app_server.nothing_else()
    await absent(bob, app_server)
    await says(desk, message(bob.jid, "m3"))
    assert await takes(app_server) == {"message-count": "1"}


@pytest.mark.spec("XEP-0357 §7.1")
async def test_what_may_pass_is_tried_again_with_what_has_come_since(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await says(desk, message(bob.jid, "m1"))
    await answers(app_server, await hears(app_server), "wait/resource-constraint")
    await says(desk, message(bob.jid, "m2"))
    assert await takes(app_server) == {"message-count": "2"}
    await app_server.nothing_else()


@pytest.mark.spec("XEP-0357 §7.1")
async def test_an_app_server_that_is_away_for_a_moment_hears_it_when_it_is_back(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await app_server.close()
    await says(desk, message(bob.jid, "m1"))
    back = await charlie.bound("push")
    assert await takes(back) == {"message-count": "1"}


async def test_nothing_else_than_its_answer_counts(
    alice: Person, bob: Person, charlie: Person
) -> None:
    """Whoever knows the id is not the app server."""
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    await absent(bob, app_server)
    await says(desk, message(bob.jid, "m1"))
    notification = await hears(app_server)
    await answers(desk, notification, "cancel/item-not-found")
    await desk.nothing_more()
    await says(desk, message(bob.jid, "m2"))
    await app_server.nothing_else()
    await answers(app_server, notification)
    assert await takes(app_server) == {"message-count": "2"}


# Section 8


@pytest.mark.spec("XEP-0357 §8")
@pytest.mark.parametrize(
    "said",
    [
        "<pubsub xmlns='{ns}' node='n1'><affiliation jid='{bob}' affiliation='none'/></pubsub>",
        "<pubsub xmlns='{ns}'><affiliations node='n1'><affiliation jid='{bob}'"
        " affiliation='outcast'/></affiliations></pubsub>",
    ],
)
async def test_an_app_server_ends_it(
    alice: Person, bob: Person, charlie: Person, said: str
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.online("push")
    phone = await bob.online("phone")
    await does(phone, enable(app_server.jid))
    await does(phone, enable(app_server.jid, "n2"))
    text = said.format(ns=PUBSUB, bob=bob.jid)
    await says(desk, message(bob.jid, "forged", text, "normal"))
    await phone.expect("<message id='forged'/>")  # not from the app server: just a message
    await says(app_server, message(bob.jid, "end", text, "normal"))
    await phone.nothing_else()
    await phone.close()
    await says(desk, message(bob.jid, "m1"))
    await takes(app_server, "n2")
    await app_server.nothing_else()
