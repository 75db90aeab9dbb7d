"""Service discovery, XEP-0030: what is announced is answered, and strangers learn nothing."""

import importlib
from datetime import UTC, datetime, timedelta

import pytest

from chatops.core.discovery import load_handlers
from chatops.core.features import ACCOUNT, DOMAIN, Address, registry
from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.test_xep_0054 import condition_of
from tests.protocol.test_xep_0079 import friends
from tests.protocol.xep_0045.talk import MUC, configure, enter, new_room

INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"

SETS = ("urn:xmpp:carbons:2", "urn:xmpp:push:0")
# What a request in each announced namespace looks like.
REQUESTS = {
    INFO: f"<query xmlns='{INFO}'/>",
    ITEMS: f"<query xmlns='{ITEMS}'/>",
    "http://jabber.org/protocol/commands": (
        f"<query xmlns='{ITEMS}' node='http://jabber.org/protocol/commands'/>"
    ),
    "http://jabber.org/protocol/offline": (
        f"<query xmlns='{INFO}' node='http://jabber.org/protocol/offline'/>"
    ),
    "jabber:iq:last": "<query xmlns='jabber:iq:last'/>",
    "jabber:iq:privacy": "<query xmlns='jabber:iq:privacy'/>",
    "jabber:iq:private": "<query xmlns='jabber:iq:private'><a xmlns='urn:x'/></query>",
    "jabber:iq:register": "<query xmlns='jabber:iq:register'/>",
    "jabber:iq:roster": "<query xmlns='jabber:iq:roster'/>",
    "jabber:iq:version": "<query xmlns='jabber:iq:version'/>",
    "urn:ietf:params:xml:ns:vcard-4.0": "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>",
    "urn:xmpp:carbons:2": "<enable xmlns='urn:xmpp:carbons:2'/>",
    "urn:xmpp:push:0": "<disable xmlns='urn:xmpp:push:0' jid='push.example'/>",
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


async def create(client: Client) -> str:
    """A room that everybody may find."""
    room = new_room()
    await enter(client, room, "me")
    assert (await configure(client, room, publicroom="1")).get("type") == "result"
    return room


async def announced(client: Client, to: str) -> set[str]:
    answer = await disco(client, INFO, to)
    assert answer.get("type") == "result"
    return {each.get("var", "") for each in answer.iter(f"{{{INFO}}}feature")}


@pytest.fixture
def declared() -> None:
    """The registry, as the service has it: the stream's own requests, and the handlers'."""
    importlib.import_module("chatops.bridge.doors.tcp")
    load_handlers()


def answered(address: Address) -> set[str]:
    """The namespaces in which requests are answered there; not of what is switched off."""
    off = {name for each in registry.features if not each.enabled() for name in each.namespaces}
    return {tag[1:].partition("}")[0] for at, _, tag in registry.iqs if at == address} - off


@pytest.mark.usefixtures("declared")
@pytest.mark.spec("XEP-0030 §3.1")
@pytest.mark.parametrize("account", [False, True])
async def test_what_is_announced_is_answered(alice: Person, account: bool) -> None:
    """Each namespace in which anything is answered is asked here; others have tests of their own,
    because every extension that is announced has one."""
    client = await alice.online()
    told = await announced(client, client.bare if account else client.domain)
    assert {INFO, ITEMS, "urn:xmpp:ping", "vcard-temp"} <= told
    assert told & (answered(DOMAIN) | answered(ACCOUNT)) <= REQUESTS.keys()
    for namespace in sorted(told & REQUESTS.keys()):
        to = client.bare if account or namespace in OF_ONESELF else client.domain
        type_ = "set" if namespace in SETS else "get"
        await client.send(
            f"<iq type='{type_}' id='{namespace}' to='{to}'>{REQUESTS[namespace]}</iq>"
        )
        answer = await client.wait_for(f"<iq id='{namespace}'/>")
        if answer.get("type") == "error":
            # A card that nobody has written yet, and messages that do not wait, may be missing.
            assert (namespace, condition_of(answer)) in {
                ("vcard-temp", "item-not-found"),
                ("urn:ietf:params:xml:ns:vcard-4.0", "item-not-found"),
                ("http://jabber.org/protocol/offline", "item-not-found"),
            }


@pytest.mark.usefixtures("declared")
@pytest.mark.spec("XEP-0030 §3.1")
async def test_what_is_answered_is_announced(alice: Person) -> None:
    """Of one's own account the service may say it, or the stream."""
    client = await alice.online()
    room = await create(client)
    of_domain = await announced(client, client.domain)
    offered = {each.tag[1:].partition("}")[0] for each in client.features}
    for address in {at for at, _, _ in registry.iqs}:
        to = {
            DOMAIN: client.domain,
            ACCOUNT: client.bare,
            Address("conference", node=False): f"conference.{client.domain}",
            Address("conference", node=True): room,
        }[address]
        told = await announced(client, to)
        if address is ACCOUNT:
            told |= of_domain
        missing = answered(address) - told - offered
        # XEP-0045 has one feature for all that rooms do.
        assert {each for each in missing if not (MUC in told and each.startswith(MUC))} == set()


async def tree(client: Client, jid: str, node: str = "") -> list[tuple[str, str]]:
    """All addresses and nodes that are found from here on, but for clients."""
    found: list[tuple[str, str]] = []
    waiting = [(jid, node)]
    while waiting:
        place = waiting.pop()
        found.append(place)
        items = await disco(client, ITEMS, *place)
        if items.get("type") == "result":
            each = [(item.get("jid", ""), item.get("node", "")) for item in items[0]]
            waiting += [place for place in each if place not in found and "/" not in place[0]]
    return found


@pytest.mark.spec("XEP-0030 §3.1", "XEP-0030 §4.1")
async def test_whatever_is_listed_describes_itself(alice: Person) -> None:
    """From the domain to its services and their rooms, and what an administrator may run."""
    client = await alice.online("desk")
    await create(client)
    root = await Person(alice.service, "root").online()
    alice.clients.append(root)
    for asker, least in ((client, 3), (root, 10)):
        places = await tree(asker, asker.domain)
        commands = "http://jabber.org/protocol/commands"
        places += await tree(asker, asker.domain, commands)
        assert len(places) >= least
        for jid, node in places:
            info = await disco(asker, INFO, jid, node)
            assert info.get("type") == "result", (jid, node)
            assert info.find(f".//{{{INFO}}}identity") is not None, (jid, node)
            if not node:
                told = {each.get("var") for each in info.iter(f"{{{INFO}}}feature")}
                assert INFO in told, jid


@pytest.mark.spec("XEP-0030 §3.1", "XEP-0030 §4.1", "RFC 6121 §8.5.3.1")
async def test_a_device_answers_for_itself(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await friends(desk, phone)
    for kind in (INFO, ITEMS):
        query = f"<query xmlns='{kind}' node='n'/>"
        await desk.send(f"<iq type='get' id='d' to='{phone.jid}'>{query}</iq>")
        await phone.wait_for(f"<iq type='get' id='d' from='{desk.jid}'>{query}</iq>")
        await phone.send(f"<iq type='result' id='d' to='{desk.jid}'>{query}</iq>")
        await desk.wait_for(f"<iq type='result' id='d' from='{phone.jid}'>{query}</iq>")
        gone = await disco(desk, kind, f"{bob.jid}/gone")
        assert condition_of(gone) == "service-unavailable"


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
    room = await create(client)
    for to in (client.domain, client.bare, f"conference.{client.domain}", room):
        for kind in (INFO, ITEMS):
            assert condition_of(await disco(client, kind, to, "no-such-node")) == "item-not-found"


@pytest.mark.spec("XEP-0030 §7", "XEP-0045 §6.4")
async def test_a_room_that_is_not_there(alice: Person) -> None:
    client = await alice.online()
    for kind in (INFO, ITEMS):
        answer = await disco(client, kind, f"no-such-room@conference.{client.domain}")
        assert condition_of(answer) == "item-not-found"


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
