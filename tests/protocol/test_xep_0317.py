"""Hats, XEP-0317."""

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.xep_0045.talk import condition, enter, info_of, settled, tea_room

COMMANDS = "http://jabber.org/protocol/commands"
HATS, FORM = "urn:xmpp:hats:0", "urn:xmpp:hats:commands"
HOST = "urn:example:hats#host"


async def command(
    client: Client, room: str, name: str, form: dict[str, str] | None = None
) -> Element:
    fields = "".join(
        f"<field var='hats#{var}'><value>{value}</value></field>"
        for var, value in (form or {}).items()
    )
    inner = (
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
        f"<value>{FORM}</value></field>{fields}</x>"
    )
    return await client.ask(
        f"<iq type='set' id='hat' to='{room}'><command xmlns='{COMMANDS}' action='execute'"
        f" node='{FORM}:{name}'>{inner if form is not None else ''}</command></iq>"
    )


def status(answer: Element) -> str:
    found = answer.find(f"{{{COMMANDS}}}command")
    return condition(answer) if found is None else found.get("status", "")


def values(answer: Element) -> list[list[str | None]]:
    """The rows of a table."""
    rows = answer.findall(".//{jabber:x:data}item")
    return [[each.text for each in row.iter("{jabber:x:data}value")] for row in rows]


def worn(element: Element) -> list[str | None]:
    return [each.get("title") for each in element.findall(f"{{{HATS}}}hats/{{{HATS}}}hat")]


@pytest.mark.spec("XEP-0317 §4")
async def test_an_admin_makes_a_hat_and_everybody_sees_who_has_it(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, late = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner)
    forged = f"<hats xmlns='{HATS}'><hat uri='{HOST}' title='Host'/></hats>"
    await guest.send(
        f"<presence to='{room}/bob'><x xmlns='http://jabber.org/protocol/muc'/>{forged}</presence>"
    )
    assert worn(await owner.wait_for(f"<presence from='{room}/bob'/>")) == []
    form = await command(owner, room, "create")
    assert status(form) == "executing"
    assert form.find(".//{*}field[@var='hats#uri']") is not None
    hat = {"title": "Host", "uri": HOST, "hue": "327.2"}
    assert status(await command(guest, room, "create", hat)) == "forbidden"
    assert status(await command(owner, room, "create", {"title": "Host"})) == "not-acceptable"
    assert status(await command(owner, room, "create", {**hat, "hue": "red"})) == "not-acceptable"
    assert status(await command(owner, room, "create", hat)) == "completed"
    assert values(await command(owner, room, "list")) == [[HOST, "Host", "327.2"]]
    asked = await command(owner, room, "assign")
    assert asked.find(f".//{{*}}option/{{*}}value[.='{HOST}']") is not None
    await settled(guest)
    assert (
        status(await command(owner, room, "assign", {"jid": bob.jid, "uri": HOST})) == "completed"
    )
    shown = await guest.wait_for(f"<presence from='{room}/bob'><hats xmlns='{HATS}'/></presence>")
    assert worn(shown) == ["Host"]
    await enter(late, room, "charlie")
    assert values(await command(owner, room, "list-assigned")) == [[bob.jid, HOST, "Host", "327.2"]]
    # Another title for the same hat, and then none.
    await command(owner, room, "create", {**hat, "title": "Our host"})
    shown = await late.wait_for(f"<presence from='{room}/bob'><hats xmlns='{HATS}'/></presence>")
    assert worn(shown) == ["Our host"]
    form = await info_of(late, room)
    assert form.find(".//{*}field[@var='hats#hash']") is not None
    assert HATS in {each.get("var") for each in form.findall(".//{*}feature")}
    assert status(await command(owner, room, "destroy", {"uri": HOST})) == "completed"
    assert worn(await late.wait_for(f"<presence from='{room}/bob'/>")) == []
    assert status(await command(owner, room, "destroy", {"uri": HOST})) == "item-not-found"


@pytest.mark.spec("XEP-0317 §4.6", "XEP-0050 §2")
async def test_a_hat_is_taken_and_the_commands_are_listed(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await command(owner, room, "create", {"title": "Host", "uri": HOST})
    await command(owner, room, "assign", {"jid": bob.jid, "uri": HOST})
    await enter(guest, room, "bob")
    with_hat = f"<presence from='{room}/bob'><hats xmlns='{HATS}'/></presence>"
    await guest.send(f"<presence to='{room}/bob'><show>away</show></presence>")
    assert worn(await guest.wait_for(with_hat)) == ["Host"]
    await settled(guest)
    await command(owner, room, "unassign", {"jid": bob.jid, "uri": HOST})
    while worn(await guest.wait_for(f"<presence from='{room}/bob'/>")):
        pass  # what was told of the gift comes first
    unassign = {"jid": bob.jid, "uri": HOST}
    assert status(await command(owner, room, "unassign", unassign)) == "item-not-found"
    assert status(await command(owner, room, "nonsense")) == "item-not-found"
    listed = await owner.ask(
        f"<iq type='get' id='l' to='{room}'>"
        f"<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/></iq>"
    )
    nodes = [each.get("node", "") for each in listed.findall(".//{*}item")]
    assert f"{FORM}:assign" in nodes
    for node in (COMMANDS, *nodes):
        identity = (await info_of(owner, room, node)).find(".//{*}identity")
        assert identity is not None
        assert identity.get("category") == "automation"
    assert condition(await info_of(guest, room, f"{FORM}:assign")) == "forbidden"
    # Whoever is inside may know which there are; nobody else.
    assert values(await command(guest, room, "list")) == [[HOST, "Host", None]]
    assert status(await command(await charlie.online(), room, "list")) == "forbidden"
