"""Lists of affiliations, what goes with them, and bans: XEP-0045 sections 9 and 10."""

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.xep_0045.talk import (
    MUC,
    USER,
    admin,
    condition,
    configure,
    enter,
    info_of,
    item,
    join,
    refused,
    seen,
    settled,
    tea_room,
)

Entries = list[tuple[str | None, ...]]


async def listed(client: Client, room: str, rank: str) -> Entries | str:
    """Address, nickname, role and reason of each; or the condition of the refusal."""
    answer = await client.ask(
        f"<iq type='get' id='l' to='{room}'><query xmlns='{MUC}#admin'>"
        f"<item affiliation='{rank}'/></query></iq>"
    )
    if answer.get("type") == "error":
        return condition(answer)
    found = []
    for each in answer.iter(f"{{{MUC}#admin}}item"):
        assert each.get("affiliation") == rank
        reason = each.findtext(f"{{{MUC}#admin}}reason")
        found.append((each.get("jid"), each.get("nick"), each.get("role"), reason))
    return found


@pytest.mark.spec("XEP-0045 §9.3", "XEP-0045 §9.5")
async def test_an_admin_reserves_a_nickname_with_a_membership_and_gives_it_back(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, other = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner)
    member = f"<item jid='{bob.jid}' affiliation='member'"
    await admin(owner, room, f"{member} nick='Bobby'><reason>Good.</reason></item>")
    assert await listed(owner, room, "member") == [(bob.jid, "Bobby", None, None)]
    nickname = (await info_of(guest, room, "x-roomuser-item")).find(".//{*}identity")
    assert nickname is not None
    assert nickname.get("name") == "Bobby"
    await other.send(join(room, "Bobby"))
    await other.expect(refused("conflict"))
    taken = f"<item jid='{charlie.jid}' affiliation='member' nick='Bobby'/>"
    assert condition(await admin(owner, room, taken)) == "conflict"
    assert await listed(owner, room, "member") == [(bob.jid, "Bobby", None, None)]
    await admin(owner, room, f"{member} nick=''/>")
    assert await listed(owner, room, "member") == [(bob.jid, None, None, None)]
    await enter(other, room, "Bobby")
    assert condition(await admin(owner, room, f"{member} nick='Bobby'/>")) == "conflict"


@pytest.mark.spec("XEP-0045 §9.2", "XEP-0045 §9.5", "XEP-0045 §10.5", "XEP-0045 §10.8")
async def test_lists_are_open_as_names_are(alice: Person, bob: Person, charlie: Person) -> None:
    owner, chief, member = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner, membersonly="1")
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='admin'/>")
    await admin(owner, room, f"<item jid='{charlie.jid}' affiliation='member'/>")
    ranks = ("owner", "admin", "member", "outcast")

    async def answers(client: Client) -> list[bool]:
        found = [await listed(client, room, rank) for rank in ranks]
        assert {each for each in found if isinstance(each, str)} <= {"forbidden"}
        return [not isinstance(each, str) for each in found]

    assert await answers(owner) == [True, True, True, True]
    assert await answers(chief) == [False, False, True, True]
    assert await answers(member) == [False, False, False, False]
    await enter(member, room, "charlie")
    assert await answers(member) == [False, False, False, False]
    await configure(owner, room, whois="anyone")
    assert await answers(chief) == [True, True, True, True]
    assert await answers(member) == [True, True, True, False]
    await configure(owner, room, getmemberlist="moderator")
    assert await answers(member) == [True, True, True, False]  # as a member, not by the role


@pytest.mark.spec("XEP-0045 §9.1", "XEP-0045 §9.2")
async def test_a_ban_has_a_reason_and_may_be_of_a_whole_domain(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, member = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner)
    await admin(owner, room, f"<item jid='{charlie.jid}' affiliation='member'/>")
    await enter(guest, room, "bob")
    await enter(member, room, "charlie")
    await settled(guest)
    ban = "<item jid='localhost' affiliation='outcast'><reason>Noise.</reason></item>"
    assert condition(await admin(owner, room, ban)) == ""
    gone = await guest.expect(
        seen(room, "bob", item("outcast", "none"), 110, 301, type_="unavailable")
    )
    assert gone.findtext(f"{{{USER}}}x/{{{USER}}}item/{{{USER}}}reason") == "Noise."
    await guest.send(join(room, "bob"))
    await guest.expect(refused("forbidden"))
    assert await listed(owner, room, "outcast") == [("localhost", None, None, "Noise.")]
    await settled(member)
    await member.send(f"<message to='{room}' type='groupchat'><body>still here</body></message>")
    await member.expect(f"<message from='{room}/charlie'><body>still here</body></message>")
    register = "<query xmlns='jabber:iq:register'/>"
    answer = await guest.ask(f"<iq type='get' id='r' to='{room}'>{register}</iq>")
    assert condition(answer) == "not-allowed"
    await admin(owner, room, "<item jid='localhost' affiliation='none'/>")
    await enter(guest, room, "bob")


@pytest.mark.spec("XEP-0045 §10.9")
async def test_who_is_sent_elsewhere_gets_the_password_of_that_place(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    end = (
        "<destroy jid='coven@conference.localhost'><password>cauldron</password>"
        "<reason>Macbeth doth come.</reason></destroy>"
    )
    request = f"<iq type='set' id='d' to='{room}'><query xmlns='{MUC}#owner'>{end}</query></iq>"
    refused_answer = await guest.ask(request)
    assert condition(refused_answer) == "forbidden"
    await settled(guest)
    assert condition(await owner.ask(request)) == ""
    await guest.expect(
        f"<presence from='{room}/bob' type='unavailable'><x xmlns='{USER}'>"
        f"<item affiliation='none' role='none'/>{end}</x></presence>"
    )
