"""The status codes that tell occupants what has happened: XEP-0045 sections 10.2.1 and 11."""

from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.protocol.xep_0045.talk import (
    MUC,
    STANZAS,
    USER,
    admin,
    configure,
    enter,
    item,
    join,
    refused,
    seen,
    settled,
    tea_room,
)
from tests.service import ServiceProcess

JOIN = """
from django.contrib.auth.models import Group
from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.rooms import services
from chatops.rooms.models import Room
group = Group.objects.create(name="{room}")
room = Room.objects.get(localpart="{room}")
services.link_group(room, group=group, rank="admin", by=Actor.command("a test"))
User.objects.get(username="{name}").groups.add(group)
"""


@pytest.mark.spec("XEP-0045 §10.6")
async def test_who_joins_a_group_becomes_what_its_people_are_at_once(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await owner.wait_for(seen(room, "bob", item("none", "participant")))
    service.manage("shell", "-c", JOIN.format(room=room.partition("@")[0], name=bob.name))
    await owner.wait_for(seen(room, "bob", item("admin", "moderator")))
    await guest.wait_for(seen(room, "bob", item("admin", "moderator"), 110))


@pytest.mark.spec("XEP-0045 §10.2.1")
async def test_each_change_of_the_settings_has_its_code(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    for field, value, codes in (
        ("enablelogging", "0", ["171"]),
        ("enablelogging", "1", ["170"]),
        ("whois", "anyone", ["172"]),
        ("whois", "moderators", ["173"]),
        ("roomname", "Tea", ["104"]),
        ("roomsecret", "cauldron", ["104"]),
    ):
        await settled(guest)
        await configure(owner, room, **{field: value})
        told = await guest.expect(f"<message from='{room}' type='groupchat'/>")
        assert [each.get("code") for each in told.iter(f"{{{USER}}}status")] == codes, field
        assert told.find("{*}body") is None
    await settled(guest)
    await configure(owner, room, whois="anyone", enablelogging="0", roomname="Milk")
    told = await guest.expect(f"<message from='{room}' type='groupchat'/>")
    assert {each.get("code") for each in told.iter(f"{{{USER}}}status")} == {"104", "171", "172"}
    await configure(owner, room, roomname="Milk")
    await settled(owner)
    await guest.nothing_else()  # nothing was changed


@pytest.mark.spec("XEP-0045 §10.2")
async def test_who_is_on_the_lists_of_the_form_is_shown_so(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await settled(owner)
    for rank, role, fields in (
        ("admin", "moderator", {"roomadmins": bob.jid}),
        ("owner", "moderator", {"roomowners": f"{alice.jid}</value><value>{bob.jid}"}),
        ("member", "participant", {"roomowners": alice.jid}),
    ):
        await configure(owner, room, **fields)
        await guest.wait_for(seen(room, "bob", item(rank, role), 110))
    answer = await configure(owner, room, roomowners="")
    assert answer.get("type") == "error"


@pytest.mark.spec("XEP-0045 §11.1", "XEP-0045 §17.1.2")
async def test_whose_device_answers_with_errors_is_taken_out(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await settled(owner)

    def error(name: str) -> str:
        reason = f"<{name} xmlns='{STANZAS}'/>"
        return (
            f"<message to='{room}/alice' type='error' id='m'>"
            f"<error type='cancel'>{reason}</error></message>"
        )

    await guest.send(error("not-acceptable"))  # says nothing of whether it is there
    await owner.expect("<message type='error'/>")
    await owner.nothing_else()
    await guest.send(error("recipient-unavailable"))
    await owner.wait_for(seen(room, "bob", item("none", "none"), 333, type_="unavailable"))
    await guest.wait_for(seen(room, "bob", item("none", "none"), 110, 333, type_="unavailable"))


@pytest.mark.spec("XEP-0045 §7.1", "XEP-0045 §7.2.3", "XEP-0045 §7.2.11")
async def test_who_enters_is_told_all_in_its_order(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner, whois="anyone")
    await enter(guest, room, "bob")
    for text in ("<body>old</body>", "<subject>Tea</subject>"):
        await owner.send(f"<message to='{room}' type='groupchat'>{text}</message>")
    await guest.wait_for("<message><subject>Tea</subject></message>")
    await other.send(join(room, "charlie"))
    await other.expect_all(
        seen(room, "alice", item("owner", "moderator", f"jid='{owner.jid}'")),
        seen(room, "bob", item("none", "participant", f"jid='{guest.jid}'")),
    )
    own = await other.expect(seen(room, "charlie", item("none", "participant"), 100, 110, 170))
    assert len(own.findall(f"{{{USER}}}x")) == 1
    late = f"<delay xmlns='urn:xmpp:delay' from='{room}'/>"
    await other.expect(f"<message from='{room}/alice'><body>old</body>{late}</message>")
    await other.expect(f"<message from='{room}/alice'><subject>Tea</subject>{late}</message>")
    await owner.send(f"<message to='{room}' type='groupchat'><body>live</body></message>")
    live = await other.expect(f"<message from='{room}/alice'><body>live</body></message>")
    assert live.find("{urn:xmpp:delay}delay") is None
    await admin(owner, room, f"<item jid='{charlie.jid}' affiliation='outcast'/>")
    await other.wait_for(seen(room, "charlie", item("outcast", "none"), type_="unavailable"))
    await other.send(f"<presence to='{room}/charlie'><x xmlns='{MUC}'/></presence>")
    await other.expect(refused("forbidden"))


@pytest.mark.spec("XEP-0045 §10.2", "XEP-0045 §8.3")
async def test_a_change_that_concerns_many_tells_each_what_concerns_it(
    alice: Person, person: Callable[[], Person]
) -> None:
    owner = await alice.online()
    room = await tea_room(owner, moderatedroom="1")
    people = [person() for _ in range(4)]
    guests = [await each.online() for each in people]
    for number, guest in enumerate(guests):
        await enter(guest, room, f"n{number}")
    await configure(owner, room, moderatedroom="0")
    for guest in guests:
        for number in range(len(guests)):
            await guest.wait_for(seen(room, f"n{number}", item("none", "participant")))
    await admin(owner, room, f"<item jid='{people[0].jid}' affiliation='member'/>")
    for guest in guests:
        await settled(guest)
    await configure(owner, room, membersonly="1")
    for number in range(1, len(guests)):
        gone = seen(room, f"n{number}", item("none", "none"), 322, type_="unavailable")
        await guests[0].wait_for(gone)
    for number, guest in enumerate(guests[1:], start=1):
        own = seen(room, f"n{number}", item("none", "none"), 110, 322, type_="unavailable")
        await guest.expect("<message type='groupchat'/>")
        await guest.expect(own)  # and nothing of the others who go
        await guest.nothing_else()
