"""What a room's options allow whom, beyond roles and affiliations. Pure; raises refusals."""

from chatops.core.limits import Limit
from chatops.rooms.models import PrivateMessages, Room, VisitorsMessages
from chatops.rooms.occupants import Role
from chatops.rooms.privileges import STAFF
from chatops.xmpp.errors import Forbidden, NotAcceptable, NotAllowed, Overloaded, Unavailable

OCCUPANTS = Limit(
    "CHATOPS_MAX_OCCUPANTS",
    "people",
    "People inside one room; its admins and owners get in all the same.",
    "service-unavailable",
)


class RoomArchived(NotAllowed):
    """This room is archived: what was said in it can be read, and nobody enters any more."""


class RoomFull(Unavailable):
    """The room has as many people as it may have."""

    type = "wait"


class NicknamesLocked(NotAcceptable):
    """You cannot change your nickname in this room."""

    type = "cancel"  # as section 7.6 has it


class NoPrivateMessages(Forbidden):
    """Private messages are not allowed to you here."""


class NoRequests(NotAllowed):
    """Requests to people in this room are not passed on."""


class NoVoiceRequests(Forbidden):
    """Nobody asks for voice in this room."""


class AskedLately(Overloaded):
    """You have asked for voice a short while ago."""


class NoRegistration(Unavailable):
    """People do not register with this room; its admins may add them."""


def must_be_open(room: Room) -> None:
    """Raises RoomArchived."""
    if room.archived_at is not None:
        raise RoomArchived


def must_have_a_place(room: Room, *, inside: int, rank: str) -> None:
    """Section 7.2.9, for who is not inside yet. Raises RoomFull."""
    if rank in STAFF or not room.capacity or inside < room.capacity:
        return
    if inside >= OCCUPANTS.value > 0:
        OCCUPANTS.hit()
    raise RoomFull


def must_rename(room: Room, role: Role, *, locked: bool) -> None:
    """Section 7.6; `locked`: to a registered nickname. Raises NicknamesLocked."""
    free = room.may_change_nickname
    if role == Role.VISITOR:
        free = free and room.visitors_may_change_nickname
    if locked or (not free and role != Role.MODERATOR):
        raise NicknamesLocked


def must_whisper(room: Room, speaker: Role, listener: Role) -> None:
    """Section 7.5. Raises NoPrivateMessages."""
    to_moderator = listener == Role.MODERATOR
    if to_moderator and room.moderators_take_private_messages:
        return
    allowed = {
        PrivateMessages.ANYONE: True,
        PrivateMessages.PARTICIPANTS: speaker in (Role.PARTICIPANT, Role.MODERATOR),
        PrivateMessages.MODERATORS: speaker == Role.MODERATOR,
        PrivateMessages.NONE: False,
    }[PrivateMessages(room.private_messages)]
    if speaker == Role.VISITOR:
        wanted = room.visitors_private_messages
        allowed = allowed and (
            wanted == VisitorsMessages.ANYONE
            or (wanted == VisitorsMessages.MODERATORS and to_moderator)
        )
    if not allowed:
        raise NoPrivateMessages


def must_ask_others(room: Room) -> None:
    """Section 17.4. Raises NoRequests."""
    if not room.occupants_may_ask_each_other:
        raise NoRequests


def must_ask_for_voice(room: Room, *, since_last: float) -> None:
    """Section 7.13; `since_last`: seconds after one's last request.

    Raises NoVoiceRequests or AskedLately.
    """
    if not room.visitors_may_ask_for_voice:
        raise NoVoiceRequests
    if since_last < room.voice_request_seconds:
        raise AskedLately


def must_register(room: Room) -> None:
    """Section 7.10. Raises NoRegistration."""
    if not room.may_register:
        raise NoRegistration
