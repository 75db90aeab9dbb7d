"""Push notifications, XEP-0357: how they reach app servers, or do not (sections 7 and 8)."""

from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.protocol.xep_0357.app_server import (
    PUBSUB,
    absent,
    answers,
    does,
    enable,
    hears,
    message,
    says,
    takes,
    values,
)

pytestmark = pytest.mark.spec("XEP-0357")


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


async def test_an_app_server_is_asked_so_many_things_at_a_time(
    alice: Person, bob: Person, charlie: Person, person: Callable[[], Person]
) -> None:
    desk, app_server, dora = await alice.online("desk"), await charlie.bound("push"), person()
    for each, count in ((bob, 20), (dora, 4)):
        phone = await each.online("phone")
        for number in range(count):
            await does(phone, enable(app_server.jid, f"n{number}"))
        await phone.close()
        await says(desk, message(each.jid, "m1"))
    notifications = [await app_server.next() for _ in range(20)]
    await app_server.nothing_else()
    for notification in notifications[:4]:
        await answers(app_server, notification)
        notifications.append(await app_server.next())
    await app_server.nothing_else()
    assert all(values(each) == {"message-count": "1"} for each in notifications)


async def test_whoever_blocks_somebody_is_not_asked_for_him(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, app_server = await alice.online("desk"), await charlie.bound("push")
    await does(
        app_server,
        f"<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='{bob.jid}'/>"
        "</block></iq>",
    )
    await absent(bob, app_server)
    await says(desk, message(bob.jid, "m1"))
    await app_server.nothing_else()


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
