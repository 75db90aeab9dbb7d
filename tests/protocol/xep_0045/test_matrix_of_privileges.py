"""What roles and affiliations allow: XEP-0045 sections 5.1.1 and 5.2.1, row by row."""

from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.xep_0045.stage import Stage
from tests.protocol.xep_0045.talk import (
    MUC,
    USER,
    admin,
    condition,
    configure,
    join,
    settled,
    tea_room,
)

DATA = "jabber:x:data"
AFTER = "<iq type='get' id='after' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"


async def refusal_of(client: Client, stanza: str) -> str:
    """The condition of the error that answers it; "" where none came."""
    await settled(client)
    await client.send(stanza)
    await client.send(AFTER)
    found = ""
    while (answer := await client.next()).get("id") != "after":
        if answer.get("type") == "error":
            found = condition(answer)
    return found


# What each does, and the condition for a visitor, a participant and a moderator.
DEEDS_OF_ROLES: dict[str, tuple[str, tuple[str, str, str]]] = {
    "shows a status": (
        "<presence to='{room}/actor'><show>away</show></presence>",
        ("", "", ""),
    ),
    "changes the nickname": ("<presence to='{room}/actor'/>", ("", "", "")),
    "whispers": (
        "<message to='{room}/alice' type='chat'><body>psst</body></message>",
        ("", "", ""),
    ),
    "invites": (
        "<message to='{room}'><x xmlns='" + USER + "'><invite to='{other}'/></x></message>",
        ("", "", ""),
    ),
    "speaks": (
        "<message to='{room}' type='groupchat'><body>Tea?</body></message>",
        ("forbidden", "", ""),
    ),
    "changes the subject": (
        "<message to='{room}' type='groupchat'><subject>Tea</subject></message>",
        ("forbidden", "forbidden", ""),
    ),
    "changes the subject where all may": (
        "<message to='{room}' type='groupchat'><subject>Milk</subject></message>",
        ("forbidden", "", ""),
    ),
    "asks who has voice": (
        f"<iq type='get' id='q' to='{{room}}'><query xmlns='{MUC}#admin'>"
        "<item role='participant'/></query></iq>",
        ("forbidden", "forbidden", ""),
    ),
    "takes a message back": (
        "<iq type='set' id='q' to='{room}'><moderate xmlns='urn:xmpp:message-moderate:1' id='{id}'>"
        "<retract xmlns='urn:xmpp:message-retract:1'/></moderate></iq>",
        ("forbidden", "forbidden", ""),
    ),
}


@pytest.mark.spec("XEP-0045 §5.1.1", "XEP-0045 §7.4", "XEP-0045 §8.1")
async def test_what_each_role_may_do(alice: Person, bob: Person, charlie: Person) -> None:
    owner, actor = await alice.online(), await bob.online()
    room = await tea_room(owner, moderatedroom="1")
    stage = Stage(owner, room, {"actor": actor})
    await owner.send(f"<message to='{room}' type='groupchat'><body>old</body></message>")
    said = await owner.wait_for("<message from='*'><body>old</body></message>")
    given = said.find("{urn:xmpp:sid:0}stanza-id")
    assert given is not None
    for column, role in enumerate(("visitor", "participant", "moderator")):
        await stage.put("actor", ("none", role))
        # All of them hear what is said, and see who is there.
        await settled(actor)
        await owner.send(f"<message to='{room}' type='groupchat'><body>{role}</body></message>")
        await actor.wait_for(f"<message from='{room}/alice'><body>{role}</body></message>")
        await owner.send(f"<presence to='{room}/alice'><show>dnd</show></presence>")
        await actor.wait_for(f"<presence from='{room}/alice'><show>dnd</show></presence>")
        for deed, (stanza, expected) in DEEDS_OF_ROLES.items():
            opened = "1" if deed.endswith("where all may") else "0"
            await configure(owner, room, changesubject=opened)
            filled = stanza.format(room=room, other=charlie.jid, id=given.get("id"))
            assert await refusal_of(actor, filled) == expected[column], (deed, role)


RANKS = ("outcast", "none", "member", "admin", "owner")
FORM = (
    f"<x xmlns='{DATA}' type='submit'><field var='FORM_TYPE'><value>{MUC}#register</value></field>"
    "<field var='muc#register_roomnick'><value>{nick}</value></field></x>"
)
NO = "forbidden"


async def enters(client: Client, room: str) -> Element:
    await settled(client)
    await client.send(join(room, "actor"))
    answer = await client.next()
    while answer.get("from") != f"{room}/actor":
        answer = await client.next()
    return answer


@pytest.mark.spec("XEP-0045 §5.2.1", "XEP-0045 §10.2", "XEP-0045 §10.9")
@pytest.mark.parametrize("rank", RANKS)
async def test_what_each_affiliation_may_do(
    rank: str, alice: Person, bob: Person, person: Callable[[], Person]
) -> None:
    owner, actor, other = await alice.online(), await bob.online(), person()
    room = await tea_room(owner, whois="anyone")
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='{rank}'/>")
    await settled(actor)
    staff, is_owner, known = rank in RANKS[3:], rank == "owner", rank in RANKS[2:]

    async def asks(payload: str, type_: str = "set") -> str:
        return condition(await actor.ask(f"<iq type='{type_}' id='a' to='{room}'>{payload}</iq>"))

    def lists(of: str, jid: str = "") -> str:
        named = f" jid='{jid}'" if jid else ""
        return f"<query xmlns='{MUC}#admin'><item affiliation='{of}'{named}/></query>"

    # Lists, from outside; where names are open, members have them, too.
    for asked in ("member", "admin", "owner"):
        assert await asks(lists(asked), "get") == ("" if known else NO)
    assert await asks(lists("outcast"), "get") == ("" if staff else NO)
    # Entering, with the role that goes with it.
    for members_only in ("0", "1"):
        await configure(owner, room, membersonly=members_only)
        answer = await enters(actor, room)
        allowed = known or (rank == "none" and members_only == "0")
        if allowed:
            role = "moderator" if staff else "participant"
            item = answer.find(f"{{{USER}}}x/{{{USER}}}item")
            assert item is not None
            assert (item.get("affiliation"), item.get("role")) == (rank, role)
            await actor.send(f"<presence to='{room}/actor' type='unavailable'/>")
        else:
            refused = NO if rank == "outcast" else "registration-required"
            assert condition(answer) == refused
    await configure(owner, room, membersonly="0")
    # What changes others' affiliations, the settings, and the room itself.
    for given, allowed in (("outcast", staff), ("member", staff), ("admin", is_owner)):
        assert await asks(lists(given, other.jid)) == ("" if allowed else NO)
        await admin(owner, room, f"<item jid='{other.jid}' affiliation='none'/>")
    empty = f"<query xmlns='{MUC}#owner'/>"
    assert await asks(empty, "get") == ("" if is_owner else NO)
    change = f"<query xmlns='{MUC}#owner'><x xmlns='{DATA}' type='submit'/></query>"
    assert await asks(change) == ("" if is_owner else NO)
    # Registering, which makes a member of who is nobody yet.
    form = FORM.format(nick="registered")
    registers = await asks(f"<query xmlns='jabber:iq:register'>{form}</query>")
    assert registers == ("not-allowed" if rank == "outcast" else "")
    end = f"<query xmlns='{MUC}#owner'><destroy/></query>"
    assert await asks(end) == ("" if is_owner else NO)
