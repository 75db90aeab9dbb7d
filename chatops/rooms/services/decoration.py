"""What rooms and people in them are decorated with: a picture (XEP-0486), hats (XEP-0317)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from chatops.accounts.services.vcards import SIZE, UPLOAD, CardTooLarge, PhotoTooLarge
from chatops.audit.services import Actor, record
from chatops.core.images import avatar_from, type_of
from chatops.core.live import ring
from chatops.rooms.models import Hat, Room, RoomCard, WornHat
from chatops.rooms.news import HatsChanged, RoomChanged
from chatops.rooms.services.ground import bare, locked
from chatops.xmpp.errors import NotAcceptable, NotFound, TooMuch
from chatops.xmpp.text import fit_for_xml
from chatops.xmpp.vcards import Card, Photo

CONFIGURATION_CHANGED = 104
MOST_HATS, MOST_WEARERS = 100, 10_000
LONGEST_URI, LONGEST_TITLE = 1_000, 200


class TooManyHats(TooMuch):
    """This room has as many hats as a room may have."""


class NoSuchHat(NotFound):
    """This room has no such hat."""


@dataclass(frozen=True, slots=True)
class HatShown:
    """A hat as others see it."""

    uri: str
    title: str
    hue: str = ""


def card_of(room: Room) -> Card | None:
    kept = RoomCard.objects.filter(room=room).first()
    if kept is None:
        return None
    photo = Photo(kept.photo_type, bytes(kept.photo)) if kept.photo else None
    return Card(kept.document, photo)


def picture_from(data: bytes) -> Photo:
    """A picture that somebody uploads, made small. Raises PhotoTooLarge or NoPicture."""
    if UPLOAD.is_exceeded_by(len(data)):
        raise PhotoTooLarge
    return Photo(*avatar_from(data))


def set_picture(room: Room, *, photo: Photo | None, by: Actor) -> None:
    """In the browser; None takes it away. What else a client has published stays."""
    document = (card_of(room) or Card()).document
    set_card(room, card=Card(document, photo), by=by)


@transaction.atomic
def set_card(room: Room, *, card: Card, by: Actor) -> None:
    """A new vCard; without a picture the room has none any more. Raises CardTooLarge."""
    if SIZE.is_exceeded_by(card.size):
        raise CardTooLarge
    room = locked(room)
    photo = card.photo
    RoomCard.objects.update_or_create(
        room=room,
        defaults={
            "document": card.document,
            "photo": photo.data if photo else b"",
            "photo_type": photo.type if photo else "",
            "photo_hash": photo.hash if photo else "",
            "image_type": type_of(photo.data) if photo else "",
        },
    )
    record(by, "room.picture", room.jid, picture=photo.hash if photo else "")
    ring(RoomChanged(room.localpart, [CONFIGURATION_CHANGED]))


def hats_of(room: Room) -> list[HatShown]:
    """All that the room has."""
    return [HatShown(hat.uri, hat.title, hat.hue) for hat in Hat.objects.filter(room=room)]


def worn_hats(room: Room) -> list[tuple[str, HatShown]]:
    """Who has which, in the order in which the hats were made."""
    worn = WornHat.objects.filter(hat__room=room).select_related("hat").order_by("hat", "jid")
    return [(each.jid, HatShown(each.hat.uri, each.hat.title, each.hat.hue)) for each in worn]


def must_be_hat(hat: HatShown) -> HatShown:
    """As it is kept. Raises NotAcceptable."""
    uri, title = fit_for_xml(hat.uri).strip(), fit_for_xml(hat.title).strip()
    if not 0 < len(uri) <= LONGEST_URI or not 0 < len(title) <= LONGEST_TITLE:
        raise NotAcceptable("A hat needs a URI and a title.")
    if hat.hue and not _is_hue(hat.hue):
        raise NotAcceptable("A hue is an angle from 0 to 360.")
    return HatShown(uri, title, hat.hue)


@transaction.atomic
def make_hat(room: Room, *, hat: HatShown, by: Actor) -> None:
    """A new hat, or another title for the one of that URI. Raises NotAcceptable or TooManyHats."""
    hat = must_be_hat(hat)
    uri, title = hat.uri, hat.title
    room = locked(room)
    others = Hat.objects.filter(room=room).exclude(uri=uri)
    if others.count() >= MOST_HATS:
        raise TooManyHats
    Hat.objects.update_or_create(room=room, uri=uri, defaults={"title": title, "hue": hat.hue})
    record(by, "room.hat", room.jid, uri=uri, title=title)
    _told(room, _wearers(room, uri))


@transaction.atomic
def destroy_hat(room: Room, *, uri: str, by: Actor) -> None:
    """Nobody has it any more. Raises NoSuchHat."""
    room = locked(room)
    wearers = _wearers(room, uri)
    if not Hat.objects.filter(room=room, uri=uri).delete()[0]:
        raise NoSuchHat
    record(by, "room.hat.destroy", room.jid, uri=uri)
    _told(room, wearers)


@transaction.atomic
def give_hat(room: Room, *, uri: str, jid: str, by: Actor) -> None:
    """Raises NoSuchHat, Malformed or TooManyHats."""
    room, address = locked(room), bare(jid)
    hat = Hat.objects.filter(room=room, uri=uri).first()
    if hat is None:
        raise NoSuchHat
    if hat.worn.count() >= MOST_WEARERS:
        raise TooManyHats("As many people as may have this hat have it already.")
    _, is_new = WornHat.objects.get_or_create(hat=hat, jid=address)
    if is_new:
        record(by, "room.hat.give", room.jid, uri=uri, jid=address)
        ring(HatsChanged(room.localpart, [address]))


@transaction.atomic
def take_hat(room: Room, *, uri: str, jid: str, by: Actor) -> None:
    """Raises NoSuchHat for a hat that this one does not have."""
    room, address = locked(room), bare(jid)
    if not WornHat.objects.filter(hat__room=room, hat__uri=uri, jid=address).delete()[0]:
        raise NoSuchHat
    record(by, "room.hat.take", room.jid, uri=uri, jid=address)
    ring(HatsChanged(room.localpart, [address]))


def _wearers(room: Room, uri: str) -> list[str]:
    found = WornHat.objects.filter(hat__room=room, hat__uri=uri)
    return list(found.values_list("jid", flat=True))


def _told(room: Room, wearers: Sequence[str]) -> None:
    ring(RoomChanged(room.localpart, [CONFIGURATION_CHANGED]))
    if wearers:
        ring(HatsChanged(room.localpart, list(wearers)))


def _is_hue(text: str) -> bool:
    try:
        return 0 <= float(text) <= 360
    except ValueError:
        return False
