"""Advanced message processing, XEP-0079: conditions, actions, and rules that are refused."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.service import PASSWORD

AMP = "http://jabber.org/protocol/amp"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"

pytestmark = pytest.mark.spec("XEP-0079")


def rule(action: str, condition: str, value: str) -> str:
    return f"<rule action='{action}' condition='{condition}' value='{value}'/>"


def message(to: str, *rules: str, id_: str = "m1", type_: str = "chat") -> str:
    return (
        f"<message to='{to}' type='{type_}' id='{id_}'><body>Tea?</body>"
        f"<amp xmlns='{AMP}'>{''.join(rules)}</amp></message>"
    )


def told(status: str, sender: Client, to: str, met: str) -> str:
    type_ = "error" if status == "error" else "-"
    return (
        f"<message from='{sender.domain}' to='{sender.jid}' id='m1' type='{type_}'>"
        f"<amp xmlns='{AMP}' status='{status}' from='{sender.jid}' to='{to}'>{met}</amp></message>"
    )


async def friends(one: Client, other: Client) -> None:
    """`other` lets `one` see whether he is there."""
    await one.send(f"<presence to='{other.bare}' type='subscribe'/>")
    await other.wait_for(f"<presence from='{one.bare}' type='subscribe'/>")
    await other.send(f"<presence to='{one.bare}' type='subscribed'/>")
    await one.wait_for(f"<presence from='{other.jid}' type='-'/>")
    await other.ask(
        f"<iq type='get' id='settled' to='{other.domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
    )


async def acquainted(alice: Person, bob: Person) -> tuple[Client, Client]:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await friends(desk, phone)
    return desk, phone


PAST = "2001-01-01T00:00:00Z"
FUTURE = "2199-01-01T00:00:00Z"

# (condition, value, addressed to, met); the recipient's one device is "phone".
CONDITIONS = [
    ("deliver", "direct", "", True),
    ("deliver", "stored", "", False),
    ("deliver", "none", "", False),
    ("deliver", "forward", "", False),
    ("deliver", "gateway", "", False),
    ("match-resource", "any", "", True),
    ("match-resource", "exact", "/phone", True),
    ("match-resource", "other", "/phone", False),
    ("match-resource", "exact", "/gone", False),
    ("match-resource", "other", "/gone", True),
    ("match-resource", "other", "", True),
    ("expire-at", PAST, "", True),
    ("expire-at", FUTURE, "", False),
]


@pytest.mark.spec("XEP-0079 §3.3")
@pytest.mark.parametrize(("condition", "value", "resource", "is_met"), CONDITIONS)
async def test_conditions(
    alice: Person, bob: Person, condition: str, value: str, resource: str, is_met: bool
) -> None:
    desk, phone = await acquainted(alice, bob)
    to = bob.jid + resource
    await desk.send(message(to, rule("notify", condition, value)))
    await phone.expect(
        f"<message from='{desk.jid}' id='m1'><body>Tea?</body>"
        f"<amp xmlns='{AMP}' from='{desk.jid}' to='{to}'/></message>"
    )
    if is_met:
        await desk.expect(told("notify", desk, to, rule("notify", condition, value)))
    await desk.nothing_else()


@pytest.mark.spec("XEP-0079 §3.4")
@pytest.mark.parametrize("action", ["alert", "error", "drop"])
async def test_actions_that_end_a_message(alice: Person, bob: Person, action: str) -> None:
    desk, phone = await acquainted(alice, bob)
    met = rule(action, "deliver", "direct")
    await desk.send(message(bob.jid, met))
    if action != "drop":
        answer = await desk.expect(told(action, desk, bob.jid, met))
        if action == "error":
            failed = answer.find(f".//{{{AMP}#errors}}failed-rules/{{{AMP}#errors}}rule")
            assert failed is not None
            assert failed.get("action") == "error"
            assert answer.find(f".//{{{STANZAS}}}undefined-condition") is not None
    await desk.nothing_else()
    await phone.nothing_else()


@pytest.mark.spec("XEP-0079 §3.3.1")
async def test_a_message_that_would_wait_is_dropped_where_its_sender_wants_that(
    alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    await desk.send(message(bob.jid, rule("drop", "deliver", "stored"), id_="dropped"))
    await desk.send(message(bob.jid, rule("drop", "deliver", "direct"), id_="kept"))
    await desk.nothing_else()
    phone = await bob.bound("phone")
    await phone.send("<presence/>")
    await phone.wait_for(f"<message from='{desk.jid}' id='kept'/>")
    await phone.nothing_else()


@pytest.mark.spec("XEP-0079 §3.3.2")
async def test_a_message_whose_time_is_over_is_not_delivered_late(
    alice: Person, bob: Person
) -> None:
    desk, phone = await acquainted(alice, bob)
    await phone.close()
    await desk.wait_for(f"<presence from='{phone.jid}' type='unavailable'/>")
    soon = datetime.now(UTC) + timedelta(seconds=1)
    ends = rule("alert", "expire-at", soon.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    await desk.send(message(bob.jid, ends))
    await desk.send(message(bob.jid, rule("alert", "expire-at", FUTURE), id_="m2"))
    await desk.nothing_else()
    while datetime.now(UTC) < soon:  # the rule's own time has to pass
        await desk.nothing_else()
    phone = await bob.bound("phone")
    await phone.send("<presence/>")
    await phone.wait_for(f"<message from='{desk.jid}' id='m2'/>")
    await desk.wait_for(told("alert", desk, bob.jid, ends))


@pytest.mark.spec("XEP-0079 §2.2.3")
async def test_the_first_rule_that_ends_it_is_the_last_followed(alice: Person, bob: Person) -> None:
    desk, phone = await acquainted(alice, bob)
    notify, alert = rule("notify", "match-resource", "any"), rule("alert", "deliver", "direct")
    await desk.send(message(bob.jid, notify, alert, rule("error", "deliver", "direct")))
    await desk.expect(told("alert", desk, bob.jid, alert))
    await desk.nothing_else()
    await phone.nothing_else()


@pytest.mark.spec("XEP-0079 §6.2")
@pytest.mark.parametrize(
    ("rules", "condition", "type_", "details"),
    [
        (rule("dance", "deliver", "direct"), "bad-request", "modify", "unsupported-actions"),
        (rule("drop", "full-moon", "yes"), "bad-request", "modify", "unsupported-conditions"),
        (rule("drop", "deliver", "pigeon"), "not-acceptable", "modify", "invalid-rules"),
        (rule("drop", "expire-at", "tomorrow"), "not-acceptable", "modify", "invalid-rules"),
        ("", "bad-request", "modify", ""),
        (rule("drop", "deliver", "none") * 21, "bad-request", "modify", ""),
    ],
)
async def test_rules_that_mean_nothing_are_refused(
    alice: Person, bob: Person, rules: str, condition: str, type_: str, details: str
) -> None:
    desk, phone = await acquainted(alice, bob)
    await desk.send(message(bob.jid, rules))
    error = await desk.expect(
        f"<message from='{desk.domain}' to='{desk.jid}' type='error' id='m1'>"
        f"<error type='{type_}'><{condition} xmlns='{STANZAS}'/></error></message>"
    )
    if details:
        assert error.find(f".//{{{AMP}}}{details}/{{{AMP}}}rule") is not None
    await phone.nothing_else()


@pytest.mark.spec("XEP-0079 §9")
async def test_rules_do_not_tell_strangers_who_is_there(alice: Person, charlie: Person) -> None:
    desk, spy = await alice.online("desk"), await charlie.online("spy")
    await spy.send(message(alice.jid, rule("notify", "deliver", "stored")))
    await spy.expect(
        f"<message from='{spy.domain}' type='error' id='m1'><error><not-acceptable "
        f"xmlns='{STANZAS}'/></error></message>"
    )
    await spy.send(message(alice.jid, rule("drop", "deliver", "stored"), id_="m2"))
    await desk.expect(f"<message from='{spy.jid}' id='m2'/>")
    await spy.nothing_else()


@pytest.mark.spec("XEP-0079 §3.3.1")
async def test_a_message_to_nobody_is_delivered_to_none(alice: Person) -> None:
    desk = await alice.online("desk")
    to = f"no-one@{desk.domain}"
    await desk.send(message(to, rule("drop", "deliver", "none")))
    await desk.nothing_else()
    await desk.send(message(to, rule("drop", "deliver", "direct")))
    await desk.expect(
        f"<message from='{to}' type='error' id='m1'><error><service-unavailable "
        f"xmlns='{STANZAS}'/></error></message>"
    )


@pytest.mark.spec("XEP-0079 §2.1.1", "XEP-0079 §11.2")
async def test_what_is_followed_is_discovered(alice: Person) -> None:
    desk = await alice.connect()
    await desk.authenticate(alice.name, PASSWORD)
    assert desk.features.find("{http://jabber.org/features/amp}amp") is not None
    await desk.bind()
    answer = await desk.ask(
        f"<iq type='get' id='d' to='{desk.domain}'>"
        f"<query xmlns='http://jabber.org/protocol/disco#info' node='{AMP}'/></iq>"
    )
    found = {
        each.get("var") for each in answer.iter("{http://jabber.org/protocol/disco#info}feature")
    }
    assert found == {
        AMP,
        *(f"{AMP}?action={name}" for name in ("alert", "drop", "error", "notify")),
        *(f"{AMP}?condition={name}" for name in ("deliver", "expire-at", "match-resource")),
    }
