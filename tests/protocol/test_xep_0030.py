"""Service discovery, XEP-0030: what is announced is answered, and strangers learn nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.test_xep_0054 import condition_of
from tests.protocol.test_xep_0079 import friends

INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"

# What a request in each announced namespace looks like; all of them only read.
REQUESTS = {
    INFO: f"<query xmlns='{INFO}'/>",
    ITEMS: f"<query xmlns='{ITEMS}'/>",
    "http://jabber.org/protocol/offline": None,  # only with messages waiting: test_xep_0013.py
    "jabber:iq:last": "<query xmlns='jabber:iq:last'/>",
    "jabber:iq:privacy": "<query xmlns='jabber:iq:privacy'/>",
    "jabber:iq:private": "<query xmlns='jabber:iq:private'><a xmlns='urn:x'/></query>",
    "jabber:iq:register": "<query xmlns='jabber:iq:register'/>",
    "jabber:iq:roster": "<query xmlns='jabber:iq:roster'/>",
    "jabber:iq:version": "<query xmlns='jabber:iq:version'/>",
    "urn:ietf:params:xml:ns:vcard-4.0": "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>",
    "urn:xmpp:blocking": "<blocklist xmlns='urn:xmpp:blocking'/>",
    "urn:xmpp:mam:2": "<query xmlns='urn:xmpp:mam:2'/>",
    "urn:xmpp:ping": "<ping xmlns='urn:xmpp:ping'/>",
    "urn:xmpp:time": "<time xmlns='urn:xmpp:time'/>",
    "vcard-temp": "<vCard xmlns='vcard-temp'/>",
}
# Asked of oneself, though the domain announces them for the sake of its clients.
OF_ONESELF = {"jabber:iq:privacy", "jabber:iq:private", "jabber:iq:roster", "urn:xmpp:blocking"}


async def disco(client: Client, kind: str, to: str, node: str = "") -> Element:
    named = f" node='{node}'" if node else ""
    return await client.ask(
        f"<iq type='get' id='disco' to='{to}'><query xmlns='{kind}'{named}/></iq>"
    )


async def announced(client: Client, to: str) -> set[str]:
    answer = await disco(client, INFO, to)
    assert answer.get("type") == "result"
    return {each.get("var", "") for each in answer.iter(f"{{{INFO}}}feature")}


@pytest.mark.spec("XEP-0030 §3.1")
@pytest.mark.parametrize("account", [False, True])
async def test_what_is_announced_is_answered(alice: Person, account: bool) -> None:
    client = await alice.online()
    told = await announced(client, client.bare if account else client.domain)
    assert {INFO, ITEMS, "urn:xmpp:ping", "vcard-temp"} <= told
    for namespace in sorted(told & REQUESTS.keys()):
        if (inner := REQUESTS[namespace]) is None:
            continue
        to = client.bare if account or namespace in OF_ONESELF else client.domain
        await client.send(f"<iq type='get' id='{namespace}' to='{to}'>{inner}</iq>")
        answer = await client.wait_for(f"<iq id='{namespace}'/>")
        if answer.get("type") == "error":
            # A card that nobody has written yet is the one thing that may be missing.
            assert (namespace, condition_of(answer)) in {
                ("vcard-temp", "item-not-found"),
                ("urn:ietf:params:xml:ns:vcard-4.0", "item-not-found"),
            }


@pytest.mark.spec("XEP-0030 §8")
async def test_strangers_learn_nothing_of_accounts(alice: Person, charlie: Person) -> None:
    await alice.online()
    stranger = await charlie.online()
    for kind in (INFO, ITEMS):
        answer = await disco(stranger, kind, alice.jid)
        assert condition_of(answer) == "service-unavailable"
        absent = await disco(stranger, kind, f"nobody-at-all@{stranger.domain}")
        assert condition_of(absent) == "service-unavailable"


@pytest.mark.spec("XEP-0030 §4.1", "XEP-0030 §8")
async def test_friends_see_which_devices_are_there(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await friends(desk, phone)
    answer = await disco(desk, ITEMS, bob.jid)
    assert [each.get("jid") for each in answer[0]] == [f"{bob.jid}/phone"]
    assert await announced(desk, bob.jid) >= {INFO, ITEMS}


@pytest.mark.spec("XEP-0030 §7")
async def test_nodes_that_do_not_exist(alice: Person) -> None:
    client = await alice.online()
    for to in (client.domain, client.bare):
        for kind in (INFO, ITEMS):
            assert condition_of(await disco(client, kind, to, "no-such-node")) == "item-not-found"


@pytest.mark.spec("XEP-0202 §3")
async def test_the_service_tells_the_time(alice: Person) -> None:
    client = await alice.online()
    answer = await client.ask(
        f"<iq type='get' id='t' to='{client.domain}'><time xmlns='urn:xmpp:time'/></iq>"
    )
    assert answer.findtext(".//{urn:xmpp:time}tzo") == "+00:00"
    utc = answer.findtext(".//{urn:xmpp:time}utc", "")
    told = datetime.strptime(utc, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - told) < timedelta(minutes=1)
