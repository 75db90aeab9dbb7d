"""Hats and pictures in the browser: the same rows, and the same trail, as from a client."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from chatops.accounts.models import User
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.rooms import services
from chatops.rooms.models import Hat, Room, RoomCard
from chatops.rooms.services import decoration
from chatops.rooms.services.decoration import HatShown

pytestmark = [pytest.mark.django_db, pytest.mark.spec("XEP-0317", "XEP-0486")]

BY = Actor.command("a test")
HOST = "urn:example:hats:host"


@pytest.fixture
def alice(client: Client) -> User:
    """An administrator, signed in."""
    user = User.objects.create_superuser("alice")
    client.force_login(user)
    return user


@pytest.fixture
def room() -> Room:
    return services.create("tea", by=BY, owner="bob@localhost", name="Tea")


def png() -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(data, "PNG")
    return SimpleUploadedFile("tea.png", data.getvalue(), "image/png")


def trail(action: str) -> list[str]:
    return list(Entry.objects.filter(action=action).values_list("actor_name", flat=True))


def test_a_hat_is_made_given_and_taken(client: Client, alice: User, room: Room) -> None:
    add = reverse("admin:rooms_hat_add")
    posted = {"room": room.pk, "title": "Host", "uri": HOST, "hue": "blue"}
    assert b"0 to 360" in client.post(add, posted).content
    client.post(add, {**posted, "hue": "200"})
    (hat,) = Hat.objects.all()
    page = reverse("admin:rooms_hat_change", args=[hat.pk])
    assert b"Nobody has this hat." in client.get(page).content
    give, take = (reverse("admin:rooms_hat_do", args=[hat.pk, deed]) for deed in ("give", "take"))
    client.post(give, {"jid": "Charlie@localhost/desk"})
    assert decoration.worn_hats(room) == [("charlie@localhost", HatShown(HOST, "Host", "200"))]
    assert b"charlie@localhost" in client.get(page).content
    client.post(page, {"title": "Our host", "hue": ""})
    assert decoration.hats_of(room) == [HatShown(HOST, "Our host")]
    client.post(take, {"jid": "charlie@localhost"})
    assert decoration.worn_hats(room) == []
    client.post(reverse("admin:rooms_hat_delete", args=[hat.pk]), {"post": "yes"})
    assert decoration.hats_of(room) == []
    by = [alice.jid]
    assert trail("room.hat") == 2 * by
    assert trail("room.hat.give") == trail("room.hat.take") == trail("room.hat.destroy") == by


def test_who_may_not_moderate_gives_no_hats(client: Client, room: Room) -> None:
    decoration.make_hat(room, hat=HatShown(HOST, "Host"), by=BY)
    (hat,) = Hat.objects.all()
    client.force_login(User.objects.create_user("bob", is_staff=True))
    give = reverse("admin:rooms_hat_do", args=[hat.pk, "give"])
    assert client.post(give, {"jid": "bob@localhost"}).status_code in (403, 404)
    assert client.get(reverse("admin:rooms_roomcard_changelist")).status_code == 403
    assert decoration.worn_hats(room) == []


def test_a_room_gets_a_picture_and_loses_it(client: Client, alice: User, room: Room) -> None:
    add = reverse("admin:rooms_roomcard_add")
    bad = SimpleUploadedFile("tea.png", b"no picture", "image/png")
    assert b"no picture" in client.post(add, {"room": room.pk, "picture": bad}).content
    client.post(add, {"room": room.pk, "picture": png()})
    (card,) = RoomCard.objects.all()
    shown = client.get(reverse("admin:rooms_roomcard_picture", args=[room.pk]))
    assert shown.headers["Content-Type"].startswith("image/")
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert (
        card.photo_hash.encode() in client.get(reverse("admin:rooms_roomcard_changelist")).content
    )
    client.post(reverse("admin:rooms_roomcard_delete", args=[room.pk]), {"post": "yes"})
    kept = decoration.card_of(room)
    assert kept is not None
    assert kept.photo is None
    assert trail("room.picture") == 2 * [alice.jid]
