"""What may be known of rooms from outside: the list of them, and a sheet for each."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from django.utils import timezone

from chatops.archive.models import Entry, Kind
from chatops.core.ids import first_at
from chatops.rooms.models import Affiliation, Room, RoomCard, WhoSeesJids
from chatops.rooms.services import HOST
from chatops.rooms.services.decoration import hats_of
from chatops.xmpp.names import REPLACE
from chatops.xmpp.paging import PageWanted

LARGEST_PAGE = 1_000
ACTIVITY_SPAN = timedelta(hours=24)
ACTIVITY_SECONDS = 600  # a room's messages are counted once in this time
ENOUGH = 20_000  # messages; that it is more is not worth the time
MOST_COUNTED = 10_000  # rooms whose counts are remembered


@dataclass(frozen=True, slots=True)
class RoomSheet:
    """A room as disco describes it; `rank` is the asker's affiliation, '' for none or a ban."""

    room: Room
    rank: str
    owners: list[str] = field(default_factory=list)  # where everybody may see addresses
    activity: float | None = None  # messages an hour, where that is told (XEP-0502)
    picture: str = ""  # its hash (XEP-0486)
    hats: str = ""  # a hash of what there are (XEP-0317)


@dataclass(frozen=True, slots=True)
class RoomPage:
    """Some of the listed rooms, by address and name; `first` is the place of the first one."""

    rooms: list[tuple[str, str]]
    first: int
    count: int


_activity: OrderedDict[int, tuple[float, float]] = OrderedDict()


def sheet(localpart: str, asker: str) -> RoomSheet | None:
    """A room, to somebody; None where there is none."""
    room = Room.objects.filter(localpart=localpart).first()
    if room is None:
        return None
    found = Affiliation.objects.filter(room=room)
    rank = found.filter(jid=asker).exclude(rank="outcast").values_list("rank", flat=True).first()
    owners: list[str] = []
    if room.who_sees_jids == WhoSeesJids.ANYONE:
        owners = list(found.filter(rank="owner").values_list("jid", flat=True))
    told = room.is_public and room.is_persistent and room.is_logged
    activity = _messages_an_hour(room) if told else None
    cards = RoomCard.objects.filter(room=room).values_list("photo_hash", flat=True)
    uris = "\n".join(hat.uri for hat in hats_of(room))
    hats = sha256(uris.encode()).hexdigest() if uris else ""
    return RoomSheet(room, rank or "", owners, activity, cards.first() or "", hats)


def reserved_nickname(localpart: str, asker: str) -> str | None:
    """The nickname that somebody has registered with a room; None where there is no such room."""
    if not Room.objects.filter(localpart=localpart).exists():
        return None
    found = Affiliation.objects.filter(room__localpart=localpart, jid=asker)
    return found.values_list("nickname", flat=True).first() or ""


def public_rooms(wanted: PageWanted) -> RoomPage:
    """A page of the rooms that are listed, by address (XEP-0045 section 6.3, XEP-0059)."""
    listed = Room.objects.filter(is_public=True, locked=False, archived_at=None).order_by(
        "localpart"
    )
    count = listed.count()
    most = LARGEST_PAGE if wanted.most is None else min(wanted.most, LARGEST_PAGE)
    if wanted.before is not None:
        before = _localpart(wanted.before)
        end = listed.filter(localpart__lt=before).count() if before else count
        first = max(0, end - most)
        most = end - first
    elif wanted.after:
        first = listed.filter(localpart__lte=_localpart(wanted.after)).count()
    else:
        first = wanted.index or 0
    rows = [(f"{room.localpart}@{HOST}", str(room)) for room in listed[first : first + most]]
    return RoomPage(rows, first, count)


def _localpart(jid: str) -> str:
    return jid.partition("@")[0]


def _messages_an_hour(room: Room) -> float:
    known = _activity.get(room.pk)
    now = time.monotonic()
    if known is not None and now - known[0] < ACTIVITY_SECONDS:
        return known[1]
    moment = timezone.now()
    since = max(moment - ACTIVITY_SPAN, room.created_at)
    said = Entry.objects.filter(
        archive__jid=room.jid, message_id__gte=first_at(since), message__kind=Kind.GROUPCHAT
    )
    new = said.exclude(message__body="").exclude(message__xml__contains=REPLACE)
    count = new.order_by()[:ENOUGH].count()
    hours = max(1.0, (moment - since) / timedelta(hours=1))
    _activity[room.pk] = now, count / hours
    _activity.move_to_end(room.pk)
    while len(_activity) > MOST_COUNTED:
        _activity.popitem(last=False)
    return count / hours
