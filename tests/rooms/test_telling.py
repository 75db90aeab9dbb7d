"""System messages to people whom an administrator makes members of a room."""

import json
from datetime import timedelta

import pytest

from chatops.accounts.models import User
from chatops.archive.models import Message
from chatops.audit.services import Actor
from chatops.core.ids import later
from chatops.delivery.models import Delivery, State
from chatops.rooms import services
from chatops.rooms.models import Room, RoomPolicy
from chatops.rooms.services import RankChange
from chatops.xmpp.elements import parse

pytestmark = pytest.mark.django_db

ADMIN = Actor("root@localhost", "browser")


@pytest.fixture(autouse=True)
def people() -> list[User]:
    return [User.objects.create(username=name) for name in ("alice", "bob", "root")]


@pytest.fixture
def room() -> Room:
    """Made by somebody who is told nothing of it."""
    return services.create("tea", by=ADMIN, owner="root@localhost", name="<Tea> & {by}")


def test_members_of_a_new_room_share_one_message_and_each_has_to_confirm_it() -> None:
    members = [RankChange(f"{name}@localhost", "member") for name in ("alice", "bob", "nobody")]
    services.create("tea", by=ADMIN, owner="root@localhost", members=members)
    (message,) = Message.objects.all()
    assert message.body == (
        "root has made you member of the room tea: xmpp:tea@conference.localhost?join"
    )
    assert message.wants_receipt
    assert parse(message.xml).find("{urn:xmpp:receipts}request") is not None
    waiting = Delivery.objects.filter(state=State.QUEUED, owed=True)
    assert set(waiting.values_list("recipient__username", flat=True)) == {"alice", "bob"}


def test_a_room_says_how_often_and_for_how_long_its_messages_are_offered(room: Room) -> None:
    services.set_affiliation(room, jid="alice@localhost", rank="member", by=ADMIN)
    options = {"message_attempts": 3, "message_lifetime_days": 2}
    services.configure(room, by=ADMIN, changes=options)
    room.refresh_from_db()
    services.set_affiliation(room, jid="bob@localhost", rank="member", by=ADMIN)
    usual, own = Delivery.objects.order_by("pk")
    assert usual.most_attempts is None
    assert (own.most_attempts, own.expires) == (3, later(own.message_id, timedelta(days=2)))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("none", "admin", "root has made you admin"),
        ("member", "admin", "You are admin of the room"),
        ("admin", "none", "You are no longer admin of the room"),
        ("member", "outcast", "You are no longer member of the room"),
        ("outcast", "member", "root has made you member"),
        ("none", "outcast", None),
        ("outcast", "none", None),
        ("member", "member", None),
    ],
)
def test_what_is_said_depends_on_what_has_changed(
    room: Room, before: str, after: str, words: str | None
) -> None:
    quiet = Actor.command("a test")
    services.set_affiliation(room, jid="alice@localhost", rank=before, by=quiet)
    services.set_affiliation(room, jid="alice@localhost", rank=after, by=ADMIN, reason="Why not")
    bodies = list(Message.objects.values_list("body", flat=True))
    assert len(bodies) == (words is not None)
    assert all(body.startswith(words or "") for body in bodies)


def test_what_people_are_called_breaks_neither_text_nor_json(room: Room) -> None:
    services.set_affiliation(room, jid="alice@localhost", rank="member", by=ADMIN)
    (message,) = Message.objects.all()
    assert "<Tea> & {by}" in (parse(message.xml).findtext("{jabber:client}body") or "")
    RoomPolicy.objects.update(
        message_format="json", json='{"who": ["{person}"], "why": "{reason}", "{event}": 1}'
    )
    services.set_affiliation(
        room, jid="bob@localhost", rank="member", by=ADMIN, reason='"}\n{person}\\'
    )
    body = Message.objects.latest("pk").body
    assert json.loads(body) == {"who": ["bob@localhost"], "why": '"}\n{person}\\', "added": 1}


def test_nothing_is_said_where_nothing_is_wanted(room: Room) -> None:
    RoomPolicy.objects.update(added="  ")
    services.set_affiliation(room, jid="alice@localhost", rank="member", by=ADMIN)
    RoomPolicy.objects.update(message_format="none")
    services.set_affiliation(room, jid="alice@localhost", rank="admin", by=ADMIN)
    by_client = Actor.client("root@localhost", None)
    services.set_affiliation(room, jid="bob@localhost", rank="member", by=by_client)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1]", "has to be an object"),
        ("{", "This is not JSON"),
        ('{"a": ["{nick}"]}', "There is no variable {nick}"),
    ],
)
def test_templates_are_checked_before_they_are_used(text: str, sentence: str) -> None:
    with pytest.raises(services.BadTemplate, match=sentence):
        services.must_be_json(text)
    with pytest.raises(services.BadTemplate, match=r"\{nobody\}, \{nothing\}"):
        services.must_be_templates(["{name} {nothing}", "{nobody}"])
    services.must_be_templates(["".join(f"{{{name}}}" for name in services.VARIABLES)])
