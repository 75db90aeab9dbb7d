"""Ad-hoc commands, XEP-0050, and service administration by them, XEP-0133."""

import itertools
from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.service import PASSWORD, ServiceProcess

NS, ADMIN = "http://jabber.org/protocol/commands", "http://jabber.org/protocol/admin"
INFO, ITEMS = "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items"
STANZAS, DATA = "urn:ietf:params:xml:ns:xmpp-stanzas", "jabber:x:data"
_NAMES = {
    "password_verify": "password-verify",
    "roster_subscription": "roster-subscription",
}
_numbers = itertools.count()

pytestmark = pytest.mark.spec("XEP-0050", "XEP-0133")


@pytest.fixture
def root(service: ServiceProcess, person: Callable[[], Person]) -> Person:
    """The administrator; his clients go with the test's other people's."""
    admin = person()
    admin.name, admin.jid = "root", f"root@{service.domain}"
    return admin


async def run(client: Client, node: str, inner: str = "", **attributes: str) -> Element:
    more = "".join(f" {name}='{value}'" for name, value in attributes.items())
    return await client.ask(
        f"<iq type='set' id='c{next(_numbers)}' to='localhost'>"
        f"<command xmlns='{NS}' node='{node}'{more}>{inner}</command></iq>"
    )


def form(type_: str = "submit", **fields: str) -> str:
    inner = "".join(
        f"<field var='{_NAMES.get(var, var)}'><value>{value}</value></field>"
        for var, value in fields.items()
    )
    return f"<x xmlns='{DATA}' type='{type_}'>{inner}</x>"


async def do(client: Client, node: str, **fields: str) -> Element:
    """Both steps of a command with a form."""
    first = (await run(client, f"{ADMIN}#{node}"))[0]
    assert first.get("status") == "executing", first.get("status")
    assert first.find(f"{{{NS}}}actions[@execute='complete']/{{{NS}}}complete") is not None
    return await run(
        client,
        f"{ADMIN}#{node}",
        form(**fields),
        sessionid=first.get("sessionid", ""),
        action="complete",
    )


def note(answer: Element) -> str:
    assert answer[0].get("status") == "completed", answer
    return answer[0].findtext(f"{{{NS}}}note") or ""


def values(answer: Element, var: str) -> list[str | None]:
    path = f"{{{DATA}}}x/{{{DATA}}}field[@var='{var}']/{{{DATA}}}value"
    return [each.text for each in answer[0].findall(path)]


def conditions(answer: Element) -> list[str]:
    error = answer.find("{jabber:client}error")
    assert error is not None
    return [each.tag.partition("}")[2] for each in error if not each.tag.endswith("}text")]


async def offered(client: Client) -> set[str]:
    answer = await client.ask(
        f"<iq type='get' id='i' to='localhost'><query xmlns='{ITEMS}' node='{NS}'/></iq>"
    )
    return {each.get("node", "").partition("#")[2] for each in answer.iter(f"{{{ITEMS}}}item")}


@pytest.mark.spec(
    "XEP-0133 §4.1", "XEP-0133 §4.2", "XEP-0133 §4.3", "XEP-0133 §4.4", "XEP-0133 §4.7"
)
async def test_the_life_of_an_account(root: Person, alice: Person, bob: Person) -> None:
    admin = await root.bound()
    name = f"new-{alice.name}"
    jid = f"{name}@localhost"
    first = "pale-otter-41-lantern"
    added = await do(
        admin, "add-user", accountjid=jid, password=first, password_verify=first, given_name="Ada"
    )
    assert jid in note(added)
    again = await do(admin, "add-user", accountjid=jid, password=first, password_verify=first)
    assert conditions(again) == ["conflict"]
    newcomer = bob  # so that the clients are hung up with the others
    newcomer.name = name
    client = await newcomer.connect()
    await client.authenticate(name, first)
    await client.bind()
    await do(admin, "change-user-password", accountjid=jid, password="second-otter-42-lantern")
    await client.ended()
    await do(admin, "disable-user", accountjids=jid)
    client = await newcomer.connect()
    with pytest.raises(AssertionError):
        await client.authenticate(name, "second-otter-42-lantern")
    await do(admin, "reenable-user", accountjids=jid)
    client = await newcomer.connect()
    await client.authenticate(name, "second-otter-42-lantern")
    assert jid in note(await do(admin, "delete-user", accountjids=jid))
    assert conditions(await do(admin, "delete-user", accountjids=jid)) == ["item-not-found"]
    trail = alice.service.manage(
        "shell",
        "-c",
        "from chatops.audit.models import Entry;"
        f"[print(e.action, e.actor_name, e.door) for e in Entry.objects.filter(target='{jid}')]",
    )
    for action in ("account.add", "account.password", "account.suspend", "account.remove"):
        assert f"{action} root@localhost xmpp" in trail


@pytest.mark.spec("XEP-0133 §4.5", "XEP-0133 §4.9", "XEP-0133 §4.10")
async def test_people_are_looked_at_and_logged_out(root: Person, alice: Person) -> None:
    admin, desk = await root.bound(), await alice.online("desk")
    assert values(await do(admin, "get-user-lastlogin", accountjids=alice.jid), "lastlogin") == [
        "online now"
    ]
    figures = await do(admin, "user-stats", accountjid=alice.jid)
    assert values(figures, "onlineresources") == ["desk"]
    assert values(figures, "rostersize") == ["0"]
    await do(admin, "end-user-session", accountjids=f"{alice.jid}/desk")
    await desk.ended("policy-violation")


@pytest.mark.spec("XEP-0133 §4.8")
async def test_a_roster_is_shown(root: Person, alice: Person, bob: Person) -> None:
    admin, desk = await root.bound(), await alice.online()
    await desk.ask(
        "<iq type='set' id='r'><query xmlns='jabber:iq:roster'>"
        f"<item jid='{bob.jid}' name='Bob'><group>Friends</group></item></query></iq>"
    )
    answer = await do(admin, "get-user-roster", accountjids=alice.jid)
    assert values(answer, "accountjids") == [alice.jid]
    (item,) = answer.findall(f".//{{{DATA}}}x/{{jabber:iq:roster}}query/{{jabber:iq:roster}}item")
    assert (item.get("jid"), item.get("name")) == (bob.jid, "Bob")
    assert [group.text for group in item] == ["Friends"]
    for nobody, condition in (
        (f"nobody-{alice.name}@localhost", "item-not-found"),
        ("nobody@elsewhere.example", "not-allowed"),
    ):
        refused = await do(admin, "get-user-roster", accountjids=nobody)
        assert conditions(refused) == [condition]


@pytest.mark.spec("XEP-0133 §4.13", "XEP-0133 §4.18")
@pytest.mark.parametrize("kind", ["registered", "disabled", "online", "active", "idle"])
async def test_people_are_counted_and_listed(root: Person, alice: Person, kind: str) -> None:
    admin = await root.bound()
    await alice.online()
    counted = await run(admin, f"{ADMIN}#get-{kind}-users-num")
    (number,) = values(counted, f"{kind}usersnum")
    ending = "" if kind in ("active", "idle") else "-list"
    found = await do(admin, f"get-{kind}-users{ending}", max_items="none")
    listed = values(found, f"{kind}userjids")
    if kind in ("online", "active"):
        assert alice.jid in listed
    if kind == "registered":
        assert int(number or 0) > 100
        assert len(listed) > 100
        few = await do(admin, "get-registered-users-list", max_items="25")
        assert len(values(few, "registereduserjids")) == 25


@pytest.mark.spec("XEP-0133 §4.23")
async def test_an_announcement_is_a_notice(root: Person, alice: Person) -> None:
    admin, desk = await root.bound(), await alice.online()
    assert "notice" in note(
        await do(admin, "announce", subject="Fire drill", announcement=f"At noon, {alice.name}.")
    )
    await desk.wait_for(
        f"<message from='localhost'><subject>Fire drill</subject>"
        f"<body>At noon, {alice.name}.</body></message>"
    )


# (rights, what is offered among these three)
@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        ("", set()),
        ("view_user", {"get-online-users-list"}),
        ("view_user add_user", {"get-online-users-list", "add-user"}),
        ("delete_user", {"delete-user"}),
    ],
)
@pytest.mark.spec("XEP-0050 §2.2", "XEP-0050 §2.3")
async def test_who_has_the_right_in_the_browser_has_it_here(
    alice: Person, rights: str, expected: set[str]
) -> None:
    alice.service.manage(
        "shell",
        "-c",
        "from chatops.accounts.models import User;"
        "from django.contrib.auth.models import Permission;"
        f"user = User.objects.get(username='{alice.name}');"
        f"User.objects.filter(pk=user.pk).update(is_staff={bool(rights)});"
        f"user.user_permissions.set(Permission.objects.filter(codename__in='{rights}'.split()))",
    )
    client = await alice.bound()
    asked = {"get-online-users-list", "add-user", "delete-user"}
    assert await offered(client) & asked == expected
    for name in sorted(asked):
        answer = await run(client, f"{ADMIN}#{name}")
        info = await client.ask(
            f"<iq type='get' id='i' to='localhost'>"
            f"<query xmlns='{INFO}' node='{ADMIN}#{name}'/></iq>"
        )
        if name in expected:
            assert answer[0].get("status") == "executing"
            assert info.find(f".//{{{INFO}}}identity[@type='command-node']") is not None
        else:
            assert conditions(answer) == ["forbidden"]
            assert conditions(info) == ["forbidden"]


@pytest.mark.spec("XEP-0050 §3.4")
async def test_runs_that_go_astray(root: Person) -> None:
    admin, other = await root.bound(), await root.bound()
    node = f"{ADMIN}#delete-user"
    run_id = (await run(admin, node))[0].get("sessionid", "")
    filled = form(accountjids="no-one@localhost")
    for client, action, session_id, inner, expected in (
        (admin, "dance", run_id, filled, ["bad-request", "malformed-action"]),
        (admin, "prev", run_id, filled, ["bad-request", "bad-action"]),
        (admin, "next", run_id, filled, ["bad-request", "bad-action"]),
        (admin, "complete", run_id, "", ["bad-request", "bad-payload"]),
        (admin, "complete", run_id, form(), ["bad-request", "bad-payload"]),
        (admin, "complete", "nothing", filled, ["bad-request", "bad-sessionid"]),
        (other, "complete", run_id, filled, ["bad-request", "bad-sessionid"]),
        (admin, "complete", run_id, filled, ["item-not-found"]),
    ):
        answer = await run(client, node, inner, sessionid=session_id, action=action)
        assert conditions(answer) == expected
    assert conditions(await run(admin, node, action="cancel")) == ["bad-request", "bad-action"]
    assert conditions(await run(admin, f"{ADMIN}#dance")) == ["item-not-found"]
    canceled = await run(admin, node, sessionid=run_id, action="cancel")
    assert canceled[0].get("status") == "canceled"
    answer = await run(admin, node, filled, sessionid=run_id, action="complete")
    assert conditions(answer) == ["not-allowed", "session-expired"]


async def test_passwords_are_as_strong_here_as_in_the_browser(root: Person) -> None:
    admin = await root.bound()
    answer = await do(
        admin, "add-user", accountjid="weak@localhost", password="1234", password_verify="1234"
    )
    assert answer.get("type") == "error"
    answer = await do(
        admin, "add-user", accountjid="weak@localhost", password=PASSWORD, password_verify="other"
    )
    assert conditions(answer) == ["bad-request"]
