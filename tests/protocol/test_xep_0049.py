"""Private XML storage, XEP-0049, and last activity, XEP-0012."""

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.test_xep_0054 import condition_of
from tests.protocol.test_xep_0079 import friends

NS, LAST = "jabber:iq:private", "jabber:iq:last"


async def ask(client: Client, type_: str, inner: str, to: str = "") -> Element:
    addressed = f" to='{to}'" if to else ""
    return await client.ask(
        f"<iq type='{type_}' id='p'{addressed}><query xmlns='{NS}'>{inner}</query></iq>"
    )


@pytest.mark.spec("XEP-0049 §3")
async def test_what_is_kept_is_found_at_the_next_login(bob: Person) -> None:
    phone = await bob.bound()
    empty = await ask(phone, "get", "<storage xmlns='storage:bookmarks'/>")
    assert len(empty[0]) == 1
    assert not len(empty[0][0])
    both = (
        "<storage xmlns='storage:bookmarks'><url name='a'/></storage><prefs xmlns='urn:x'>é</prefs>"
    )
    assert (await ask(phone, "set", both)).get("type") == "result"
    await ask(phone, "set", "<prefs xmlns='urn:x'>new</prefs>")
    later = await bob.bound()
    found = await ask(later, "get", "<storage xmlns='storage:bookmarks'/>")
    assert found.find(".//{storage:bookmarks}url[@name='a']") is not None
    assert (await ask(later, "get", "<prefs xmlns='urn:x'/>")).findtext(".//{urn:x}prefs") == "new"


@pytest.mark.spec("XEP-0049 §4")
@pytest.mark.parametrize(
    ("type_", "inner", "condition"),
    [
        ("get", "", "bad-request"),
        ("get", "<a xmlns='urn:x'/><b xmlns='urn:x'/>", "bad-request"),
        ("set", "", "not-acceptable"),
        ("set", "<a/>", "not-acceptable"),
        ("set", "<a xmlns='jabber:client'/>", "not-acceptable"),
        ("set", f"<{'a' * 201} xmlns='urn:x'/>", "not-acceptable"),
        ("set", "".join(f"<a{n} xmlns='urn:x'/>" for n in range(201)), "policy-violation"),
    ],
)
async def test_what_is_refused(bob: Person, type_: str, inner: str, condition: str) -> None:
    phone = await bob.bound()
    assert condition_of(await ask(phone, type_, inner)) == condition


@pytest.mark.spec("XEP-0049 §4")
async def test_it_is_its_owners_alone(alice: Person, bob: Person) -> None:
    desk = await alice.bound()
    for type_ in ("get", "set"):
        answer = await ask(desk, type_, "<a xmlns='urn:x'/>", bob.jid)
        assert condition_of(answer) == "forbidden"


async def last(client: Client, to: str) -> Element:
    return await client.ask(f"<iq type='get' id='l' to='{to}'><query xmlns='{LAST}'/></iq>")


@pytest.mark.spec("XEP-0012 §3")
async def test_friends_learn_since_when_somebody_is_gone(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online(), await bob.online()
    await friends(desk, phone)
    assert (await last(desk, bob.jid))[0].get("seconds") == "0"
    await phone.send("<presence type='unavailable'><status>Heading home</status></presence>")
    await desk.wait_for(f"<presence from='{phone.jid}' type='unavailable'/>")
    await phone.close()
    while True:  # the session's end is written down behind the client's back
        answer = (await last(desk, bob.jid))[0]
        if answer.text:
            break
    assert answer.text == "Heading home"
    assert int(answer.get("seconds", "-1")) >= 0


@pytest.mark.spec("XEP-0012 §3", "XEP-0012 §4")
async def test_strangers_do_not(bob: Person, charlie: Person) -> None:
    phone, spy = await bob.online(), await charlie.online()
    for to in (bob.jid, phone.jid, "no-one@localhost"):
        assert condition_of(await last(spy, to)) == "forbidden"
    await phone.nothing_else()


@pytest.mark.spec("XEP-0012 §4")
async def test_a_friends_device_is_asked_itself(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online(), await bob.online()
    await friends(desk, phone)
    await phone.nothing_more()
    await desk.send(f"<iq type='get' id='l' to='{phone.jid}'><query xmlns='{LAST}'/></iq>")
    await phone.expect(f"<iq from='{desk.jid}' type='get' id='l'><query xmlns='{LAST}'/></iq>")


@pytest.mark.spec("XEP-0012 §5")
async def test_the_service_tells_how_long_it_runs(bob: Person) -> None:
    answer = await last(await bob.bound(), "localhost")
    assert int(answer[0].get("seconds", "-1")) >= 0


@pytest.mark.spec("XEP-0157 §2")
async def test_contact_addresses_are_told(bob: Person) -> None:
    phone = await bob.bound()
    info = "http://jabber.org/protocol/disco#info"
    answer = await phone.ask(f"<iq type='get' id='d' to='localhost'><query xmlns='{info}'/></iq>")
    form = next(
        each
        for each in answer.iter("{jabber:x:data}x")
        if each.findtext(".//{jabber:x:data}value") == "http://jabber.org/network/serverinfo"
    )
    found = form.findall("{jabber:x:data}field[@var='abuse-addresses']/{jabber:x:data}value")
    assert [each.text for each in found] == ["mailto:abuse@localhost", "xmpp:root@localhost"]
