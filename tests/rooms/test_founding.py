"""Rooms that clients make: who may, how many, and with which options."""

from typing import Any

import pytest
from django.contrib.auth.models import Group

from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.core.models import Ring
from chatops.rooms import services
from chatops.rooms.models import Affiliation, Room, RoomPolicy, Template, Tombstone
from chatops.rooms.permits import OCCUPANTS, RoomArchived, RoomFull, must_be_open, must_have_a_place
from chatops.xmpp.errors import Condition

pytestmark = [pytest.mark.django_db, pytest.mark.spec("XEP-0045 §10.1")]

ADMIN = Actor.command("a test")


@pytest.fixture
def alice() -> User:
    return User.objects.create(username="alice")


def make(person: User, name: str = "tea") -> Room:
    by = Actor.client(person.jid, person.pk)
    return services.found(name, owner=person.jid, by=by, locked=True)


def rule(creators: RoomPolicy.Creators, group: Group | None = None) -> None:
    RoomPolicy.objects.update(who_creates=creators, group=group)


def test_a_client_s_room_is_as_the_defaults_say(alice: User) -> None:
    assert not make(alice).is_persistent
    Template.objects.filter(is_default=True).update(
        is_persistent=True, is_members_only=True, max_occupants=7, history_length=3
    )
    room = make(alice, "milk")
    assert (room.is_persistent, room.is_members_only) == (True, True)
    assert (room.max_occupants, room.history_length, room.locked) == (7, 3, True)
    assert Affiliation.objects.get(room=room).rank == "owner"


@pytest.mark.parametrize(
    ("creators", "who"),
    [
        (RoomPolicy.Creators.EVERYBODY, {"alice", "bob", "clerk", "remote"}),
        (RoomPolicy.Creators.GROUP, {"bob", "clerk"}),
        (RoomPolicy.Creators.STAFF, {"clerk"}),
        (RoomPolicy.Creators.NOBODY, set()),
    ],
)
def test_who_may_make_rooms_is_the_administrators_choice(
    alice: User, creators: RoomPolicy.Creators, who: set[str]
) -> None:
    bob, clerk = User.objects.create(username="bob"), User.objects.create(username="clerk")
    User.objects.filter(pk=clerk.pk).update(is_staff=True)
    group = Group.objects.create(name="Founders")
    bob.groups.add(group)
    rule(creators, group)
    actors = {user.username: Actor.client(user.jid, user.pk) for user in (alice, bob, clerk)}
    actors["remote"] = Actor.client("remote@elsewhere.example", None)
    assert {name for name, actor in actors.items() if services.may_create(actor)} == who
    if "alice" not in who:
        with pytest.raises(services.MayNotCreate) as refused:
            make(alice)
        assert refused.value.condition == Condition.NOT_ALLOWED


def test_one_person_owns_so_many_rooms_and_no_more(alice: User, settings: Any) -> None:
    settings.CHATOPS_MAX_ROOMS_PER_PERSON = 2
    first = make(alice, "one")
    make(alice, "two")
    with pytest.raises(services.TooManyRooms):
        make(alice, "three")
    services.create("four", by=ADMIN, owner=alice.jid)  # an administrator may
    settings.CHATOPS_MAX_ROOMS_PER_PERSON = 3
    services.archive(first, by=ADMIN)  # what is archived does not count
    make(alice, "five")


def test_a_room_is_as_large_as_the_service_allows(settings: Any) -> None:
    settings.CHATOPS_MAX_OCCUPANTS = 50
    assert [Room(max_occupants=most).capacity for most in (0, 10, 80)] == [50, 10, 50]
    settings.CHATOPS_MAX_OCCUPANTS = 0
    assert [Room(max_occupants=most).capacity for most in (0, 10)] == [0, 10]
    settings.CHATOPS_MAX_OCCUPANTS = 2
    before = OCCUPANTS.hits
    must_have_a_place(Room(), inside=2, rank="owner")
    with pytest.raises(RoomFull) as refused:
        must_have_a_place(Room(), inside=2, rank="none")
    assert (refused.value.condition, refused.value.type) == ("service-unavailable", "wait")
    assert OCCUPANTS.hits == before + 1


def test_a_retired_address_is_nobody_s_until_it_is_given_back(alice: User) -> None:
    room = services.create("tea", by=ADMIN, retires_when_destroyed=True)
    services.destroy(room, by=ADMIN, reason="Moved", alternate="milk@conference.localhost")
    with pytest.raises(services.RoomRetired, match=r"go to milk@conference\.localhost"):
        make(alice)
    services.unretire(Tombstone.objects.get(), by=ADMIN)
    make(alice)


def test_an_archived_room_is_kept_and_nobody_enters() -> None:
    room = services.create("tea", by=ADMIN, owner="alice@localhost")
    services.archive(room, by=ADMIN, reason="Over")
    room.refresh_from_db()
    with pytest.raises(RoomArchived):
        must_be_open(room)
    assert Ring.objects.get(kind__endswith=".RoomArchived").payload["reason"] == "Over"
    services.reopen(room, by=ADMIN)
    room.refresh_from_db()
    must_be_open(room)
    assert room.affiliations.count() == 1


def test_a_clone_has_the_options_and_the_people_if_so_wished(alice: User) -> None:
    group = Group.objects.create(name="Kitchen")
    alice.groups.add(group)
    room = services.create("tea", by=ADMIN, owner="bob@localhost", name="Tea", is_moderated=True)
    services.set_affiliation(room, jid="eve@localhost", rank="outcast", by=ADMIN)
    services.link_group(room, group=group, rank="admin", by=ADMIN)
    alone = services.clone(room, localpart="milk", name="Milk", by=ADMIN)
    assert (alone.name, alone.is_moderated, alone.affiliations.count()) == ("Milk", True, 0)
    crowded = services.clone(room, localpart="cocoa", with_people=True, by=ADMIN)
    ranks = dict(crowded.affiliations.values_list("jid", "rank"))
    assert ranks == {"bob@localhost": "owner", "eve@localhost": "outcast", alice.jid: "admin"}
    assert crowded.occupant_key != room.occupant_key
    with pytest.raises(services.RoomThere):
        services.clone(room, localpart="milk", by=ADMIN)


def test_templates_that_were_removed_stay_away() -> None:
    assert Template.objects.count() == 4
    Template.objects.filter(is_default=False).delete()
    services.lay_out()
    assert [template.title for template in Template.objects.all()] == ["Defaults"]
