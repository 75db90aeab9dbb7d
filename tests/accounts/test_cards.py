"""vCards and private storage in the browser."""

import io

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from chatops.accounts.models import PrivateData, User, VCard
from chatops.accounts.services import vcards
from chatops.audit.models import Entry
from chatops.xmpp.vcards import Card, Details, Photo
from tests.factories import a_person

pytestmark = pytest.mark.django_db


def picture(kind: str = "PNG", side: int = 400) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(out, kind)
    return out.getvalue()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def bob() -> User:
    return a_person("bob")


@pytest.fixture
def admin() -> Client:
    return signed_in(a_person("root", is_staff=True, is_superuser=True))


def test_one_edits_ones_own_card(bob: User) -> None:
    mine = signed_in(bob)
    upload = SimpleUploadedFile("me.jpg", picture("JPEG"), "image/jpeg")
    mine.post("/account/card/", {"name": "Bob <b>", "email": "bob@y.example", "photo": upload})
    assert vcards.details_of(bob) == Details(name="Bob <b>", email="bob@y.example")
    kept = VCard.objects.get()
    assert kept.image_type == "image/jpeg"
    assert Image.open(io.BytesIO(bytes(kept.photo))).size == (256, 256)
    page = mine.get("/account/card/").content.decode()
    assert "Bob &lt;b&gt;" in page
    assert f"/photo/{bob.pk}/{kept.photo_hash}/" in page
    mine.post("/account/card/", {"name": "Bob", "without_photo": "on"})
    assert vcards.avatar_of(user_id=bob.pk) == ""
    assert Entry.objects.filter(action__startswith="vcard.", target="bob@localhost").count() == 4


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
        (b"GIF89a nonsense", "no picture"),
        (picture()[:200], "no picture"),
    ],
)
def test_what_is_no_picture_is_refused(bob: User, data: bytes, sentence: str) -> None:
    page = signed_in(bob).post("/account/card/", {"photo": SimpleUploadedFile("x.png", data)})
    assert sentence in page.content.decode()
    assert vcards.avatar_of(user_id=bob.pk) == ""


def test_what_is_too_large_is_refused(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.conf.settings.CHATOPS_MAX_PHOTO_BYTES", 100)
    upload = SimpleUploadedFile("x.png", picture())
    page = signed_in(bob).post("/account/card/", {"photo": upload})
    assert "larger than" in page.content.decode()


def test_a_photo_is_seen_by_those_who_may_and_can_do_nothing(bob: User, admin: Client) -> None:
    vcards.set_card(user_id=bob.pk, card=Card(photo=Photo("text/html", picture())))
    address = f"/photo/{bob.pk}/{vcards.avatar_of(user_id=bob.pk)}/"
    for client in (signed_in(bob), admin):
        shown = client.get(address)
        assert shown["Content-Type"] == "image/png"  # whatever the client called it
        assert shown["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in shown["Content-Security-Policy"]
    assert signed_in(a_person("charlie")).get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_what_claims_to_be_a_photo_is_not_shown(bob: User) -> None:
    vcards.set_card(user_id=bob.pk, card=Card(photo=Photo("image/png", b"<script>1</script>")))
    address = f"/photo/{bob.pk}/{vcards.avatar_of(user_id=bob.pk)}/"
    assert signed_in(bob).get(address).status_code == 404


def test_administrators_edit_cards_of_those_in_reach(bob: User, admin: Client) -> None:
    admin.post(f"/admin/accounts/user/{bob.pk}/do/card/", {"name": "Robert"})
    assert vcards.details_of(bob).name == "Robert"
    page = admin.post(
        f"/admin/accounts/user/{bob.pk}/do/card/", {"email": "no address"}, follow=True
    )
    assert "valid email" in page.content.decode()
    clerk = a_person("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=("view_user",)))
    refused = signed_in(clerk).post(f"/admin/accounts/user/{bob.pk}/do/card/", {"name": "Eve"})
    assert refused.status_code == 403
    assert (
        "Robert" in signed_in(clerk).get(f"/admin/accounts/user/{bob.pk}/change/").content.decode()
    )


def test_private_storage_is_read_by_those_who_may_and_noted(bob: User, admin: Client) -> None:
    found = PrivateData.objects.create(
        user=bob, namespace="urn:x", tag="prefs", document="<prefs>tea</prefs>", size_bytes=18
    )
    address = f"/admin/accounts/privatedata/{found.pk}/change/"
    assert "tea" in admin.get(address).content.decode()
    assert Entry.objects.filter(action="private.read").count() == 1
    clerk = a_person("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_privatedata"))
    assert "tea" not in signed_in(clerk).get(address).content.decode()
    admin.post(f"/admin/accounts/privatedata/{found.pk}/delete/", {"post": "yes"})
    assert not PrivateData.objects.exists()
    assert Entry.objects.filter(action="private.remove").count() == 1
