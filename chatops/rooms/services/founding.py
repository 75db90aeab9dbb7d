"""Rooms that clients make: who may, how many, and with which options (XEP-0045 section 10.1)."""

from django.db import transaction

from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.core.limits import Limit
from chatops.rooms.models import Affiliation, Room, RoomPolicy
from chatops.rooms.services.ground import OWNER
from chatops.rooms.services.rooms import create
from chatops.rooms.services.rules import defaults, options_of, policy
from chatops.xmpp.errors import NotAllowed

ROOMS = Limit(
    "CHATOPS_MAX_ROOMS_PER_PERSON",
    "rooms",
    "Rooms that one person owns, before a client makes another one.",
    "not-allowed",
)


class MayNotCreate(NotAllowed):
    """You may not make rooms here."""


class TooManyRooms(NotAllowed):
    """You own as many rooms as one person may; destroy one first."""


@transaction.atomic
def found(localpart: str, *, owner: str, by: Actor, locked: bool) -> Room:
    """Make a room for a client, with the administrator's defaults; `owner` is a bare JID.

    Raises RoomThere, RoomRetired, Malformed, and MayNotCreate or TooManyRooms: section 10.1.1 has
    `not-allowed` where making rooms is restricted.
    """
    if not may_create(by):
        raise MayNotCreate
    owned = Affiliation.objects.filter(jid=owner, rank=OWNER, room__archived_at=None).count()
    if ROOMS.is_exceeded_by(owned + 1):
        raise TooManyRooms
    return create(localpart, by=by, owner=owner, locked=locked, **options_of(defaults()))


def may_create(by: Actor) -> bool:
    """Whether somebody may make a room with a client."""
    rules = policy()
    match rules.who_creates:
        case RoomPolicy.Creators.EVERYBODY:
            return True
        case RoomPolicy.Creators.NOBODY:
            return False
    person = User.objects.filter(pk=by.user_id, is_active=True).first() if by.user_id else None
    if person is None:
        return False
    is_in = rules.group_id is not None and rules.who_creates == RoomPolicy.Creators.GROUP
    return person.is_staff or (is_in and person.groups.filter(pk=rules.group_id).exists())
