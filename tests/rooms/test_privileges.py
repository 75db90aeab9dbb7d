"""XEP-0045's tables of who may do what to whom, as a whole."""

import itertools

import pytest

from chatops.rooms.occupants import Occupant, Role
from chatops.rooms.privileges import (
    RANKS,
    first_role,
    may_change_rank,
    may_change_role,
    may_see_ranks,
    role_after,
)
from chatops.xmpp.errors import Refused

pytestmark = pytest.mark.spec("XEP-0045 §5")

M, P, V, NONE = Role.MODERATOR, Role.PARTICIPANT, Role.VISITOR, Role.NONE
PRESENT = ("none", "member", "admin", "owner")


def rank_answer(actor_rank: str, target_rank: str, rank: str) -> str:
    try:
        may_change_rank("actor@localhost", actor_rank, "target@localhost", target_rank, rank)
    except Refused as refusal:
        return str(refusal.condition)
    return "yes"


@pytest.mark.parametrize("before", RANKS)
@pytest.mark.parametrize("after", RANKS)
def test_affiliations_change_as_the_table_says(before: str, after: str) -> None:
    for rank in ("outcast", "none", "member"):
        assert rank_answer(rank, before, after) == "forbidden"
    assert rank_answer("owner", before, after) == "yes"
    expected = "yes"
    if before in ("admin", "owner"):
        expected = "not-allowed"
    elif after in ("admin", "owner"):
        expected = "forbidden"
    assert rank_answer("admin", before, after) == expected


@pytest.mark.parametrize("rank", ["admin", "owner"])
def test_nobody_bans_themselves(rank: str) -> None:
    with pytest.raises(Refused) as refused:
        may_change_rank("a@localhost", rank, "a@localhost", rank, "outcast")
    assert refused.value.condition == "conflict"


def role_answer(actor: tuple[str, Role], target: tuple[str, Role], role: Role) -> str:
    people = [Occupant(f"n{n}", f"n{n}@localhost", *each) for n, each in enumerate((actor, target))]
    try:
        may_change_role(people[0], people[1], role)
    except Refused as refusal:
        return str(refusal.condition)
    return "yes"


@pytest.mark.parametrize(("actor", "target"), list(itertools.product(PRESENT, PRESENT)))
def test_roles_change_as_the_tables_say(actor: str, target: str) -> None:
    staff = actor in ("admin", "owner")
    higher = RANKS.index(target) > RANKS.index(actor)
    safe = target in ("admin", "owner")
    role = M if safe else P
    # Without being a moderator, nothing.
    for wanted in Role:
        assert role_answer((actor, P), (target, role), wanted) == "forbidden"
    # Kicks: not of those who stand higher; moderators only by staff (sections 5.1.3 and 8.2).
    kick = "not-allowed" if higher else "yes" if staff or not safe else "forbidden"
    assert role_answer((actor, M), (target, role), NONE) == kick
    # Voice: admins and owners keep it, and so do equals who have an affiliation (section 8.4).
    silence = "not-allowed" if safe or (target == actor == "member") or higher else "yes"
    assert role_answer((actor, M), (target, role), V) == silence
    # Moderators are made and unmade by staff only (sections 9.6 and 9.7).
    assert role_answer((actor, M), (target, role), M) == ("yes" if staff else "forbidden")
    demote = "not-allowed" if safe else "yes" if staff else "forbidden"
    assert role_answer((actor, M), (target, M), P) == demote


def test_the_first_role_follows_from_rank_and_room() -> None:
    for moderated in (False, True):
        assert [first_role(rank, moderated=moderated) for rank in PRESENT[1:]] == [P, M, M]
    assert first_role("none", moderated=False) == P
    assert first_role("none", moderated=True) == V


def test_a_given_moderator_stays_one_and_staff_lose_it_with_their_rank() -> None:
    assert role_after(M, "none", "member", moderated=True) == M
    assert role_after(M, "admin", "member", moderated=True) == P
    assert role_after(M, "owner", "none", moderated=True) == V
    assert role_after(P, "none", "admin", moderated=True) == M


def test_lists_are_for_staff_and_where_addresses_are_seen_for_all() -> None:
    def may(asked: str, rank: str, *, inside: bool = False, open_names: bool = False) -> bool:
        return may_see_ranks(asked, rank, inside=inside, open_names=open_names)

    for asked in RANKS:
        listed = asked != "outcast"
        assert may(asked, "owner")
        assert may(asked, "admin", open_names=True)
        # Where names are hidden, the lists of owners and admins are the owners' (10.5, 10.8).
        assert may(asked, "admin") == (asked not in ("admin", "owner"))
        assert not may(asked, "none", open_names=True)
        assert not may(asked, "member")
        # Where they are open, people inside see who belongs, and members from outside, too (9.5).
        assert may(asked, "none", inside=True, open_names=True) == listed
        assert may(asked, "member", open_names=True) == listed
        assert may(asked, "none", inside=True) == (asked == "member")
