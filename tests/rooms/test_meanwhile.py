"""Two administrators at once do not overwrite each other."""

import pytest

from chatops.audit.services import Actor
from chatops.rooms import services
from chatops.rooms.models import Room

pytestmark = pytest.mark.django_db

ALICE, BOB = Actor("alice@localhost", "browser"), Actor("bob@localhost", "browser")
CHARLIE = "charlie@localhost"


@pytest.fixture
def room() -> Room:
    return services.create("tea", by=ALICE, name="Tea")


def test_the_same_option_is_not_overwritten_unseen(room: Room) -> None:
    seen = room.version
    services.configure(room, by=ALICE, changes={"name": "Coffee"}, seen=seen)
    with pytest.raises(services.ChangedMeanwhile) as refused:
        services.configure(room, by=BOB, changes={"name": "Milk", "language": "en"}, seen=seen)
    sentence = refused.value.sentence
    assert "meanwhile alice@localhost changed Name from “Tea” to “Coffee” at" in sentence
    room.refresh_from_db()
    assert (room.name, room.language) == ("Coffee", "")
    services.configure(room, by=BOB, changes={"name": "Milk"}, seen=room.version)


def test_different_options_and_the_same_wish_are_no_conflict(room: Room) -> None:
    seen = room.version
    services.configure(room, by=ALICE, changes={"name": "Coffee", "is_moderated": True}, seen=seen)
    services.configure(room, by=BOB, changes={"name": "Coffee", "language": "en"}, seen=seen)
    room.refresh_from_db()
    assert (room.name, room.language, room.is_moderated) == ("Coffee", "en", True)
    others = services.changes_since(room, seen)
    assert {(each.by, each.column) for each in others} == {
        ("alice@localhost", "is_moderated"),
        ("alice@localhost", "name"),
        ("bob@localhost", "language"),
    }


def test_a_version_counts_changes_and_not_clicks(room: Room) -> None:
    for _ in range(2):
        services.configure(room, by=ALICE, changes={"name": "Coffee"})
    room.refresh_from_db()
    assert room.version == 2
    services.destroy(room, by=ALICE)
    again = services.create("tea", by=BOB)
    assert services.changes_since(again, 1) == []


def test_an_affiliation_is_changed_as_it_was_seen_or_not_at_all(room: Room) -> None:
    services.set_affiliation(room, jid=CHARLIE, rank="member", by=ALICE)
    services.set_affiliation(room, jid=CHARLIE, rank="admin", by=ALICE, seen="member")
    with pytest.raises(services.ChangedMeanwhile) as refused:
        services.set_affiliation(room, jid=CHARLIE, rank="none", by=BOB, seen="member")
    sentence = refused.value.sentence
    assert f"{CHARLIE} has admin now, not member" in sentence
    assert "alice@localhost changed it at" in sentence
    assert room.affiliations.get().rank == "admin"
