"""Entity capabilities, XEP-0115; what clients are called, XEP-0092."""

import pytest

from chatops.xmpp.caps import verification
from chatops.xmpp.elements import parse
from tests.conftest import Person
from tests.conversation import Client, Element, shown
from tests.service import PASSWORD

INFO, CAPS = "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/caps"
VERSION = "jabber:iq:version"

pytestmark = pytest.mark.spec("XEP-0115")


def claim(ver: str, node: str = "https://client.example") -> str:
    return f"<presence><c xmlns='{CAPS}' hash='sha-1' node='{node}' ver='{ver}'/></presence>"


def described(name: str, *more: str) -> str:
    features = "".join(f"<feature var='{each}'/>" for each in (INFO, CAPS, *more))
    return f"<identity category='client' type='pc' name='{name}'/>{features}"


def hash_of(inner: str) -> str:
    return verification(parse(f"<query xmlns='{INFO}'>{inner}</query>"))


async def asked(client: Client, namespace: str) -> Element:
    return await client.wait_for(
        f"<iq type='get' from='{client.domain}'><query xmlns='{namespace}'/></iq>"
    )


async def answer(client: Client, question: Element, namespace: str, inner: str) -> None:
    node = question[0].get("node")
    named = f" node='{node}'" if node else ""
    await client.send(
        f"<iq type='result' id='{question.get('id')}' to='{client.domain}'>"
        f"<query xmlns='{namespace}'{named}>{inner}</query></iq>"
    )


@pytest.mark.spec("XEP-0115 §6.2", "XEP-0115 §6.3")
async def test_the_services_own_hash_is_right_and_explained(alice: Person) -> None:
    client = await alice.connect()
    await client.authenticate(alice.name, PASSWORD)
    own = client.features.find(f"{{{CAPS}}}c")
    assert own is not None
    await client.bind()
    node = f"{own.get('node')}#{own.get('ver')}"
    for named in (f" node='{node}'", ""):
        found = await client.ask(
            f"<iq type='get' id='d' to='localhost'><query xmlns='{INFO}'{named}/></iq>"
        )
        assert verification(parse(shown(found[0]))) == own.get("ver")
    unknown = await client.ask(
        f"<iq type='get' id='d' to='localhost'><query xmlns='{INFO}' node='{node}x'/></iq>"
    )
    assert unknown.get("type") == "error"


@pytest.mark.spec("XEP-0115 §5.4", "XEP-0115 §6.1", "XEP-0092 §3")
async def test_a_kind_of_client_is_asked_once_and_its_name_is_noted(
    alice: Person, bob: Person
) -> None:
    inner = described(f"Client of {alice.name}", VERSION)
    desk, phone = await alice.online(), await bob.online()
    await desk.send(claim(hash_of(inner)))
    question = await asked(desk, INFO)
    assert question[0].get("node") == f"https://client.example#{hash_of(inner)}"
    await answer(desk, question, INFO, inner)
    await answer(desk, await asked(desk, VERSION), VERSION, "<name>Tea</name><version>2</version>")
    # The next of its kind is only asked for its version.
    await phone.send(claim(hash_of(inner)))
    await phone.wait_for(f"<presence from='{phone.jid}'><c xmlns='{CAPS}'/></presence>")
    question = await phone.expect(f"<iq type='get'><query xmlns='{VERSION}'/></iq>")
    await answer(phone, question, VERSION, "<name>Tea</name><version>3</version>")
    await phone.send(claim(hash_of(inner)))  # nothing new
    await phone.wait_for(f"<presence from='{phone.jid}'><c xmlns='{CAPS}'/></presence>")
    await phone.nothing_else()
    command = (
        "from chatops.accounts.models import Device;"
        f"print(Device.objects.get(user__username='{alice.name}').client)"
    )
    assert "Tea 2" in alice.service.manage("shell", "-c", command)


@pytest.mark.spec("XEP-0115 §5.4")
async def test_who_lies_is_not_believed(alice: Person, bob: Person) -> None:
    inner = described(f"Client of {bob.name}")
    liar, honest = await alice.online(), await bob.online()
    await liar.send(claim(hash_of(inner)))
    await answer(liar, await asked(liar, INFO), INFO, described("Something else", VERSION))
    await liar.nothing_else()
    await honest.send(claim(hash_of(inner)))
    await asked(honest, INFO)  # what the liar said was not kept


async def test_who_refuses_or_claims_nonsense_is_left_alone(alice: Person) -> None:
    client = await alice.online()
    await client.send(claim(hash_of(described(f"Mute {alice.name}"))))
    question = await asked(client, INFO)
    await client.send(
        f"<iq type='error' id='{question.get('id')}' to='localhost'><error type='cancel'>"
        "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    )
    for odd in (claim(""), claim("x" * 5_000), claim("x").replace("sha-1", "md2")):
        await client.send(odd)
        await client.wait_for(f"<presence from='{client.jid}'/>")
    await client.nothing_else()
