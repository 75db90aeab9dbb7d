"""Invitations made from a client, XEP-0401, and what becomes of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.registering import DONE, NEW, logged_in, plain, stranger
from tests.protocol.test_xep_0050 import conditions, form, offered, run, values
from tests.protocol.test_xep_0445 import show
from tests.service import ServiceProcess

INVITE = "urn:xmpp:invite"

pytestmark = pytest.mark.spec("XEP-0401")


@pytest.fixture
async def admin(service: ServiceProcess, person: Callable[[], Person]) -> Client:
    root = person()
    root.name, root.jid = "root", f"root@{service.domain}"
    return await root.bound()


async def create_account(client: Client, **fields: str) -> Element:
    first = (await run(client, f"{INVITE}#create-account"))[0]
    assert first.get("status") == "executing"
    return await run(
        client, f"{INVITE}#create-account", form(**fields), sessionid=first.get("sessionid", "")
    )


def told(answer: Element, service: ServiceProcess) -> tuple[str, str]:
    """The link and its token; the page must be theirs, and the date be right."""
    assert values(answer, "FORM_TYPE") == [f"{INVITE}#invitation"]
    (uri,), (page,), (expire,) = (values(answer, var) for var in ("uri", "landing-url", "expire"))
    token = (uri or "").partition("preauth=")[2].partition(";")[0]
    assert page == f"{service.http}/invite/{token}/"
    until = datetime.fromisoformat(expire or "") - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < until <= timedelta(days=7)
    return uri or "", token


async def registers(service: ServiceProcess, name: str, token: str) -> Client:
    client = await stranger(service)
    await show(client, token)
    await client.send(plain(name))
    await client.expect(DONE)
    return await logged_in(service, name, NEW)


@pytest.mark.spec("XEP-0401 §3", "XEP-0401 §5.1", "XEP-0401 §5.5")
async def test_a_friend_is_invited_and_becomes_a_contact(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", CHATOPS_INVITES="everybody", CHATOPS_MAX_OPEN_INVITATIONS="2")
    alice = Person(service, "alice")
    try:
        client = await alice.online()
        await client.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
        assert await offered(client) == {"invite"}
        uri, token = told(await run(client, f"{INVITE}#invite"), service)
        assert uri == f"xmpp:{alice.jid}?roster;preauth={token};ibr=y"
        await registers(service, "bob", token)
        await client.wait_for(
            "<iq type='set'><query xmlns='jabber:iq:roster'>"
            "<item jid='bob@localhost' subscription='both'/></query></iq>"
        )
        for _ in range(2):
            told(await run(client, f"{INVITE}#invite"), service)
        assert conditions(await run(client, f"{INVITE}#invite")) == ["policy-violation"]
    finally:
        for each in alice.clients:
            await each.hang_up()


async def test_by_default_administrators_alone_invite(
    service: ServiceProcess, admin: Client, alice: Person
) -> None:
    assert {"invite", "create-account"} <= await offered(admin)
    uri, _ = told(await run(admin, f"{INVITE}#invite"), service)
    assert uri.startswith("xmpp:root@localhost?roster;preauth=")
    client = await alice.bound()
    assert not {"invite", "create-account"} & await offered(client)
    for name in ("invite", "create-account"):
        assert conditions(await run(client, f"{INVITE}#{name}")) == ["forbidden"]


@pytest.mark.spec("XEP-0401 §5.4", "XEP-0401 §6.2")
async def test_an_account_is_kept_for_somebody(
    service: ServiceProcess, admin: Client, alice: Person
) -> None:
    name = f"kept-for-{alice.name}"
    uri, token = told(await create_account(admin, username=name.upper()), service)
    assert uri == f"xmpp:{name}@localhost?register;preauth={token}"
    assert conditions(await create_account(admin, username=name)) == ["conflict"]
    await registers(service, name, token)
    assert conditions(await create_account(admin, username="no name")) == ["jid-malformed"]
    uri, token = told(await create_account(admin, username=""), service)
    assert uri == f"xmpp:localhost?register;preauth={token}"


@pytest.mark.spec("XEP-0401 §5.4")
async def test_who_invites_may_become_a_contact(
    service: ServiceProcess, admin: Client, alice: Person
) -> None:
    name = f"friend-of-{alice.name}"
    fields = {"username": name, "roster_subscription": "true"}
    _, token = told(await create_account(admin, **fields), service)
    await registers(service, name, token)
    roster = await admin.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
    found = roster.find(f".//{{jabber:iq:roster}}item[@jid='{name}@localhost']")
    assert found is not None
    assert found.get("subscription") == "both"


async def test_where_nobody_may_register_a_friend_is_invited_all_the_same(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service("alice", CHATOPS_INVITES="everybody", CHATOPS_REGISTRATION="off")
    alice = Person(service, "alice")
    try:
        client = await alice.bound()
        uri, token = told(await run(client, f"{INVITE}#invite"), service)
        assert uri == f"xmpp:{alice.jid}?roster;preauth={token}"
        answer = await run(client, f"{INVITE}#create-account")
        assert conditions(answer) == ["item-not-found"]
    finally:
        for each in alice.clients:
            await each.hang_up()
