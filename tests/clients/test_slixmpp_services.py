"""What a client has its server do for it, asked by slixmpp's plugins and nothing by hand."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from PIL import Image
from slixmpp import JID
from slixmpp.exceptions import IqError
from slixmpp.plugins.xep_0009.binding import py2xml, xml2py

from tests.conftest import Person
from tests.journeys import PATIENCE, SlixmppClient
from tests.service import ServiceProcess

Come: TypeAlias = Callable[..., Awaitable[SlixmppClient]]
PLUGINS = (
    "xep_0009", "xep_0012", "xep_0013", "xep_0016", "xep_0033", "xep_0049", "xep_0048",
    "xep_0050", "xep_0054", "xep_0080", "xep_0092", "xep_0133", "xep_0153", "xep_0191",
    "xep_0202", "xep_0308", "xep_0313", "xep_0424",
)  # fmt: skip


@pytest_asyncio.fixture
async def come(service: ServiceProcess) -> AsyncIterator[Come]:
    """Logs somebody in, by name; all leave in the end."""
    clients: list[SlixmppClient] = []

    async def make(person: Person | str, resource: str) -> SlixmppClient:
        name = person if isinstance(person, str) else person.name
        client = SlixmppClient(service, name, resource)
        clients.append(client)
        for plugin in PLUGINS:
            client.register_plugin(plugin)
        return await client.come()

    yield make
    for client in clients:
        await client.leave()


def heard(client: SlixmppClient, event: str) -> "asyncio.Queue[Any]":
    """What comes under that name from now on."""
    found: asyncio.Queue[Any] = asyncio.Queue()
    client.add_event_handler(event, found.put_nowait)
    return found


async def soon(queue: "asyncio.Queue[Any]") -> Any:
    return await asyncio.wait_for(queue.get(), PATIENCE)


@pytest.mark.spec("XEP-0191")
async def test_somebody_is_blocked_and_heard_again(come: Come, alice: Person, bob: Person) -> None:
    desk, pad, phone = await come(alice, "desk"), await come(alice, "pad"), await come(bob, "phone")
    await pad.plugin["xep_0191"].get_blocked()
    told = heard(pad, "blocked")
    await desk.plugin["xep_0191"].block(JID(bob.jid))
    (item,) = (await soon(told))["block"]["items"]
    assert item["jid"] == JID(bob.jid)
    assert await desk.plugin["xep_0191"].get_blocked_jids() == {JID(bob.jid)}
    errors = heard(phone, "message_error")
    phone.send_message(mto=JID(alice.jid), mbody="Hello?", mtype="chat")
    assert (await soon(errors))["error"]["condition"] == "service-unavailable"
    await desk.plugin["xep_0191"].unblock(JID(bob.jid))
    phone.send_message(mto=JID(alice.jid), mbody="And now?", mtype="chat")
    await desk.next_message("And now?")


@pytest.mark.spec("XEP-0016")
async def test_a_privacy_list_is_made_used_and_removed(
    come: Come, alice: Person, bob: Person
) -> None:
    desk, phone = await come(alice, "desk"), await come(bob, "phone")
    lists = desk.plugin["xep_0016"]
    rule = {"value": bob.jid, "itype": "jid", "action": "deny", "order": "1", "message": True}
    await lists.edit_list("quiet", [rule])
    await lists.make_default("quiet")
    found = await lists.get_privacy_lists()
    assert found["privacy"]["default"]["name"] == "quiet"
    errors = heard(phone, "message_error")
    phone.send_message(mto=JID(alice.jid), mbody="Hello?", mtype="chat")
    await soon(errors)
    await lists.remove_default()
    await lists.remove_list("quiet")
    with pytest.raises(IqError) as refused:
        await lists.get_list("quiet")
    assert refused.value.condition == "item-not-found"


@pytest.mark.spec("XEP-0054", "XEP-0153")
async def test_a_vcard_and_a_picture_are_published_and_found(
    come: Come, alice: Person, bob: Person
) -> None:
    desk, phone = await come(alice, "desk"), await come(bob, "phone")
    card = desk.plugin["xep_0054"].make_vcard()
    card["FN"] = "Alice in the garden"
    await desk.plugin["xep_0054"].publish_vcard(card)
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "green").save(out, "PNG")
    await desk.plugin["xep_0153"].set_avatar(avatar=out.getvalue(), mtype="image/png")
    seen = (await phone.plugin["xep_0054"].get_vcard(JID(alice.jid)))["vcard_temp"]
    assert seen["FN"] == "Alice in the garden"
    assert seen["PHOTO"]["BINVAL"] == out.getvalue()


@pytest.mark.spec("XEP-0049")
async def test_bookmarks_are_kept_in_private_storage(come: Come, alice: Person) -> None:
    desk = await come(alice, "desk")
    bookmarks = desk.plugin["xep_0048"].stanza.Bookmarks()
    bookmarks.add_conference(JID("tea@conference.localhost"), "alice", autojoin=True)
    await desk.plugin["xep_0049"].store(bookmarks)
    found = (await desk.plugin["xep_0049"].retrieve("bookmarks"))["private"]["bookmarks"]
    (room,) = found["conferences"]
    assert (room["jid"], room["nick"]) == (JID("tea@conference.localhost"), "alice")


@pytest.mark.spec("XEP-0012", "XEP-0092", "XEP-0199", "XEP-0202")
async def test_the_service_tells_of_itself_and_of_the_absent(
    come: Come, service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk, phone = await come(alice, "desk"), await come(bob, "phone")
    domain = JID(service.domain)
    assert (await desk.plugin["xep_0092"].get_version(domain))["software_version"]["name"] == (
        "ChatOps"
    )
    assert await desk.plugin["xep_0199"].ping(domain) < PATIENCE
    time = (await desk.plugin["xep_0202"].get_entity_time(domain))["entity_time"]
    # Its own reading of it appends a second Z.
    assert datetime.fromisoformat(time.xml.findtext("{urn:xmpp:time}utc")).tzinfo == UTC
    uptime = await desk.plugin["xep_0012"].get_last_activity(domain)
    assert uptime["last_activity"]["seconds"] >= 0
    approved = heard(phone, "presence_subscribed")
    phone.send_presence_subscription(pto=JID(alice.jid))
    await soon(approved)
    gone = heard(phone, "presence_unavailable")
    desk.send_presence(ptype="unavailable", pstatus="Off to the shed")
    while (await soon(gone))["from"].bare != alice.jid:
        pass
    await desk.leave()
    async with asyncio.timeout(PATIENCE):
        words = ""
        while words != "Off to the shed":  # until the service has noted that she left
            absent = await phone.plugin["xep_0012"].get_last_activity(JID(alice.jid))
            words = absent["last_activity"]["status"]
    assert absent["last_activity"]["seconds"] < PATIENCE


@pytest.mark.spec("XEP-0050", "XEP-0133 §4.1", "XEP-0133 §4.18")
async def test_an_administrator_adds_somebody_by_a_command(
    come: Come, service: ServiceProcess, alice: Person
) -> None:
    root, domain = await come("root", "desk"), JID(service.domain)
    name = f"added-for-{alice.name}"
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def fill(iq: Any, session: dict[str, Any]) -> None:
        form = root.plugin["xep_0004"].make_form(ftype="submit")
        for var, value in (
            ("accountjid", f"{name}@{service.domain}"),
            ("password", "kettle-and-cup-7"),
            ("password-verify", "kettle-and-cup-7"),
        ):
            form.add_field(var=var, value=value)
        session["payload"] = form
        session["next"] = lambda answer, _: done.set_result(answer)
        root.plugin["xep_0050"].complete_command(session)

    def fail(iq: Any, session: dict[str, Any]) -> None:
        done.set_exception(IqError(iq))

    offered = await root.plugin["xep_0050"].get_commands(domain)
    nodes = {item[1] for item in offered["disco_items"]["items"]}
    assert "http://jabber.org/protocol/admin#add-user" in nodes
    root.plugin["xep_0133"].add_user(domain, session={"next": fill, "error": fail})
    answer = await asyncio.wait_for(done, PATIENCE)
    assert answer["command"]["status"] == "completed"
    newcomer = SlixmppClient(service, name, "desk")
    newcomer.password = newcomer.credentials["password"] = "kettle-and-cup-7"
    await newcomer.come()
    await newcomer.leave()


@pytest.mark.spec("XEP-0033")
async def test_one_stanza_reaches_several_people(
    come: Come, service: ServiceProcess, alice: Person, bob: Person, charlie: Person
) -> None:
    desk = await come(alice, "desk")
    others = [await come(each, "phone") for each in (bob, charlie)]
    message = desk.make_message(mto=JID(service.domain), mbody="To both", mtype="chat")
    message["addresses"].set_to([{"jid": JID(bob.jid)}])
    message["addresses"].set_cc([{"jid": JID(charlie.jid)}])
    message.send()
    for other in others:
        assert (await other.next_message("To both"))["from"].bare == alice.jid


@pytest.mark.spec("XEP-0308", "XEP-0424", "XEP-0313")
async def test_what_was_said_is_corrected_retracted_and_found_in_the_archive(
    come: Come, alice: Person, bob: Person
) -> None:
    desk, phone = await come(alice, "desk"), await come(bob, "phone")
    first = desk.make_message(mto=JID(bob.jid), mbody="At nine", mtype="chat")
    first["id"] = "first"
    first.send()
    await phone.next_message("At nine")
    desk.plugin["xep_0308"].correct_message(first, "At ten").send()
    corrected = await phone.next_message("At ten")
    assert corrected["replace"]["id"] == "first"
    retracted = heard(phone, "message_retract")
    desk.plugin["xep_0424"].send_retraction(JID(bob.jid), "first")
    assert (await soon(retracted))["retract"]["id"] == "first"
    bodies = [
        each["mam_result"]["forwarded"]["stanza"]["body"]
        async for each in phone.plugin["xep_0313"].iterate(with_jid=JID(alice.jid))
    ]
    assert "At nine" not in bodies


@pytest.mark.spec("XEP-0009", "XEP-0080")
async def test_calls_and_places_pass_untouched(come: Come, alice: Person, bob: Person) -> None:
    desk, phone = await come(alice, "desk"), await come(bob, "phone")

    def answer(iq: Any) -> None:
        method = iq["rpc_query"]["method_call"]["method_name"]
        (number,) = xml2py(iq["rpc_query"]["method_call"]["params"])
        assert method == "double"
        phone.plugin["xep_0009"].make_iq_method_response(
            iq["id"], iq["from"], py2xml(2 * number)
        ).send()

    phone.add_event_handler("jabber_rpc_method_call", answer)
    call = desk.plugin["xep_0009"].make_iq_method_call(
        JID(f"{bob.jid}/phone"), "double", py2xml(21)
    )
    result = await call.send()
    assert xml2py(result["rpc_query"]["method_response"]["params"]) == [42]
    place = desk.make_message(mto=JID(bob.jid), mbody="I am here", mtype="chat")
    location = desk.plugin["xep_0080"].stanza.Geoloc()
    location["lat"], location["lon"] = 52.37, 4.89
    place.append(location)
    place.send()
    got = await phone.next_message("I am here")
    found = got.xml.find("{http://jabber.org/protocol/geoloc}geoloc")
    assert found is not None
    assert found.findtext("{http://jabber.org/protocol/geoloc}lat") == "52.37"
