"""Rooms and members from tables: shown first, then all of it or nothing."""

import pytest

from chatops.accounts.models import User
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.rooms import services
from chatops.rooms.models import Affiliation, Room
from chatops.rooms.options import OPTIONS

pytestmark = pytest.mark.django_db

ADMIN = Actor.command("a test")


@pytest.fixture(autouse=True)
def people() -> None:
    for name in ("alice", "bob"):
        User.objects.create(username=name)


@pytest.fixture
def room() -> Room:
    return services.create("tea", by=ADMIN, owner="alice@localhost", name="Tea", password="x")


def verbs(plan: services.Plan) -> list[str]:
    return [line.verb for line in plan.lines]


def errors(plan: services.Plan) -> list[str]:
    return [line.error for line in plan.lines]


@pytest.mark.usefixtures("room")
def test_rooms_are_made_and_changed_as_the_table_says() -> None:
    table = (
        "Address;name;Members only;muc#roomconfig_whois;max_occupants;owner;template\n"
        "Tea@conference.localhost;;yes;everybody in the room;;;\n"
        "milk;Milk;no;;50;bob;Team room\n"
    )
    plan = services.plan_rooms(table)
    assert verbs(plan) == ["change", "new"]
    assert plan.lines[0].changes == [
        "Members only: off → on",
        "Who sees real addresses: moderators only → everybody in the room",
    ]
    services.apply_rooms(table, digest=plan.digest, by=ADMIN)
    tea, milk = Room.objects.order_by("-localpart")
    assert (tea.name, tea.is_members_only, tea.who_sees_jids) == ("Tea", True, "anyone")
    assert (milk.name, milk.is_members_only, milk.max_occupants) == ("Milk", False, 50)
    assert (milk.is_public, milk.members_may_invite) == (False, True)  # the template's
    assert Affiliation.objects.get(room=milk).jid == "bob@localhost"
    again = services.plan_rooms(table.replace("bob;Team room", ";"))
    assert verbs(again) == ["same", "same"]
    assert not again.can_be_done


def test_a_table_that_was_downloaded_changes_nothing_when_it_is_read_again(room: Room) -> None:
    services.configure(
        room,
        by=ADMIN,
        changes={"description": "=1+1", "presence_broadcast": ["visitor"], "language": "-"},
    )
    table = services.write_rooms(Room.objects.all())
    assert "'=1+1" in table
    assert "password" not in table.casefold()
    assert all(option.label in table for option in OPTIONS if option.column != "password")
    assert verbs(services.plan_rooms(table.replace("'-", ""))) == ["same"]


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("milk,perhaps,,,", "write yes or no, not “perhaps”"),
        ("milk,,many,,", "a number is needed"),
        ("milk,,2000000,,", "100000 at most"),
        ("a b,,,,", "cannot be the address of a room"),
        ("milk@elsewhere.example,,,,", "Rooms here have addresses like"),
        ("milk,,,@,", "is not an address"),
        ("milk,,,,No such", "There is no template called “No such”"),
        ("tea,,,bob,", "Owner and template are for new rooms"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words_and_nothing_is_done(line: str, sentence: str) -> None:
    table = f"address,Members only,maxusers,owner,template\ncocoa,,,,\n{line}\n"
    plan = services.plan_rooms(table)
    assert verbs(plan) == ["new", "wrong"]
    assert sentence in plan.lines[1].error
    with pytest.raises(services.BadSheet):
        services.apply_rooms(table, digest=plan.digest, by=ADMIN)
    assert list(Room.objects.values_list("localpart", flat=True)) == ["tea"]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("", "a line of headings"),
        ("address\n", "a line of headings"),
        ("name\nTea", "has to be called “address”"),
        ("address,colour\ntea,red", "no option called “colour”"),
        ("address,name,Name\ntea,a,b", "Two columns are"),
        ('address\n"tea', "is no CSV"),
        ("address\n" + "tea\n" * 501, "500 lines at most; this has 501"),
        ("address\n" + "x" * 1_000_000, "bytes at most"),
    ],
)
def test_what_is_no_table_is_refused(table: str, sentence: str) -> None:
    with pytest.raises(services.BadSheet, match=sentence):
        services.plan_rooms(table)


def test_what_was_shown_is_done_or_shown_anew(room: Room) -> None:
    table = "address,name\ntea,Coffee"
    digest = services.plan_rooms(table).digest
    services.configure(room, by=ADMIN, changes={"name": "Cocoa"})
    with pytest.raises(services.ChangedMeanwhile):
        services.apply_rooms(table, digest=digest, by=ADMIN)
    room.refresh_from_db()
    assert room.name == "Cocoa"


def test_members_come_and_go_as_the_table_says(room: Room) -> None:
    table = (
        "room,person,affiliation,reason,nickname\n"
        "tea,bob,owner,Took over,Bobby\n"
        "tea,alice@localhost,none,,\n"
        "tea,eve@elsewhere.example,outcast,Spam,\n"
    )
    plan = services.plan_members(table)
    assert verbs(plan) == ["new", "change", "new"]
    assert plan.lines[0].changes == ["none → owner", "nickname: Bobby"]
    services.apply_members(table, digest=plan.digest, by=ADMIN)
    rows = room.affiliations.values_list("jid", "rank", "nickname", "reason")
    assert set(rows) == {
        ("bob@localhost", "owner", "Bobby", "Took over"),
        ("eve@elsewhere.example", "outcast", "", "Spam"),
    }
    assert Entry.objects.filter(action="room.affiliation").count() == 3
    assert verbs(services.plan_members(services.write_members([room]))) == ["same", "same"]


@pytest.mark.usefixtures("room")
def test_members_that_cannot_be_are_named() -> None:
    plan = services.plan_members(
        "person;room;affiliation\n"
        "nobody;tea;member\nbob;milk;member\nbob;tea;king\nbob;tea;member\nBob;tea;admin\n"
        "alice;tea;member\n;;\n@;tea;none"
    )
    assert errors(plan) == [
        "Nobody here has the address nobody@localhost.",
        "There is no room milk.",
        "“king” is no affiliation: write owner, admin, member, none, outcast.",
        "",
        "The same person and room stand on another line, too.",
        "The room would have no owner: make somebody else one, too.",
        "'@' is not an address.",
    ]
    plan = services.plan_members(
        "room,person,affiliation,nickname\ntea,bob,member,Al\ntea,alice,owner,Al"
    )
    assert errors(plan) == ["", "“Al” is too long, or registered by bob@localhost."]
    with pytest.raises(services.BadSheet, match="“affiliation” is missing"):
        services.plan_members("room,person\ntea,bob")
    with pytest.raises(services.BadSheet, match="no column called “rank”"):
        services.plan_members("room,person,rank\ntea,bob,admin")
