"""Rooms in the browser: made, changed and ended by the same services as from clients."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from chatops.accounts.models import User
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.rooms import services
from chatops.rooms.admin.rooms import RoomForm
from chatops.rooms.configuration import CONFIG, read_form
from chatops.rooms.models import Affiliation, Room
from chatops.rooms.options import COLUMNS
from chatops.xmpp.forms import Submission

pytestmark = pytest.mark.django_db

BY = Actor.command("a test")
LIST, ADD = "admin:rooms_room_changelist", "admin:rooms_room_add"


@pytest.fixture
def alice(client: Client) -> User:
    """An administrator, signed in."""
    user = User.objects.create_superuser("alice")
    client.force_login(user)
    return user


@pytest.fixture
def room() -> Room:
    return services.create("tea", by=BY, owner="bob@localhost", name="Tea")


def shown_form(room: Room) -> dict[str, object]:
    """What a browser posts of the form as it was shown, hidden values included."""
    form = RoomForm(instance=room)
    posted: dict[str, object] = {}
    for bound in form:
        value = bound.initial
        if value is None or value is False:
            continue
        posted[bound.html_name] = value
        posted[bound.html_initial_name] = value
    return posted


def page(room: Room) -> str:
    return reverse("admin:rooms_room_change", args=[room.pk])


def deed(room: Room, name: str) -> str:
    return reverse("admin:rooms_room_do", args=[room.pk, name])


def test_a_room_is_made_with_an_owner_and_is_open_at_once(client: Client, alice: User) -> None:
    posted = {
        "localpart": "Tea",
        "name": "Tea room",
        "is_persistent": "on",
        "is_public": "on",
        "max_occupants": "0",
        "message_attempts": "0",
        "message_lifetime_days": "0",
        "history_length": "20",
        "who_sees_jids": "moderators",
        "private_messages": "anyone",
        "visitors_private_messages": "anyone",
        "voice_request_seconds": "1800",
        "default_history": "20",
        "presence_broadcast": ["moderator", "participant"],
    }
    assert client.post(reverse(ADD), posted).status_code == 302
    room = Room.objects.get()
    assert (room.localpart, room.locked, room.is_logged) == ("tea", False, False)
    assert room.presence_broadcast == ["moderator", "participant"]
    (owner,) = Affiliation.objects.all()
    assert (owner.jid, owner.rank) == (alice.jid, "owner")
    (entry,) = Entry.objects.all()
    assert (entry.action, entry.door, entry.actor) == ("room.create", "browser", alice)
    answer = client.post(reverse(ADD), posted | {"owner": "@"})
    assert b"is not an address" in answer.content


@pytest.mark.usefixtures("alice")
def test_only_what_was_touched_is_saved(client: Client, room: Room) -> None:
    posted = shown_form(room)
    services.configure(room, by=BY, changes={"name": "Coffee", "password": "x"})
    posted["description"] = "Hot drinks"
    assert client.post(page(room), posted).status_code == 302
    room.refresh_from_db()
    assert (room.name, room.password, room.description) == ("Coffee", "x", "Hot drinks")


@pytest.mark.usefixtures("alice")
def test_a_form_as_it_was_shown_changes_nothing(client: Client, room: Room) -> None:
    services.configure(
        room, by=BY, changes={"presence_broadcast": ["visitor"], "max_occupants": 33}
    )
    room.refresh_from_db()
    before = {column: getattr(room, column) for column in COLUMNS}
    count = Entry.objects.count()
    assert client.post(page(room), shown_form(room)).status_code == 302
    room.refresh_from_db()
    assert {column: getattr(room, column) for column in COLUMNS} == before
    assert Entry.objects.count() == count


@pytest.mark.usefixtures("alice")
def test_deeds_go_through_the_services_and_refusals_come_back(client: Client, room: Room) -> None:
    client.post(deed(room, "affiliation"), {"jid": "Charlie@localhost/x", "rank": "outcast"})
    client.post(deed(room, "affiliation"), {"jid": "spam.example", "rank": "outcast"})
    assert Affiliation.objects.get(jid="spam.example").rank == "outcast"
    posted = {"jid": "spam.example", "rank": "none", "seen": "outcast"}
    client.post(deed(room, "affiliation"), posted)
    assert not Affiliation.objects.filter(jid="spam.example").exists()
    for jid, sentence in (("nobdy", b"Nobody here has"), ("spam.example", b"is a domain")):
        answer = client.post(deed(room, "affiliation"), {"jid": jid, "rank": "member"}, follow=True)
        assert sentence in answer.content
    assert Affiliation.objects.get(jid="charlie@localhost").rank == "outcast"
    answer = client.post(
        deed(room, "affiliation"), {"jid": "bob@localhost", "rank": "none"}, follow=True
    )
    assert b"A room needs an owner" in answer.content
    client.post(deed(room, "subject"), {"subject": "Milk"})
    room.refresh_from_db()
    assert (room.subject, room.subject_set_by) == ("Milk", room.jid)
    client.post(deed(room, "say"), {"body": "Hello"})
    answer = client.post(deed(room, "role"), {"nick": "bob", "role": "none"}, follow=True)
    assert b"Nobody in the room is called bob" in answer.content
    actions = set(Entry.objects.filter(door="browser").values_list("action", flat=True))
    assert actions == {"room.affiliation", "room.subject", "room.say"}


@pytest.mark.usefixtures("alice")
def test_groups_clones_and_archiving_are_deeds_of_the_page(client: Client, room: Room) -> None:
    group = Group.objects.create(name="Kitchen")
    User.objects.create(username="charlie").groups.add(group)
    client.post(deed(room, "group"), {"group": group.pk, "rank": "admin"})
    assert Affiliation.objects.get(jid="charlie@localhost").rank == "admin"
    assert b"by a group" in client.get(page(room)).content
    answer = client.post(deed(room, "group"), {"group": "9" * 30, "rank": "x"}, follow=True)
    assert b"There is no such group" in answer.content
    client.post(deed(room, "clone"), {"localpart": "milk", "name": "Milk", "people": "on"})
    assert Affiliation.objects.filter(room__localpart="milk").count() == 2
    answer = client.post(deed(room, "clone"), {"localpart": "Milk room"}, follow=True)
    assert b"cannot be the local part" in answer.content
    client.post(deed(room, "group"), {"group": group.pk, "rank": "none"})
    assert not Affiliation.objects.filter(room=room, jid="charlie@localhost").exists()
    client.post(deed(room, "archive"), {"reason": "Over"})
    assert b"nobody enters" in client.get(page(room)).content
    client.post(deed(room, "reopen"), {"reason": "Again"})
    room.refresh_from_db()
    assert room.archived_at is None
    reasons = Entry.objects.filter(action__in=("room.archive", "room.reopen")).order_by("pk")
    assert [entry.details["reason"] for entry in reasons] == ["Over", "Again"]


@pytest.mark.usefixtures("alice")
def test_a_room_is_destroyed_by_who_writes_its_address(client: Client, room: Room) -> None:
    answer = client.post(deed(room, "destroy"), {"confirm": "coffee"}, follow=True)
    assert b"write its address: tea" in answer.content
    answer = client.post(deed(room, "destroy"), {"confirm": "Tea", "reason": "moved"}, follow=True)
    assert b"Tea is gone" in answer.content
    assert not Room.objects.exists()


@pytest.mark.usefixtures("alice")
def test_the_list_finds_rooms_by_people_and_costs_the_same_for_many(
    client: Client, room: Room, django_assert_max_num_queries: object
) -> None:
    services.create("coffee", by=BY)
    found = client.get(reverse(LIST), {"q": "bob@localhost"})
    assert b"Tea" in found.content
    assert b"coffee" not in found.content
    for number in range(20):
        services.create(f"room{number}", by=BY)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        assert client.get(reverse(LIST)).status_code == 200


@pytest.mark.parametrize(
    ("permissions", "may_see", "may_moderate"),
    [
        ((), False, False),
        (("view_room",), True, False),
        (("view_room", "moderate_room"), True, True),
    ],
)
def test_who_may_what(
    client: Client, room: Room, permissions: tuple[str, ...], may_see: bool, may_moderate: bool
) -> None:
    user = User.objects.create(username="charlie", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    answer = client.get(page(room))
    assert (answer.status_code == 200) == may_see
    assert (b"Say as the service" in answer.content) == may_moderate
    expected = 302 if may_moderate else 403
    assert client.post(deed(room, "say"), {"body": "x"}).status_code == expected
    assert client.post(deed(room, "destroy"), {"confirm": "tea"}).status_code == 403
    assert client.post(page(room), shown_form(room)).status_code == 403


@pytest.mark.usefixtures("alice")
def test_the_form_of_a_client_and_of_the_browser_leave_the_same(client: Client, room: Room) -> None:
    other = services.create("other", by=BY, owner="bob@localhost", name="Tea")
    wished = {
        "muc#roomconfig_roomdesc": ["Hot drinks"],
        "muc#roomconfig_membersonly": ["1"],
        "muc#roomconfig_maxusers": ["50"],
        "muc#roomconfig_whois": ["anyone"],
        "muc#roomconfig_presencebroadcast": ["moderator"],
    }
    columns = read_form(Submission("submit", CONFIG, wished)).columns
    services.configure(other, by=BY, changes=columns)
    posted = shown_form(room) | {
        "description": "Hot drinks",
        "is_members_only": "on",
        "max_occupants": "50",
        "message_attempts": "0",
        "message_lifetime_days": "0",
        "who_sees_jids": "anyone",
        "presence_broadcast": ["moderator"],
    }
    assert client.post(page(room), posted).status_code == 302
    for each in (room, other):
        each.refresh_from_db()
    left = [{column: getattr(each, column) for column in COLUMNS} for each in (room, other)]
    assert left[0] == left[1]
    by_client, by_browser = Entry.objects.filter(action="room.configure").order_by("pk")
    assert by_client.details == by_browser.details
    assert (by_browser.door, by_client.door) == ("browser", "command")
