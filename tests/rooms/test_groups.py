"""Groups whose people have an affiliation with a room."""

import pytest
from django.contrib.auth.models import Group

from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.core.models import Ring
from chatops.rooms import services
from chatops.rooms.models import Room

pytestmark = pytest.mark.django_db

ADMIN = Actor.command("a test")


@pytest.fixture
def group() -> Group:
    return Group.objects.create(name="Kitchen")


@pytest.fixture
def room() -> Room:
    return services.create("tea", by=ADMIN, owner="owner@localhost")


@pytest.fixture
def alice(group: Group) -> User:
    user = User.objects.create(username="alice")
    user.groups.add(group)
    return user


@pytest.fixture
def bob() -> User:
    return User.objects.create(username="bob")


def ranks(room: Room) -> dict[str, str]:
    found = dict(room.affiliations.values_list("jid", "rank"))
    found.pop("owner@localhost", None)
    return found


def test_people_come_and_go_with_the_group(
    room: Room, group: Group, alice: User, bob: User
) -> None:
    services.link_group(room, group=group, rank="member", by=ADMIN)
    assert ranks(room) == {alice.jid: "member"}
    bob.groups.add(group)
    assert ranks(room) == {alice.jid: "member", bob.jid: "member"}
    group.user_set.remove(alice)
    assert ranks(room) == {bob.jid: "member"}
    services.link_group(room, group=group, rank="admin", by=ADMIN)
    assert ranks(room) == {bob.jid: "admin"}
    told = [each.payload["rank"] for each in Ring.objects.filter(payload__jid=bob.jid)]
    assert told == ["member", "admin"]  # clients hear of each
    User.objects.filter(pk=bob.pk).update(is_active=False)
    services.follow_groups([group.pk], by=ADMIN)
    assert ranks(room) == {bob.jid: "admin"}  # a suspension ends, and finds it as it was
    bob.groups.clear()
    assert ranks(room) == {}


def test_what_a_group_has_given_goes_with_the_link_and_with_the_group(
    room: Room, group: Group, alice: User
) -> None:
    services.link_group(room, group=group, rank="member", by=ADMIN)
    services.unlink_group(room, group=group, by=ADMIN)
    assert ranks(room) == {}
    services.link_group(room, group=group, rank="member", by=ADMIN)
    group.delete()
    assert ranks(room) == {}


def test_of_two_groups_the_higher_affiliation_counts(room: Room, group: Group, alice: User) -> None:
    chefs = Group.objects.create(name="Chefs")
    services.link_group(room, group=group, rank="member", by=ADMIN)
    services.link_group(room, group=chefs, rank="admin", by=ADMIN)
    chefs.user_set.add(alice)
    assert ranks(room) == {alice.jid: "admin"}
    chefs.user_set.remove(alice)
    assert ranks(room) == {alice.jid: "member"}


def test_who_has_an_affiliation_keeps_it_and_a_ban_is_stronger(
    room: Room, group: Group, alice: User, bob: User
) -> None:
    services.set_affiliation(room, jid=bob.jid, rank="outcast", by=ADMIN)
    services.set_affiliation(room, jid=alice.jid, rank="admin", by=ADMIN)
    services.link_group(room, group=group, rank="member", by=ADMIN)
    bob.groups.add(group)
    assert ranks(room) == {alice.jid: "admin", bob.jid: "outcast"}
    group.user_set.clear()
    assert ranks(room) == {alice.jid: "admin", bob.jid: "outcast"}


def test_who_is_in_by_a_group_is_not_taken_out_by_hand_but_may_be_banned(
    room: Room, group: Group, alice: User
) -> None:
    services.link_group(room, group=group, rank="member", by=ADMIN)
    with pytest.raises(services.GivenByGroup, match="through a group"):
        services.set_affiliation(room, jid=alice.jid, rank="none", by=ADMIN)
    services.set_affiliation(room, jid=alice.jid, rank="outcast", by=ADMIN)
    services.follow_groups(None, by=ADMIN)
    assert ranks(room) == {alice.jid: "outcast"}


def test_the_last_owner_stays_when_the_group_goes(group: Group, alice: User) -> None:
    room = services.create("milk", by=ADMIN)
    services.link_group(room, group=group, rank="owner", by=ADMIN)
    alice.groups.remove(group)
    assert ranks(room) == {alice.jid: "owner"}


def test_a_room_is_destroyed_with_its_links(room: Room, group: Group, alice: User) -> None:
    services.link_group(room, group=group, rank="member", by=ADMIN)
    services.destroy(room, by=ADMIN)
    alice.groups.clear()
    assert not Room.objects.exists()
