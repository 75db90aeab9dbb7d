"""Blocking command, XEP-0191, and reports that go with it, XEP-0377."""

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.test_xep_0079 import friends
from tests.protocol.xep_0045.talk import tea_room

NS = "urn:xmpp:blocking"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"

pytestmark = pytest.mark.spec("XEP-0191")


def items(*jids: str) -> str:
    return "".join(f"<item jid='{jid}'/>" for jid in jids)


def command(verb: str, *jids: str, id_: str = "b") -> str:
    return f"<iq type='set' id='{id_}'><{verb} xmlns='{NS}'>{items(*jids)}</{verb}></iq>"


async def block(client: Client, *jids: str, verb: str = "block") -> None:
    answer = await client.ask(command(verb, *jids))
    assert answer.get("type") == "result", answer


async def blocked(client: Client) -> list[str]:
    answer = await client.ask(f"<iq type='get' id='l'><blocklist xmlns='{NS}'/></iq>")
    return [each.get("jid", "") for each in answer.iter(f"{{{NS}}}item")]


def message(to: str, id_: str = "m1", type_: str = "chat") -> str:
    return f"<message to='{to}' type='{type_}' id='{id_}'><body>Tea?</body></message>"


def unavailable(kind: str, id_: str) -> str:
    return (
        f"<{kind} type='error' id='{id_}'><error type='cancel'>"
        f"<service-unavailable xmlns='{STANZAS}'/></error></{kind}>"
    )


def refused(kind: str) -> str:
    """What one gets who writes to somebody whom he has blocked."""
    return (
        f"<{kind} type='error'><error type='cancel'><not-acceptable xmlns='{STANZAS}'/>"
        f"<blocked xmlns='{NS}:errors'/></error></{kind}>"
    )


@pytest.mark.spec("XEP-0191 §3.2", "XEP-0191 §3.3", "XEP-0191 §3.4", "XEP-0191 §3.5")
async def test_a_list_is_kept_and_pushed_to_who_has_asked_for_it(bob: Person) -> None:
    phone, tablet, ignorant = await bob.online(), await bob.online(), await bob.online()
    assert await blocked(phone) == []
    assert await blocked(tablet) == []
    await ignorant.nothing_else()
    await phone.send(command("block", "x@y.example", "z.example"))
    await phone.wait_for("<iq type='result' id='b'/>")
    both = items("x@y.example", "z.example")
    push = f"<iq type='set' from='*'><block xmlns='{NS}'>{both}</block></iq>"
    await phone.expect(push)
    await tablet.wait_for(push)
    assert await blocked(tablet) == ["x@y.example", "z.example"]
    await block(phone, "x@y.example", verb="unblock")
    await tablet.expect(
        f"<iq type='set'><unblock xmlns='{NS}'>{items('x@y.example')}</unblock></iq>"
    )
    await block(phone, verb="unblock")
    everybody = await tablet.expect(f"<iq type='set'><unblock xmlns='{NS}'/></iq>")
    assert not len(everybody[0])
    await ignorant.nothing_else()
    await phone.close()
    assert await blocked(await bob.bound()) == []


@pytest.mark.spec("XEP-0191 §3.3")
@pytest.mark.parametrize("whom", ["account", "device", "domain"])
async def test_nothing_passes_between_them(
    alice: Person, bob: Person, charlie: Person, whom: str
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await block(phone, {"account": alice.jid, "device": desk.jid, "domain": "localhost"}[whom])
    for to in (bob.jid, phone.jid):
        await desk.send(message(to))
        await desk.expect(unavailable("message", "m1"))
        answer = await desk.ask(
            f"<iq type='get' id='q' to='{to}'><query xmlns='jabber:iq:version'/></iq>"
        )
        assert answer.find(f".//{{{STANZAS}}}service-unavailable") is not None
    await desk.send(f"<presence to='{bob.jid}'/>")
    if whom != "device":  # subscriptions are the account's
        await desk.send(f"<presence to='{bob.jid}' type='subscribe'/>")
    await desk.send(f"<presence to='{bob.jid}' type='probe'/>")
    await desk.send(f"<iq type='result' id='late' to='{phone.jid}'/>")
    await desk.nothing_else()
    await phone.nothing_else()
    # The other way
    await phone.send(message(desk.jid))
    await phone.expect(refused("message"))
    await phone.send(
        f"<iq type='get' id='q' to='{desk.jid}'><query xmlns='jabber:iq:version'/></iq>"
    )
    await phone.expect(refused("iq"))
    await phone.send(f"<presence to='{desk.jid}'/>")
    await phone.expect(refused("presence"))
    await desk.nothing_else()
    if whom != "domain":
        other = await charlie.online()
        await other.send(message(bob.jid, "m2"))
        await phone.expect("<message id='m2'/>")
    # And nothing was kept
    await phone.close()
    await desk.send(message(bob.jid, "m3"))
    await desk.expect(unavailable("message", "m3"))
    late = await bob.bound()
    answer = await late.ask("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>")
    count = answer.find(".//{http://jabber.org/protocol/rsm}count")
    assert count is not None
    assert count.text == ("1" if whom != "domain" else "0")


@pytest.mark.spec("XEP-0191 §3.3", "XEP-0191 §3.4")
async def test_blocked_friends_disappear_for_each_other_and_come_back(
    alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await friends(desk, phone)
    await friends(phone, desk)
    await desk.nothing_else()
    await phone.send(command("block", alice.jid))
    await desk.expect(f"<presence from='{phone.jid}' to='{alice.jid}' type='unavailable'/>")
    await phone.wait_for(f"<presence from='{desk.jid}' type='unavailable'/>")
    await phone.wait_for("<iq type='result' id='b'/>")
    await phone.send("<presence><show>away</show></presence>")
    await phone.wait_for(f"<presence from='{phone.jid}'/>")
    await desk.nothing_else()
    later = await alice.online("later")  # a new device hears nothing of him either
    await later.nothing_else()
    await desk.wait_for(f"<presence from='{later.jid}'/>")
    await phone.send(command("unblock", alice.jid))
    await desk.expect(f"<presence from='{phone.jid}' type='-'><show>away</show></presence>")
    await phone.wait_for(f"<presence from='{desk.jid}' type='-'/>")


async def test_ones_own_devices_are_never_blocked(bob: Person) -> None:
    phone, tablet = await bob.online("phone"), await bob.online("tablet")
    await phone.wait_for(f"<presence from='{tablet.jid}'/>")
    await block(phone, bob.jid, tablet.jid)
    await phone.send(message(tablet.jid))
    await tablet.wait_for("<message id='m1'/>")


async def test_an_invitation_by_who_is_blocked_does_not_come(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    await block(guest, alice.jid)
    room = await tea_room(owner)
    await owner.send(
        f"<message to='{room}'><x xmlns='http://jabber.org/protocol/muc#user'>"
        f"<invite to='{bob.jid}'/></x></message>"
    )
    await owner.send(
        f"<message to='{bob.jid}' id='direct'>"
        f"<x xmlns='jabber:x:conference' jid='{room}'/></message>"
    )
    await owner.wait_for(unavailable("message", "direct"))
    await guest.nothing_else()


@pytest.mark.parametrize(
    ("request_", "condition"),
    [
        (command("block"), "bad-request"),
        (command("block", "@nobody"), "jid-malformed"),
        (f"<iq type='set' id='b'><block xmlns='{NS}'><item/></block></iq>", "jid-malformed"),
    ],
)
async def test_commands_that_mean_nothing(bob: Person, request_: str, condition: str) -> None:
    phone = await bob.bound()
    answer = await phone.ask(request_)
    assert answer.find(f".//{{{STANZAS}}}{condition}") is not None
    assert await blocked(phone) == []


async def test_a_list_is_nobody_elses(alice: Person, bob: Person) -> None:
    desk = await alice.bound()
    answer = await desk.ask(f"<iq type='get' id='l' to='{bob.jid}'><blocklist xmlns='{NS}'/></iq>")
    assert answer.find(f".//{{{STANZAS}}}forbidden") is not None


async def test_a_list_has_an_end(bob: Person) -> None:
    phone = await bob.bound()
    answer = await phone.ask(command("block", *(f"x{n}@y.example" for n in range(1_001))))
    assert answer.find(f".//{{{STANZAS}}}policy-violation") is not None
    assert await blocked(phone) == []


@pytest.mark.spec("XEP-0377 §4")
async def test_a_report_reaches_the_administrators(bob: Person) -> None:
    phone = await bob.bound()
    about = f"spammer-of-{bob.name}@y.example"
    await phone.ask(
        f"<iq type='set' id='b'><block xmlns='{NS}'><item jid='{about}'>"
        "<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'>"
        "<stanza-id xmlns='urn:xmpp:sid:0' by='x' id='28482'/><text>Every hour.</text>"
        "</report></item></block></iq>"
    )
    assert await blocked(phone) == [about]
    shown = bob.service.manage(
        "shell",
        "-c",
        "from chatops.contacts.models import Report;"
        f"r=Report.objects.get(jid='{about}'); print(r.user, r.reason, r.text, r.stanza_ids)",
    )
    assert f"{bob.jid} urn:xmpp:reporting:spam Every hour. ['28482']" in shown


async def test_what_an_administrator_blocks_is_pushed_and_in_force(
    alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online(), await bob.online()
    assert await blocked(phone) == []
    bob.service.manage(
        "shell",
        "-c",
        "from chatops.accounts.models import User; from chatops.audit.services import Actor;"
        "from chatops.contacts import services;"
        f"bob = User.objects.get(username='{bob.name}');"
        f"services.block(bob, jids=['{alice.jid}'], by=Actor.command('a test'))",
    )
    await phone.expect(f"<iq type='set'><block xmlns='{NS}'>{items(alice.jid)}</block></iq>")
    await desk.send(message(bob.jid))
    await desk.expect(unavailable("message", "m1"))


async def test_it_is_announced(bob: Person) -> None:
    phone = await bob.bound()
    info = "http://jabber.org/protocol/disco#info"
    answer = await phone.ask(f"<iq type='get' id='d' to='localhost'><query xmlns='{info}'/></iq>")
    found = {each.get("var") for each in answer.iter(f"{{{info}}}feature")}
    assert {NS, "urn:xmpp:reporting:1", "jabber:iq:privacy"} <= found
