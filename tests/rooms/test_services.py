"""What happens to rooms in the database: refusals, the audit trail, the news."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chatops.archive.models import Archive, Entry, Kind, Message
from chatops.audit import models as audit
from chatops.audit.services import Actor
from chatops.core.ids import new_id
from chatops.core.models import Ring
from chatops.rooms import services
from chatops.rooms.models import Affiliation, Room
from chatops.rooms.privileges import LastOwner
from chatops.rooms.running import load
from chatops.rooms.services import RankChange
from chatops.xmpp.errors import Forbidden, Malformed, NotAcceptable, NotAllowed

pytestmark = pytest.mark.django_db

ADMIN = Actor.command("a test")
ALICE, BOB, CHARLIE = "alice@localhost", "bob@localhost", "charlie@localhost"


@pytest.fixture
def room() -> Room:
    return services.create("tea", by=ADMIN, owner=ALICE)


def ranks(room: Room) -> dict[str, str]:
    return dict(Affiliation.objects.filter(room=room).values_list("jid", "rank"))


def news(kind: str) -> list[dict[str, Any]]:
    found = Ring.objects.filter(kind__endswith=f".{kind}").order_by("pk")
    return list(found.values_list("payload", flat=True))


def test_a_room_has_its_owner_and_its_name_only_once(room: Room) -> None:
    assert ranks(room) == {ALICE: "owner"}
    with pytest.raises(services.RoomThere):
        services.create("tea", by=ADMIN)
    with pytest.raises(Malformed):
        services.create("Tea Room", by=ADMIN)


def test_a_change_is_told_and_written_down_once(room: Room) -> None:
    assert services.configure(room, by=ADMIN, changes={"password": "x", "is_logged": False}) == [
        171,
        104,
    ]
    assert services.configure(room, by=ADMIN, changes={"is_logged": False}) == []
    assert news("RoomChanged") == [{"localpart": "tea", "codes": [171, 104]}]
    (entry,) = audit.Entry.objects.filter(action="room.configure")
    assert entry.details["is_logged"] == [True, False]
    assert "x" not in entry.details["password"]  # secrets stay out of the trail


def test_a_setting_beyond_its_bounds_leaves_the_room_as_it_was(room: Room) -> None:
    with pytest.raises(NotAcceptable):
        services.configure(room, by=ADMIN, changes={"history_length": 5000, "name": "Tea"})
    assert Room.objects.get(pk=room.pk).name == ""


def test_of_a_list_of_changes_all_happen_or_none(room: Room) -> None:
    services.set_affiliation(room, jid=BOB, rank="admin", by=ADMIN)
    changes = [RankChange(CHARLIE, "outcast"), RankChange(ALICE, "member")]
    with pytest.raises(NotAllowed):
        services.set_affiliations(room, changes=changes, by=ADMIN, acting=BOB)
    with pytest.raises(Forbidden):
        services.set_affiliations(room, changes=changes[:1], by=ADMIN, acting=CHARLIE)
    assert ranks(room) == {ALICE: "owner", BOB: "admin"}
    services.set_affiliations(room, changes=changes[:1], by=ADMIN, acting=BOB)
    assert ranks(room)[CHARLIE] == "outcast"


def test_the_last_owners_do_not_go_together(room: Room) -> None:
    services.set_affiliation(room, jid=BOB, rank="owner", by=ADMIN)
    both = [RankChange(ALICE, "none"), RankChange(BOB, "member")]
    with pytest.raises(LastOwner):
        services.set_affiliations(room, changes=both, by=ADMIN, acting=ALICE)
    with pytest.raises(LastOwner):
        services.set_affiliations(room, changes=both, by=ADMIN)
    services.set_affiliations(room, changes=both[:1], by=ADMIN, acting=ALICE)
    assert ranks(room) == {BOB: "owner"}


def test_an_affiliation_that_is_there_already_is_no_news(room: Room) -> None:
    for _ in range(2):
        services.set_affiliation(room, jid="Bob@localhost/desk", rank="member", by=ADMIN)
    assert [each["jid"] for each in news("AffiliationChanged")] == [BOB]


def test_occupants_learn_an_administrators_name_and_of_clients_only_the_nickname() -> None:
    assert services.shown_name(Actor("root@localhost", "browser")) == "root"
    assert services.shown_name(Actor.client(ALICE, 1)) == ALICE  # the room looks the nickname up


def test_what_was_said_in_an_earlier_room_of_the_name_stays_hidden(room: Room) -> None:
    message = Message.objects.create(
        id=new_id(), kind=Kind.GROUPCHAT, body="secret", xml="<message from='tea/alice'/>"
    )
    archive, _ = Archive.objects.get_or_create(jid=room.jid)
    Entry.objects.create(archive=archive, message=message, peer=ALICE)
    loaded = load("tea")
    assert loaded is not None
    assert len(loaded.said) == 1
    services.destroy(room, by=ADMIN)
    assert load("tea") is None
    services.create("tea", by=ADMIN, owner=BOB)
    loaded = load("tea")
    assert loaded is not None
    assert loaded.said == []


def test_a_destroyed_room_names_a_room_or_nothing(room: Room) -> None:
    with pytest.raises(Malformed):
        services.destroy(room, by=ADMIN, alternate="@@")
    services.destroy(room, by=ADMIN, reason="moved", alternate="Other@conference.localhost/x")
    (told,) = news("RoomDestroyed")
    assert told == {
        "localpart": "tea",
        "reason": "moved",
        "alternate": "other@conference.localhost",
        "password": "",
    }
    with pytest.raises(services.NoSuchRoom):
        services.configure(room, by=ADMIN, changes={})


def test_temporary_rooms_of_an_earlier_run_are_gone(room: Room) -> None:
    services.create("brief", by=ADMIN, is_persistent=False)
    services.vanish_older(timezone.now() - timedelta(hours=1))
    assert Room.objects.count() == 2
    services.vanish_older(timezone.now() + timedelta(seconds=1))
    assert list(Room.objects.all()) == [room]


def test_a_new_account_inherits_no_affiliation_of_an_older_one(room: Room) -> None:
    services.set_affiliation(room, jid=BOB, rank="outcast", by=ADMIN)
    services.forget_person(ALICE)
    services.forget_person(BOB)
    assert ranks(room) == {BOB: "outcast"}


@pytest.mark.django_db
def test_what_xml_cannot_carry_is_not_said() -> None:
    by = Actor.command("test")
    room = services.create("control", by=by)
    services.say(room, body="be\x0bside\x00s", by=by)
    assert Ring.objects.latest("id").payload["body"] == "be\nsides"
    with pytest.raises(NotAcceptable):
        services.say(room, body="\x00", by=by)
    services.give_role(room, nick="bob", role="none", by=by, reason="a\x01b")
    services.set_affiliation(room, jid=BOB, rank="outcast", by=by, reason="a\x01b")
    services.archive(room, by=by, reason="a\x01b")
    services.destroy(room, by=by, reason="a\x01b" * 400)
    told = [each.payload.get("reason", "ab") for each in Ring.objects.order_by("pk")]
    assert set(told) == {"ab", ("ab" * 250)}
