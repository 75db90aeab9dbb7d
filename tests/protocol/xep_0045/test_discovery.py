"""Finding rooms and learning of them, XEP-0045 section 6."""

import itertools

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.xep_0045.talk import (
    MUC,
    admin,
    condition,
    configure,
    enter,
    info_of,
    tea_room,
)

HOST = "conference.localhost"
ITEMS = "http://jabber.org/protocol/disco#items"
RSM = "http://jabber.org/protocol/rsm"
_numbers = itertools.count()


async def items_of(client: Client, to: str, inner: str = "", node: str = "") -> Element:
    named = f" node='{node}'" if node else ""
    return await client.ask(
        f"<iq type='get' id='items{next(_numbers)}' to='{to}'>"
        f"<query xmlns='{ITEMS}'{named}>{inner}</query></iq>"
    )


def jids(answer: Element) -> list[str]:
    return [each.get("jid", "") for each in answer.iter(f"{{{ITEMS}}}item")]


def features(answer: Element) -> set[str]:
    return {each.get("var", "") for each in answer.findall(".//{*}feature")}


def details(answer: Element) -> dict[str, list[str]]:
    """The fields of muc#roominfo."""
    return {
        field.get("var", ""): [value.text or "" for value in field]
        for field in answer.findall(".//{*}x/{*}field")
    }


@pytest.mark.spec("XEP-0045 §6.1", "XEP-0045 §6.2")
async def test_the_service_of_rooms_is_found_and_says_what_it_does(alice: Person) -> None:
    client = await alice.online()
    assert HOST in jids(await items_of(client, "localhost"))
    info = await info_of(client, HOST)
    identity = info.find(".//{*}identity")
    assert identity is not None
    assert (identity.get("category"), identity.get("type")) == ("conference", "text")
    assert {MUC, f"{MUC}#stable_id", f"{MUC}#unique", RSM, ITEMS} <= features(info)
    assert condition(await info_of(client, HOST, "nonsense")) == "item-not-found"
    assert condition(await items_of(client, HOST, node="nonsense")) == "item-not-found"


@pytest.mark.spec("XEP-0045 §6.3", "XEP-0059 §2")
async def test_public_rooms_are_listed_page_by_page(alice: Person) -> None:
    owner = await alice.online()
    public = sorted([await tea_room(owner, roomname=f"Tea {n}") for n in range(4)])
    hidden = await tea_room(owner, publicroom="0")
    whole = jids(await items_of(owner, HOST))
    assert set(public) <= set(whole)
    assert hidden not in whole
    assert whole == sorted(whole, key=lambda jid: jid.partition("@")[0])

    first, more = public[0], f"<max>2</max><after>{public[0]}</after>"
    place = whole.index(first)
    answer = await items_of(owner, HOST, f"<set xmlns='{RSM}'>{more}</set>")
    assert jids(answer) == whole[place + 1 : place + 3]
    (page,) = answer.findall(f".//{{{RSM}}}set")
    assert page.findtext(f"{{{RSM}}}count") == str(len(whole))
    assert page.findtext(f"{{{RSM}}}last") == whole[place + 2]
    found = page.find(f"{{{RSM}}}first")
    assert found is not None
    assert (found.text, found.get("index")) == (whole[place + 1], str(place + 1))

    for inner, expected in (
        ("<max>1</max><before/>", whole[-1:]),
        (f"<max>1</max><before>{whole[-1]}</before>", whole[-2:-1]),
        (f"<max>3</max><index>{place}</index>", whole[place : place + 3]),
        ("<max>0</max>", []),
    ):
        assert jids(await items_of(owner, HOST, f"<set xmlns='{RSM}'>{inner}</set>")) == expected
    answer = await items_of(owner, HOST, f"<set xmlns='{RSM}'><max>many</max></set>")
    assert condition(answer) == "bad-request"


@pytest.mark.spec("XEP-0045 §6.4", "XEP-0128")
async def test_a_room_says_what_kind_it_is(alice: Person, bob: Person) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner, roomname="Tea", roomdesc="With milk", lang="en")
    kinds = {
        "muc_public": ("publicroom", "0", "muc_hidden"),
        "muc_temporary": ("persistentroom", "1", "muc_persistent"),
        "muc_open": ("membersonly", "1", "muc_membersonly"),
        "muc_unmoderated": ("moderatedroom", "1", "muc_moderated"),
        "muc_semianonymous": ("whois", "anyone", "muc_nonanonymous"),
        "muc_unsecured": ("roomsecret", "cauldron", "muc_passwordprotected"),
    }
    answer = await info_of(guest, room)
    assert kinds.keys() | {MUC, f"{MUC}#stable_id", f"{MUC}#roominfo"} <= features(answer)
    shown = details(answer)
    assert shown["FORM_TYPE"] == [f"{MUC}#roominfo"]
    assert shown["muc#roominfo_description"] == ["With milk"]
    assert shown["muc#roominfo_lang"] == ["en"]
    assert shown["muc#roominfo_occupants"] == ["1"]
    assert shown["muc#roominfo_subjectmod"] == ["0"]
    assert "muc#roominfo_contactjid" not in shown  # names are hidden here
    await configure(owner, room, **{var: value for var, value, _ in kinds.values()})
    answer = await info_of(owner, room)
    assert {feature for *_, feature in kinds.values()} <= features(answer)
    assert not kinds.keys() & features(answer)
    assert details(answer)["muc#roominfo_contactjid"] == [alice.jid]
    # Who does not belong learns of a hidden room no more than that it is there.
    assert details(await info_of(guest, room)) == {}
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='member'/>")
    assert details(await info_of(guest, room))["muc#roominfo_description"] == ["With milk"]


@pytest.mark.spec("XEP-0045 §6.5", "XEP-0045 §6.6", "XEP-0045 §17.1.1")
async def test_who_is_inside_is_told_where_anybody_could_come_in_and_see(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    assert jids(await items_of(guest, room)) == [f"{room}/alice"]
    answer = await info_of(guest, f"{room}/alice")
    assert condition(answer) == "bad-request"
    await configure(owner, room, membersonly="1")
    assert jids(await items_of(guest, room)) == []
    assert jids(await items_of(owner, room)) == [f"{room}/alice"]
    assert condition(await info_of(guest, room, f"{MUC}#traffic")) == "service-unavailable"
    assert condition(await items_of(guest, f"none@{HOST}")) == "item-not-found"
    assert condition(await info_of(guest, f"none@{HOST}", "x-roomuser-item")) == "item-not-found"


@pytest.mark.spec("XEP-0502 §4")
async def test_a_room_tells_how_much_is_said_there(alice: Person) -> None:
    owner = await alice.online()
    room = await tea_room(owner, persistentroom="1")
    for number in range(3):
        await owner.send(f"<message to='{room}' type='groupchat'><body>{number}</body></message>")
    await owner.wait_for("<message><body>2</body></message>")
    field = "{urn:xmpp:muc-activity}message-activity"
    assert details(await info_of(owner, room))[field] == ["3.00"]
    temporary = await tea_room(owner)
    assert field not in details(await info_of(owner, temporary))


@pytest.mark.spec("XEP-0307 §2")
async def test_the_service_thinks_of_a_name_that_no_room_has(alice: Person) -> None:
    client, names = await alice.online(), set()
    for _ in range(2):
        answer = await client.ask(
            f"<iq type='get' id='u{len(names)}' to='{HOST}'><unique xmlns='{MUC}#unique'/></iq>"
        )
        names.add(answer.findtext(f".//{{{MUC}#unique}}unique"))
    assert len(names) == 2
    await enter(client, f"{names.pop()}@{HOST}", "alice")
