"""Extended stanza addressing, XEP-0033: one stanza, many recipients."""

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.xep_0045.talk import enter, tea_room

NS = "http://jabber.org/protocol/address"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"

pytestmark = pytest.mark.spec("XEP-0033")


def address(type_: str, jid: str, more: str = "") -> str:
    return f"<address type='{type_}' jid='{jid}' {more}/>"


def to_many(client: Client, *addresses: str, id_: str = "m1", type_: str = "chat") -> str:
    return (
        f"<message to='{client.domain}' type='{type_}' id='{id_}'><body>Tea?</body>"
        f"<addresses xmlns='{NS}'>{''.join(addresses)}</addresses></message>"
    )


def named(message: Element) -> list[tuple[str | None, str | None, str | None]]:
    return [
        (each.get("type"), each.get("jid"), each.get("delivered"))
        for each in message.iter(f"{{{NS}}}address")
    ]


@pytest.mark.spec("XEP-0033 §5", "XEP-0033 §4.2.5")
async def test_each_recipient_gets_a_copy_and_hidden_ones_see_themselves_alone(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, phone, hidden = await alice.online(), await bob.online(), await charlie.online()
    reply = address("replyto", alice.jid)
    await desk.send(to_many(desk, address("to", bob.jid), address("bcc", charlie.jid), reply))
    to_bob = await phone.expect(
        f"<message from='{desk.jid}' to='{bob.jid}' id='m1'><body>Tea?</body></message>"
    )
    to_charlie = await hidden.expect(
        f"<message from='{desk.jid}' to='{charlie.jid}' id='m1'><body>Tea?</body></message>"
    )
    seen_by_all = [("to", bob.jid, "true"), ("replyto", alice.jid, None)]
    assert named(to_bob) == seen_by_all
    assert named(to_charlie) == [*seen_by_all, ("bcc", charlie.jid, None)]
    await desk.nothing_else()


@pytest.mark.spec("XEP-0033 §4.2.4")
async def test_who_has_it_already_is_left_out(alice: Person, bob: Person, charlie: Person) -> None:
    desk, phone, tablet = await alice.online(), await bob.online(), await charlie.online()
    await desk.send(
        to_many(desk, address("to", bob.jid, "delivered='true'"), address("cc", charlie.jid))
    )
    await tablet.expect("<message id='m1'/>")
    await phone.nothing_else()
    await desk.send(to_many(desk, address("to", bob.jid), address("cc", bob.jid), id_="m2"))
    await phone.expect("<message id='m2'/>")
    await phone.nothing_else()


async def test_copies_are_kept_for_the_absent_and_in_the_archives(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk = await alice.online()
    await desk.send(to_many(desk, address("to", bob.jid), address("to", charlie.jid)))
    await desk.nothing_else()
    for person in (bob, charlie):
        late = await person.bound()
        await late.send("<presence/>")
        await late.wait_for(f"<message from='{desk.jid}' id='m1'><body>Tea?</body></message>")
    answer = await desk.ask("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>")
    count = answer.find(".//{http://jabber.org/protocol/rsm}count")
    assert count is not None
    assert count.text == "2"


async def test_a_room_may_be_among_the_recipients(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await owner.wait_for(f"<presence from='{room}/bob'/>")
    await owner.send(to_many(owner, address("to", room), type_="groupchat"))
    await guest.wait_for(f"<message from='{room}/alice' id='m1'><body>Tea?</body></message>")


async def test_what_comes_after_it_arrives_after_it(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online(), await bob.online()
    for number in range(20):
        await desk.send(to_many(desk, address("to", bob.jid), id_=f"many{number}"))
        await desk.send(f"<message to='{bob.jid}' type='chat' id='one{number}'><body/></message>")
    for number in range(20):
        await phone.expect(f"<message id='many{number}'/>")
        await phone.expect(f"<message id='one{number}'/>")


async def test_each_failed_copy_has_its_own_error(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online(), await bob.online()
    nobody = f"no-one@{desk.domain}"
    await desk.send(to_many(desk, address("to", nobody), address("to", bob.jid)))
    await phone.expect("<message id='m1'/>")
    await desk.expect(
        f"<message from='{nobody}' type='error' id='m1'>"
        f"<error><service-unavailable xmlns='{STANZAS}'/></error></message>"
    )
    await desk.nothing_else()


@pytest.mark.spec("XEP-0033 §4.3")
async def test_presence_to_many_is_withdrawn_from_all(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk, phone, tablet = await alice.online(), await bob.online(), await charlie.online()
    await desk.send(
        f"<presence to='{desk.domain}'><status>here</status><addresses xmlns='{NS}'>"
        f"{address('to', bob.jid)}{address('to', charlie.jid)}</addresses></presence>"
    )
    for client in (phone, tablet):
        await client.expect(
            f"<presence from='{desk.jid}' type='-'><status>here</status></presence>"
        )
    await desk.close()
    for client in (phone, tablet):
        await client.expect(f"<presence from='{desk.jid}' type='unavailable'/>")


@pytest.mark.spec("XEP-0033 §8")
@pytest.mark.parametrize(
    ("addresses", "condition"),
    [
        ("<address type='to' uri='sip:bob@localhost'/>", "jid-malformed"),
        ("<address type='to' jid='@nobody'/>", "jid-malformed"),
        ("<address type='to' jid='bob@elsewhere.example'/>", "forbidden"),
        ("<address type='to'/>", "bad-request"),
        ("<address type='sideways' jid='bob@localhost'/>", "bad-request"),
        ("<address jid='bob@localhost'/>", "bad-request"),
        ("".join(address("to", f"b{n}@localhost") for n in range(51)), "not-acceptable"),
    ],
)
async def test_addresses_that_are_refused(
    alice: Person, bob: Person, addresses: str, condition: str
) -> None:
    desk, phone = await alice.online(), await bob.online()
    await desk.send(to_many(desk, address("to", bob.jid), addresses))
    await desk.expect(
        f"<message from='{desk.domain}' type='error' id='m1'>"
        f"<error><{condition} xmlns='{STANZAS}'/></error></message>"
    )
    await phone.nothing_else()


@pytest.mark.spec("XEP-0198 §4", "XEP-0033 §5")
async def test_one_stanza_to_many_counts_once(alice: Person, bob: Person, charlie: Person) -> None:
    desk = await alice.bound()
    await desk.send("<enable xmlns='urn:xmpp:sm:3'/>")
    await desk.wait_for("<enabled xmlns='urn:xmpp:sm:3'/>")
    await desk.send(to_many(desk, address("to", bob.jid), address("to", charlie.jid)))
    await desk.send("<r xmlns='urn:xmpp:sm:3'/>")
    await desk.wait_for("<a xmlns='urn:xmpp:sm:3' h='1'/>")


async def test_addresses_in_a_message_to_one_person_pass_untouched(
    alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online(), await bob.online()
    block = f"<addresses xmlns='{NS}'>{address('ofrom', 'x@y.example')}</addresses>"
    await desk.send(
        f"<message to='{bob.jid}' type='chat' id='m1'><body>Tea?</body>{block}</message>"
    )
    assert named(await phone.expect("<message id='m1'/>")) == [("ofrom", "x@y.example", None)]
