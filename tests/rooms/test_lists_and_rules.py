"""The list of rooms, many at once, tables, templates and rules, as pages."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from chatops.accounts.models import User
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.rooms import services
from chatops.rooms.admin.rooms import RoomAdmin
from chatops.rooms.models import Affiliation, Room, RoomPolicy, Template, Tombstone

pytestmark = pytest.mark.django_db

BY = Actor.command("a test")
LIST, ADD = "admin:rooms_room_changelist", "admin:rooms_room_add"
TABLES = [f"admin:rooms_room_table_{kind}" for kind in ("rooms", "members")]


@pytest.fixture
def alice(client: Client) -> User:
    """An administrator, signed in."""
    user = User.objects.create_superuser("alice")
    client.force_login(user)
    return user


@pytest.fixture
def clerk() -> Callable[..., Client]:
    """Signed in, with those permissions and no others."""

    def make(*permissions: str) -> Client:
        user = User.objects.create(username="clerk", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client = Client()
        client.force_login(user)
        return client

    return make


def names(client: Client, **query: str) -> list[str]:
    answer = client.get(reverse(LIST), query)
    return [room.localpart for room in answer.context["cl"].result_list]


@pytest.mark.usefixtures("alice")
def test_pages_go_by_address_and_nothing_is_counted_twice(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RoomAdmin, "list_per_page", 2)
    for name in ("e", "b", "d", "a", "c"):
        services.create(name, by=BY, owner="bob@localhost", is_public=name < "c")
    assert names(client) == ["a", "b"]
    first = client.get(reverse(LIST)).context["cl"]
    second = client.get(reverse(LIST) + first.older_url).context["cl"]
    assert [room.localpart for room in second.result_list] == ["c", "d"]
    back = client.get(reverse(LIST) + second.newer_url).context["cl"]
    assert [room.localpart for room in back.result_list] == ["a", "b"]
    assert names(client, older="d") == ["e"]
    numbers = {chip.label: chip.number for chip in first.chips}
    assert numbers == {"open to be entered": 5, "in the directory": 2, "hidden": 3}


@pytest.mark.usefixtures("alice")
def test_kinds_filter_and_the_numbers_are_those_of_the_search(client: Client) -> None:
    services.create("tea", by=BY, owner="bob@localhost", password="x", is_persistent=False)
    services.create("milk", by=BY, owner="bob@localhost", tracks_delivery=True)
    closed = services.create("tearoom", by=BY)
    services.archive(closed, by=BY)
    assert names(client, shows="archived") == ["tearoom"]
    assert names(client, shows="password") == ["tea"]
    assert names(client, shows="tracked") == ["milk"]
    assert names(client, shows="inside") == []
    assert names(client, shows="nonsense") == ["milk", "tea", "tearoom"]
    chips = client.get(reverse(LIST), {"q": "tea"}).context["cl"].chips
    numbers = {chip.label: chip.number for chip in chips}
    assert (numbers["open to be entered"], numbers["archived"]) == (1, 1)
    assert "in the delivery log" not in numbers


@pytest.mark.usefixtures("alice")
def test_many_are_archived_or_destroyed_with_one_reason_or_none_of_them(client: Client) -> None:
    rooms = [services.create(name, by=BY) for name in ("a", "b")]
    posted = {"action": "archive_many", "_selected_action": [room.pk for room in rooms]}
    answer = client.post(reverse(LIST), posted)
    assert b"Yes, archive" in answer.content
    assert not Room.objects.exclude(archived_at=None).exists()
    client.post(reverse(LIST), posted | {"confirm": "yes", "reason": "Over"})
    assert Room.objects.exclude(archived_at=None).count() == 2
    entries = Entry.objects.filter(action="room.archive", door="browser")
    assert [entry.details["reason"] for entry in entries] == ["Over", "Over"]
    posted |= {"action": "destroy_many", "confirm": "yes", "alternate": "@@"}
    answer = client.post(reverse(LIST), posted, follow=True)
    assert b"is not an address" in answer.content
    assert Room.objects.count() == 2
    client.post(reverse(LIST), posted | {"alternate": "c@conference.localhost"})
    assert not Room.objects.exists()


@pytest.mark.usefixtures("alice")
def test_a_table_is_downloaded_changed_and_read_again(client: Client) -> None:
    room = services.create("tea", by=BY, owner="alice@localhost", name="Tea")
    posted = {"action": "write_rooms", "_selected_action": [room.pk]}
    answer = client.post(reverse(LIST), posted)
    assert answer["Content-Type"].startswith("text/csv")
    file = SimpleUploadedFile("rooms.csv", answer.content.replace(b",Tea,", b",Milk,"))
    shown = client.post(reverse(TABLES[0]), {"file": file})
    assert "Name: “Tea” → “Milk”" in shown.content.decode()
    digest, text = shown.context["plan"].digest, shown.context["text"]
    wrong = client.post(reverse(TABLES[0]), {"text": text, "digest": "x"})
    assert b"something has changed since you looked" in wrong.content
    assert client.post(reverse(TABLES[0]), {"text": text, "digest": digest}).status_code == 302
    room.refresh_from_db()
    assert room.name == "Milk"
    answer = client.post(reverse(LIST), posted | {"action": "write_members"})
    assert b"tea,alice@localhost,owner,," in answer.content
    odd = SimpleUploadedFile("odd.csv", b"\xff\xfe\x00")
    assert b"not in UTF-8" in client.post(reverse(TABLES[1]), {"file": odd}).content


@pytest.mark.usefixtures("alice")
def test_a_room_begins_with_the_template_and_its_members(client: Client) -> None:
    team = Template.objects.get(title="Team room")
    initial = client.get(reverse(ADD), {"template": team.pk}).context["adminform"].form.initial
    assert (initial["is_members_only"], initial["is_public"]) == (True, False)
    initial = client.get(reverse(ADD)).context["adminform"].form.initial
    assert (initial["is_members_only"], initial["is_persistent"]) == (False, True)
    posted = {
        "localpart": "tea",
        "members": "bob, charlie@elsewhere.example\nalice",
        "max_occupants": "0",
        "message_attempts": "0",
        "message_lifetime_days": "0",
        "history_length": "20",
        "default_history": "20",
        "voice_request_seconds": "0",
        "who_sees_jids": "moderators",
        "private_messages": "anyone",
        "visitors_private_messages": "anyone",
    }
    for members, sentence in (("b@", b"is not an address"), ("bob", b"Nobody here has")):
        answer = client.post(reverse(ADD), posted | {"members": members})
        assert sentence in answer.content
    User.objects.create(username="bob")
    assert client.post(reverse(ADD), posted).status_code == 302
    assert dict(Affiliation.objects.values_list("jid", "rank")) == {
        "alice@localhost": "owner",
        "bob@localhost": "member",
        "charlie@elsewhere.example": "member",
    }
    Tombstone.objects.create(localpart="milk", by="x", alternate="tea@conference.localhost")
    answer = client.post(reverse(ADD), posted | {"localpart": "milk"})
    assert b"go to tea@conference.localhost" in answer.content


@pytest.mark.usefixtures("alice")
def test_rules_are_checked_and_noted(client: Client) -> None:
    page = reverse("admin:rooms_roompolicy_change", args=[RoomPolicy.ONLY])
    posted = {
        "who_creates": "group",
        "group": "",
        "message_format": "json",
        "subject": "{name}",
        "added": "{nonsense}",
        "json": "{",
    }
    answer = client.post(page, posted).content.decode()
    for sentence in ("Choose the group.", "There is no variable {nonsense}.", "This is not JSON"):
        assert sentence in answer
    group = Group.objects.create(name="Founders")
    posted |= {"group": str(group.pk), "added": "{name}", "json": '{"room": "{address}"}'}
    assert client.post(page, posted).status_code == 302
    assert services.policy().group == group
    (entry,) = Entry.objects.filter(action="roompolicy.change")
    assert entry.details["after"]["who_creates"] == "group"


@pytest.mark.usefixtures("alice")
def test_the_defaults_stay_and_other_templates_may_go(client: Client) -> None:
    default = Template.objects.get(is_default=True)
    other = Template.objects.get(title="Team room")
    for template, status in ((default, 403), (other, 302)):
        page = reverse("admin:rooms_template_delete", args=[template.pk])
        assert client.post(page, {"post": "yes"}).status_code == status
    assert not Template.objects.filter(title="Team room").exists()


def test_each_page_asks_for_its_permission(clerk: Callable[..., Client]) -> None:
    room = services.create("tea", by=BY, owner="alice@localhost", password="cauldron")
    client = clerk("view_room")
    page = client.get(reverse("admin:rooms_room_change", args=[room.pk])).content
    assert b"Inside now" in page
    for secret in (b"cauldron", b"Destroy", b"Link the group", b"Say as the service", b"Clone"):
        assert secret not in page
    for name in TABLES:
        assert client.get(reverse(name)).status_code == 403
        assert client.post(reverse(name), {"text": "x"}).status_code == 403
    for deed in ("group", "clone", "archive", "reopen", "destroy", "affiliation", "role"):
        address = reverse("admin:rooms_room_do", args=[room.pk, deed])
        assert client.post(address, {"confirm": "tea"}).status_code == 403
    for action in ("archive_many", "reopen_many", "destroy_many"):
        posted = {"action": action, "_selected_action": [room.pk], "confirm": "yes"}
        client.post(reverse(LIST), posted)
    room.refresh_from_db()
    assert room.archived_at is None
    for name in ("template", "roompolicy", "tombstone"):
        assert client.get(reverse(f"admin:rooms_{name}_changelist")).status_code == 403


def test_who_may_see_no_rooms_sees_no_part_of_them(clerk: Callable[..., Client]) -> None:
    room = services.create("tea", by=BY)
    client = clerk()
    assert client.get(reverse("admin:rooms_room_live", args=[room.pk])).status_code == 403
    assert client.get(reverse("admin:rooms_room_rows"), {"ids": room.pk}).status_code == 403


@pytest.mark.usefixtures("alice")
def test_what_is_posted_needs_its_token() -> None:
    room = services.create("tea", by=BY)
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="alice"))
    addresses = [reverse(name) for name in (*TABLES, LIST)]
    addresses.append(reverse("admin:rooms_room_do", args=[room.pk, "archive"]))
    assert {client.post(each).status_code for each in addresses} == {403}
