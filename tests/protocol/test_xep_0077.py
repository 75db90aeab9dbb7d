"""In-band registration, XEP-0077, where everybody may register."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Person
from tests.conversation import Mismatch
from tests.protocol.registering import (
    DONE,
    FORMS,
    NEW,
    REGISTER,
    a_service,
    asking,
    filled,
    logged_in,
    plain,
    refused,
    stranger,
)
from tests.service import PASSWORD, ServiceProcess

pytestmark = pytest.mark.spec("XEP-0077")
MOST = 12


@pytest.fixture(scope="module")
def open_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    with a_service(
        tmp_path_factory.mktemp("open") / "data",
        CHATOPS_REGISTRATION="open",
        CHATOPS_REGISTRATIONS_PER_HOUR=str(MOST),
        CHATOPS_REGISTRATION_ATTEMPTS_PER_HOUR="60",
        CHATOPS_AUTH_TIMEOUT_SECONDS="8",
    ) as process:
        yield process


@pytest.mark.spec("XEP-0077 §3.1", "XEP-0077 §7", "XEP-0077 §4")
async def test_somebody_registers_with_the_fields_and_logs_in_on_the_same_stream(
    open_service: ServiceProcess,
) -> None:
    client = await stranger(open_service)
    feature = "{http://jabber.org/features/iq-register}register"
    assert client.features.find(feature) is not None
    await client.send(asking())
    await client.expect(
        f"<iq type='result' id='ask'><query xmlns='{REGISTER}'><instructions>*</instructions>"
        f"<username/><password/><x xmlns='{FORMS}' type='form'>"
        f"<field var='FORM_TYPE' type='hidden'><value>{REGISTER}</value></field>"
        "<field var='username' type='text-single'><required/></field>"
        "<field var='password' type='text-private'><required/></field></x></query></iq>"
    )
    await client.send(plain("Fields"))
    await client.expect(DONE)
    await client.send(plain("another"))
    await client.expect(refused("not-acceptable", "modify"))
    await client.authenticate("fields", NEW)
    await client.bind("desk")
    assert client.bare == "fields@localhost"
    assert client.features.find(feature) is None
    await client.hang_up()


@pytest.mark.spec("XEP-0077 §4")
async def test_the_data_form_goes_before_the_fields(open_service: ServiceProcess) -> None:
    client = await stranger(open_service)
    await client.send(filled(username="formed", password=NEW, email="f@example.org"))
    await client.expect(DONE)
    await client.hang_up()
    client = await logged_in(open_service, "formed")
    answer = await client.ask(asking())
    query = answer.find(f"{{{REGISTER}}}query")
    assert query is not None
    found = {child.tag.rpartition("}")[2]: child.text for child in query}
    assert found.pop("instructions")
    assert found == {
        "registered": None,
        "username": "formed",
        "password": None,
        "email": "f@example.org",
    }
    await client.hang_up()


@pytest.mark.parametrize("door", ["websocket", "tls", "bosh"])
async def test_every_door_lets_people_register(open_service: ServiceProcess, door: str) -> None:
    client = await stranger(open_service, door=door)
    assert client.features.find("{http://jabber.org/features/iq-register}register") is not None
    await client.send(asking())
    await client.expect(
        f"<iq type='result' id='ask'><query xmlns='{REGISTER}'><username/></query></iq>"
    )
    await client.send(plain(f"by-{door}"))
    await client.expect(DONE)
    await client.authenticate(f"by-{door}", NEW)
    await client.bind("desk")
    assert client.bare == f"by-{door}@localhost"


@pytest.mark.parametrize(
    ("name", "password", "condition"),
    [
        ("", NEW, "not-acceptable"),
        ("nobody", "", "not-acceptable"),
        ("nobody", "short", "not-acceptable"),
        ("nobody", "nobody99", "not-acceptable"),  # like the name
        ("nobody", "bell&#x9;bell", "not-acceptable"),  # not in SASLprep's alphabet
        ("some body", NEW, "not-acceptable"),  # RFC 7622 section 3.3
        ("some/body", NEW, "not-acceptable"),
        ("x" * 1024, NEW, "not-acceptable"),
        ("nobody@elsewhere.example", NEW, "not-acceptable"),
        ("postmaster", NEW, "not-acceptable"),  # reserved
    ],
)
@pytest.mark.spec("XEP-0077 §3.1", "RFC 7622 §3.3")
async def test_what_cannot_be_is_refused(
    open_service: ServiceProcess, name: str, password: str, condition: str
) -> None:
    client = await stranger(open_service, "127.0.0.2")
    await client.send(plain(name, password))
    await client.expect(refused(condition, "modify"))
    await client.send(filled(username=name, password=password))
    await client.expect(refused(condition, "modify"))
    await client.hang_up()


@pytest.mark.spec("XEP-0077 §3.1")
async def test_a_name_is_had_by_one(open_service: ServiceProcess) -> None:
    client = await stranger(open_service, "127.0.0.3")
    await client.send(plain("taken"))
    await client.expect(DONE)
    await client.hang_up()
    client = await stranger(open_service, "127.0.0.3")
    await client.send(plain("Taken"))
    await client.expect(refused("conflict", "cancel"))
    await client.hang_up()

    two = [await stranger(open_service, "127.0.0.3") for _ in range(2)]
    await asyncio.gather(*(each.send(plain("wanted")) for each in two))
    answers = [await each.wait_for("<iq id='make'/>") for each in two]
    assert sorted(answer.get("type", "") for answer in answers) == ["error", "result"]
    refusal = next(answer for answer in answers if answer.get("type") == "error")
    assert refusal.find(".//{*}conflict") is not None
    for each in two:
        await each.hang_up()


@pytest.mark.spec("XEP-0077 §3.1", "XEP-0077 §3.2")
async def test_a_stranger_has_nothing_to_remove(open_service: ServiceProcess) -> None:
    client = await stranger(open_service, "127.0.0.3")
    await client.send(f"<iq type='set' id='make'><query xmlns='{REGISTER}'><remove/></query></iq>")
    await client.expect(refused("unexpected-request", "modify"))
    await client.send(
        f"<iq type='set' id='make'><query xmlns='{REGISTER}'>"
        f"<x xmlns='{FORMS}' type='cancel'/></query></iq>"
    )
    await client.expect(refused("bad-request", "modify"))
    await client.send(f"<iq type='set' id='make'><query xmlns='{REGISTER}'/></iq>")
    await client.expect(refused("not-acceptable", "modify"))
    await client.hang_up()


@pytest.mark.spec("XEP-0077 §3.1")
async def test_an_address_makes_so_many_accounts_an_hour(open_service: ServiceProcess) -> None:
    for number in range(MOST + 1):
        client = await stranger(open_service, "127.0.0.4")
        await client.send(plain(f"row{number}"))
        await client.expect(DONE if number < MOST else refused("resource-constraint", "wait"))
        await client.hang_up()
    client = await stranger(open_service, "127.0.0.5")
    for _ in range(60):
        await client.send(plain("row0"))
        await client.expect(refused("conflict", "cancel"))
    await client.send(plain("row0"))
    await client.expect(refused("policy-violation", "wait"))
    await client.hang_up()


@pytest.mark.spec("XEP-0077 §3.3")
async def test_a_new_password_ends_the_other_devices(service: ServiceProcess, bob: Person) -> None:
    desk, phone = await bob.online("desk"), await bob.online("phone")
    for payload, condition, type_ in [
        (f"<password>{NEW}</password>", "bad-request", "modify"),
        (f"<username>{bob.name}</username><password/>", "bad-request", "modify"),
        (f"<username>{bob.name}</username>", "bad-request", "modify"),
        (f"<username>root</username><password>{NEW}</password>", "not-allowed", "cancel"),
        (
            f"<username>{bob.name}</username><password>short</password>",
            "not-acceptable",
            "modify",
        ),
    ]:
        answer = await desk.ask(
            f"<iq type='set' id='make' to='localhost'><query xmlns='{REGISTER}'>{payload}"
            "</query></iq>"
        )
        error = answer.find("{*}error")
        assert error is not None
        assert (error[0].tag.rpartition("}")[2], error.get("type")) == (condition, type_)
        assert answer.find(f"{{{REGISTER}}}query") is None  # passwords are not sent back
    answer = await desk.ask(plain(bob.name))
    assert answer.get("type") == "result"
    await phone.ended("not-authorized")
    await desk.wait_for(f"<presence type='unavailable' from='{bob.jid}/phone'/>")
    await desk.nothing_else()
    with pytest.raises(Mismatch):
        await bob.online("phone")
    again = await bob.connect()
    await again.authenticate(bob.name, NEW)
    # Back for the others: the form does it, too.
    answer = await desk.ask(filled(username=bob.jid, password=PASSWORD))
    assert answer.get("type") == "result"


@pytest.mark.spec("XEP-0077 §3.2", "RFC 6121 §3")
async def test_who_removes_his_account_leaves_nothing_behind(
    open_service: ServiceProcess, alice: Person
) -> None:
    for name in ("leaver", "stayer"):
        client = await stranger(open_service, "127.0.0.6")
        await client.send(plain(name))
        await client.expect(DONE)
        await client.hang_up()
    leaver, phone = [await logged_in(open_service, "leaver"), await stranger(open_service)]
    await phone.authenticate("leaver", NEW)
    await phone.bind("phone")
    stayer = await logged_in(open_service, "stayer")
    await stayer.appear()
    await stayer.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
    await leaver.appear()
    await leaver.send("<presence type='subscribe' to='stayer@localhost'/>")
    await stayer.wait_for("<presence type='subscribe' from='leaver@localhost'/>")
    await stayer.send("<presence type='subscribed' to='leaver@localhost'/>")
    await stayer.send("<presence type='subscribe' to='leaver@localhost'/>")
    await leaver.wait_for("<presence type='subscribe' from='stayer@localhost'/>")
    await leaver.send("<presence type='subscribed' to='stayer@localhost'/>")
    await stayer.wait_for("<presence type='-' from='leaver@localhost/desk'/>")
    await stayer.send("<message to='leaver@localhost' type='chat'><body>Tea?</body></message>")
    await leaver.wait_for("<message from='*'><body>Tea?</body></message>")

    remove = f"<query xmlns='{REGISTER}'><remove/></query>"
    both = f"<query xmlns='{REGISTER}'><remove/><username>leaver</username></query>"
    answer = await leaver.ask(f"<iq type='set' id='no'>{both}</iq>")
    assert answer.find(".//{*}bad-request") is not None
    await leaver.send(f"<iq type='set' id='bye'>{remove}</iq>")
    await leaver.wait_for("<iq type='result' id='bye'/>")
    await leaver.ended("not-authorized")
    await phone.ended("not-authorized")
    await stayer.wait_for("<presence type='unsubscribed' from='leaver@localhost'/>")
    items = await stayer.ask("<iq type='get' id='r2'><query xmlns='jabber:iq:roster'/></iq>")
    states = [item.get("subscription") for item in items.iter("{jabber:iq:roster}item")]
    assert states == ["none"]
    with pytest.raises(Mismatch):
        await logged_in(open_service, "leaver")

    # Whoever gets the name next is somebody else.
    client = await stranger(open_service, "127.0.0.6")
    await client.send(plain("leaver"))
    await client.expect(DONE)
    await client.hang_up()
    fresh = await logged_in(open_service, "leaver")
    kept = await fresh.ask("<iq type='set' id='a'><query xmlns='urn:xmpp:mam:2'/></iq>")
    assert kept.find(".//{http://jabber.org/protocol/rsm}count") is not None
    assert kept.findtext(".//{http://jabber.org/protocol/rsm}count") == "0"
    items = await fresh.ask("<iq type='get' id='r3'><query xmlns='jabber:iq:roster'/></iq>")
    assert list(items.iter("{jabber:iq:roster}item")) == []
    for each in (fresh, stayer):
        await each.hang_up()


@pytest.mark.spec("XEP-0077 §3.2")
async def test_the_last_administrator_cannot_go(open_service: ServiceProcess) -> None:
    root = await logged_in(open_service, "root", PASSWORD)
    answer = await root.ask(
        f"<iq type='set' id='bye'><query xmlns='{REGISTER}'><remove/></query></iq>"
    )
    assert answer.find(".//{*}not-allowed") is not None
    await root.hang_up()


@pytest.mark.spec("XEP-0077 §3.1")
async def test_a_form_gives_time_and_everything_else_none(open_service: ServiceProcess) -> None:
    """Filling in takes longer than logging in may; other requests need a login all the same."""
    client = await stranger(open_service)
    await client.send("<iq type='get' id='x'><query xmlns='jabber:iq:roster'/></iq>")
    await client.ended("not-authorized")
    client = await stranger(open_service)
    await client.send(asking().replace(" id=", " to='conference.localhost' id="))
    await client.ended("not-authorized")
    silent, busy = await stranger(open_service), await stranger(open_service)
    await busy.send(asking())
    await busy.expect("<iq type='result' id='ask'/>")
    await silent.ended("connection-timeout")
    await busy.send(asking())
    await busy.expect("<iq type='result' id='ask'/>")
    await busy.hang_up()


@pytest.mark.spec("XEP-0077 §8")
async def test_disco_says_it(service: ServiceProcess, alice: Person) -> None:
    client = await alice.bound()
    answer = await client.ask(
        "<iq type='get' id='d' to='localhost'>"
        "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
    )
    assert any(feature.get("var") == REGISTER for feature in answer.iter() if feature is not None)


async def test_nobody_registers_where_it_is_off_or_unencrypted(
    own_service: Callable[..., ServiceProcess],
) -> None:
    off = own_service(CHATOPS_REGISTRATION="off", CHATOPS_ACCOUNT_REMOVAL="off")
    client = await stranger(off)
    assert client.features.find("{http://jabber.org/features/iq-register}register") is None
    await client.send(asking())
    await client.expect(refused("service-unavailable", "cancel", "ask"))
    await client.send(plain("alice"))
    await client.expect(refused("not-allowed", "cancel"))
    await client.hang_up()
    off.manage("account", "add", "alice", "--password", NEW)
    alice = await logged_in(off, "alice")
    answer = await alice.ask(
        f"<iq type='set' id='bye'><query xmlns='{REGISTER}'><remove/></query></iq>"
    )
    assert answer.find(".//{*}not-allowed") is not None
    assert (await alice.ask(plain("alice", NEW + "!"))).get("type") == "result"
    await alice.hang_up()
    off.stop()

    safe = own_service(CHATOPS_REGISTRATION="open", CHATOPS_ALLOW_PLAINTEXT="never")
    client = await stranger(safe)
    assert client.features.find("{http://jabber.org/features/iq-register}register") is None
    await client.send(asking())
    await client.expect(refused("not-authorized", "modify", "ask"))
    await client.send(plain("alice"))
    await client.expect(refused("not-authorized", "modify"))
    await client.start_tls()
    assert client.features.find("{http://jabber.org/features/iq-register}register") is not None
    await client.send(plain("alice"))
    await client.expect(DONE)
    await client.hang_up()
