"""Who may change whose affiliation: the whole table of XEP-0045 section 5.2.3, row by row."""

import pytest

from tests.conftest import Person
from tests.protocol.xep_0045.stage import FIRST, Stage
from tests.protocol.xep_0045.talk import USER, admin, condition, configure, item, seen, tea_room

RANKS = ("outcast", "none", "member", "admin", "owner")
CONDITIONS = {"+": "", "F": "forbidden", "N": "not-allowed"}
# By the target's affiliation, a letter for each of RANKS that it shall get.
NOBODY = dict.fromkeys(RANKS, "FFFFF")
MATRIX = {
    "outcast": NOBODY,
    "none": NOBODY,
    "member": NOBODY,
    "admin": {
        **dict.fromkeys(("outcast", "none", "member"), "+++FF"),
        **dict.fromkeys(("admin", "owner"), "NNNNN"),
    },
    "owner": dict.fromkeys(RANKS, "+++++"),
}


@pytest.mark.spec("XEP-0045 §5.2.3", "XEP-0045 §9", "XEP-0045 §10")
@pytest.mark.parametrize("actor", MATRIX)
async def test_affiliations_change_as_the_whole_table_says(
    actor: str, alice: Person, bob: Person, charlie: Person
) -> None:
    owner = await alice.online()
    stage = Stage(
        owner,
        await tea_room(owner, moderatedroom="1"),
        {"actor": await bob.online(), "target": await charlie.online()},
    )
    await stage.put("actor", (actor, FIRST[actor]))
    for before, letters in MATRIX[actor].items():
        for after, letter in zip(RANKS, letters, strict=True):
            await stage.put("target", (before, FIRST[before]))
            answer = await stage.acts(f"<item jid='{charlie.jid}' affiliation='{after}'/>")
            assert answer == CONDITIONS[letter], (actor, before, after)
            if answer or before == after:
                continue
            if before == "outcast":  # who is not inside is shown to those who see addresses
                shown = f"<message from='{stage.room}'><x xmlns='*'/></message>"
                stage.now["target"] = after, "none"
                found = f"<item affiliation='{after}' jid='{charlie.jid}'/>"
                shown = shown.replace("<x xmlns='*'/>", f"<x xmlns='{USER}'>{found}</x>")
                await owner.wait_for(shown)
            else:
                await stage.shows(after, FIRST[after], *([301] if after == "outcast" else []))


@pytest.mark.spec("XEP-0045 §9.1", "XEP-0045 §9.2", "XEP-0045 §10.4")
async def test_nobody_bans_themselves_and_one_owner_stays(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, chief = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await admin(owner, room, f"<item jid='{bob.jid}' affiliation='admin'/>")
    for client, person in ((owner, alice), (chief, bob)):
        answer = await admin(client, room, f"<item jid='{person.jid}' affiliation='outcast'/>")
        assert condition(answer) == "conflict"
    answer = await admin(owner, room, f"<item jid='{alice.jid}' affiliation='member'/>")
    assert condition(answer) == "conflict"
    # All of a list or nothing: the ban of somebody else falls with the one that is forbidden.
    both = f"<item jid='{charlie.jid}' affiliation='outcast'/>"
    answer = await admin(chief, room, f"{both}<item jid='{alice.jid}' affiliation='outcast'/>")
    assert condition(answer) == "not-allowed"
    answer = await admin(chief, room, f"{both}<item jid='{bob.jid}' affiliation='outcast'/>")
    assert condition(answer) == "conflict"
    assert condition(await admin(chief, room, both)) == ""


@pytest.mark.spec("XEP-0045 §9.4", "XEP-0045 §9.5", "XEP-0045 §10.2")
async def test_who_may_not_be_in_a_room_for_members_leaves_it(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner = await alice.online()
    people = {"actor": await bob.online(), "target": await charlie.online()}
    stage = Stage(owner, await tea_room(owner), people)
    await stage.put("actor", ("member", "participant"))
    await stage.put("target", ("none", "participant"))
    await configure(owner, stage.room, membersonly="1")
    for nick, codes in (("target", (110, 322)), ("actor", (322,))):
        await people[nick].wait_for(
            seen(stage.room, "target", item("none", "none"), *codes, type_="unavailable")
        )
    await admin(owner, stage.room, f"<item jid='{bob.jid}' affiliation='none'/>")
    await people["actor"].wait_for(
        seen(stage.room, "actor", item("none", "none"), 110, 321, type_="unavailable")
    )
