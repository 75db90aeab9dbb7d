"""Who may change whose role: the whole tables of XEP-0045 sections 5.1.3 and 8, row by row."""

import pytest

from tests.conftest import Person
from tests.protocol.xep_0045.stage import Stage, Standing
from tests.protocol.xep_0045.talk import USER, tea_room

CONDITIONS = {"+": "", "F": "forbidden", "N": "not-allowed"}
ROLES = ("none", "visitor", "participant", "moderator")
TARGETS: tuple[Standing, ...] = (
    ("none", "visitor"),
    ("none", "participant"),
    ("none", "moderator"),
    ("member", "visitor"),
    ("member", "participant"),
    ("member", "moderator"),
    ("admin", "moderator"),
    ("owner", "moderator"),
)
# A letter for each of ROLES that the target of that standing shall get.
NOBODY = dict.fromkeys(TARGETS, "FFFF")
MATRIX: dict[Standing, dict[Standing, str]] = {
    ("none", "visitor"): NOBODY,
    ("none", "participant"): NOBODY,
    ("member", "participant"): NOBODY,
    ("none", "moderator"): {
        ("none", "visitor"): "+++F",
        ("none", "participant"): "+++F",
        ("none", "moderator"): "FFFF",
        ("member", "visitor"): "NN+F",
        ("member", "participant"): "NN+F",
        ("member", "moderator"): "NFFF",
        ("admin", "moderator"): "NNNF",
        ("owner", "moderator"): "NNNF",
    },
    ("member", "moderator"): {
        ("none", "visitor"): "+++F",
        ("none", "participant"): "+++F",
        ("none", "moderator"): "FFFF",
        ("member", "visitor"): "+N+F",
        ("member", "participant"): "+N+F",
        ("member", "moderator"): "FFFF",
        ("admin", "moderator"): "NNNF",
        ("owner", "moderator"): "NNNF",
    },
    ("admin", "moderator"): {
        **dict.fromkeys(TARGETS[:6], "++++"),
        ("admin", "moderator"): "+NN+",
        ("owner", "moderator"): "NNN+",
    },
    ("owner", "moderator"): {
        **dict.fromkeys(TARGETS[:6], "++++"),
        ("admin", "moderator"): "+NN+",
        ("owner", "moderator"): "+NN+",
    },
}


@pytest.mark.spec(
    "XEP-0045 §5.1.3",
    "XEP-0045 §8.2",
    "XEP-0045 §8.3",
    "XEP-0045 §8.4",
    "XEP-0045 §9.6",
    "XEP-0045 §9.7",
)
@pytest.mark.parametrize("actor", MATRIX, ids=" ".join)
async def test_roles_change_as_the_whole_table_says(
    actor: Standing, alice: Person, bob: Person, charlie: Person
) -> None:
    owner = await alice.online()
    stage = Stage(
        owner,
        await tea_room(owner, moderatedroom="1"),
        {"actor": await bob.online(), "target": await charlie.online()},
    )
    await stage.put("actor", actor)
    for target, letters in MATRIX[actor].items():
        for role, letter in zip(ROLES, letters, strict=True):
            await stage.put("target", target)
            reason = f"<reason>{actor} {target} {role}</reason>"
            answer = await stage.acts(f"<item nick='target' role='{role}'>{reason}</item>")
            assert answer == CONDITIONS[letter], (actor, target, role)
            if answer or role == target[1]:
                continue
            shown = await stage.shows(target[0], role, *([307] if role == "none" else []))
            item = shown.find(f"{{{USER}}}x/{{{USER}}}item")
            assert item is not None
            assert item.findtext(f"{{{USER}}}reason") == f"{actor} {target} {role}"
            assert item.find(f"{{{USER}}}actor[@nick='actor']") is not None
