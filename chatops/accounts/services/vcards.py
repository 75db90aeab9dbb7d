"""What may happen to vCards. The stanza's document is kept as it is; pages change its details."""

from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from chatops.accounts.models import User, VCard
from chatops.accounts.services.people import may_act_on
from chatops.accounts.services.refusals import Outranked
from chatops.audit.services import Actor, record
from chatops.core.images import avatar_from, type_of
from chatops.core.limits import Limit
from chatops.core.live import bell, ring
from chatops.xmpp.errors import NotFound, TooMuch
from chatops.xmpp.vcards import Card, Details, Photo

SIZE = Limit(
    "CHATOPS_MAX_VCARD_BYTES",
    "bytes",
    "A person's vCard with its photo.",
    "policy-violation",
)
UPLOAD = Limit(
    "CHATOPS_MAX_PHOTO_BYTES",
    "bytes",
    "A photo uploaded in the browser, before it is made smaller.",
    "policy-violation",
)


class CardTooLarge(TooMuch):
    """The vCard with its photo is larger than this service keeps."""


class PhotoTooLarge(TooMuch):
    """The file is larger than this service takes."""


class NoPhoto(NotFound):
    """There is no photo."""


@bell
class AvatarChanged:
    """A person has another photo, or none: then the hash is empty."""

    user_id: int
    bare: str
    hash: str


def card_of(*, username: str) -> Card | None:
    """None where there is no vCard, or no such account."""
    kept = VCard.objects.filter(user__username=username).first()
    return None if kept is None else _card(kept)


def avatar_of(*, user_id: int) -> str:
    """The hash of a person's photo; '' for none."""
    kept = VCard.objects.filter(user_id=user_id).values_list("photo_hash", flat=True).first()
    return kept or ""


def details_of(user: User) -> Details:
    return (card_of(username=user.username) or Card()).details


def set_card(*, user_id: int, card: Card) -> None:
    """The person's own client publishes it, whole (XEP-0054 section 3.2). Raises CardTooLarge."""
    _must_fit(card)
    shown_as = "" if card.photo is None else type_of(card.photo.data)  # before anything is locked
    with transaction.atomic():
        _keep(User.objects.select_for_update().get(pk=user_id), card, shown_as)


@transaction.atomic
def change_details(user: User, *, details: Details, by: Actor) -> None:
    """In the browser. Raises CardTooLarge or Outranked."""
    _must_reach(user, by)
    before = card_of(username=user.username) or Card()
    after = before.with_details(details)
    if after == before:
        return
    _keep(user, after)
    old, new = asdict(before.details), asdict(after.details)
    changed = sorted(name for name in new if new[name] != old[name])
    record(by, "vcard.change", user, fields=changed)


@transaction.atomic
def upload_photo(user: User, *, data: bytes, by: Actor) -> None:
    """In the browser: a picture in a usual format, made small.

    Raises PhotoTooLarge, NoPicture, PictureTooLarge, CardTooLarge or Outranked.
    """
    _must_reach(user, by)
    if UPLOAD.is_exceeded_by(len(data)):
        raise PhotoTooLarge
    card = card_of(username=user.username) or Card()
    photo = Photo(*avatar_from(data))
    _keep(user, Card(card.document, photo), photo.type)
    record(by, "vcard.photo", user, hash=photo.hash)


@transaction.atomic
def remove_photo(user: User, *, by: Actor) -> None:
    """In the browser. Raises NoPhoto or Outranked."""
    _must_reach(user, by)
    card = card_of(username=user.username)
    if card is None or card.photo is None:
        raise NoPhoto
    _keep(user, Card(card.document), "")
    record(by, "vcard.photo", user, hash="")


def _must_reach(user: User, by: Actor) -> None:
    if not may_act_on(user, user_id=by.user_id):
        raise Outranked


def _must_fit(card: Card) -> None:
    if SIZE.is_exceeded_by(card.size):
        raise CardTooLarge


def _keep(user: User, card: Card, shown_as: str | None = None) -> None:
    """`shown_as`: the media type of the photo, "" for none that can be shown, None for the same."""
    _must_fit(card)
    before = avatar_of(user_id=user.pk)
    photo = card.photo
    now = "" if photo is None else photo.hash
    columns = {
        "document": card.document,
        "photo": b"" if photo is None else photo.data,
        "photo_type": "" if photo is None else photo.type,
        "photo_hash": now,
        "changed_at": timezone.now(),
    }
    if shown_as is not None:
        columns["image_type"] = shown_as
    VCard.objects.update_or_create(user=user, defaults=columns)
    if now != before:
        ring(AvatarChanged(user.pk, user.jid, now))


def _card(kept: VCard) -> Card:
    photo = Photo(kept.photo_type, bytes(kept.photo)) if kept.photo_hash else None
    return Card(kept.document, photo)
