"""Push notifications, XEP-0357: who is told, enabled and disabled (sections 4 to 6)."""

import pytest

from tests.conftest import Person
from tests.protocol.managed import STANZAS
from tests.protocol.xep_0357.app_server import (
    DATA,
    OPTIONS,
    PUBSUB,
    PUSH,
    absent,
    disable,
    does,
    enable,
    form,
    hears,
    message,
    says,
    takes,
    values,
)

pytestmark = pytest.mark.spec("XEP-0357")


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
