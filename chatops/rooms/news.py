"""What services tell those who run the rooms."""

from dataclasses import field

from chatops.core.live import bell


@bell
class RoomChanged:
    """A room's settings changed; occupants are told by these status codes."""

    localpart: str
    codes: list[int]


@bell
class RoomMoved:
    """Pages that show the room are out of date, whether or not anybody is inside."""

    room_id: int


@bell
class AffiliationChanged:
    """Somebody's affiliation with a room changed. `by`: a bare JID, or a name where it has no @.

    `invited`: who has become a member of a room for members shall hear of it.
    """

    localpart: str
    jid: str
    rank: str
    reason: str
    by: str
    invited: bool = False


@bell
class RoomDestroyed:
    """The room is gone; the alternate one may have a password."""

    localpart: str
    reason: str
    alternate: str
    password: str = field(default="", repr=False)


@bell
class RoomArchived:
    """The room is closed and kept; whoever is inside leaves."""

    localpart: str
    reason: str
    by: str


@bell
class RoleGiven:
    """An administrator gives an occupant a role; "none" is a kick."""

    localpart: str
    nick: str
    role: str
    reason: str
    by: str


@bell
class RoomSaid:
    """The service says something in a room."""

    localpart: str
    body: str


@bell
class SubjectSet:
    """An administrator set the subject."""

    localpart: str


@bell
class HatsChanged:
    """People have other hats than before."""

    localpart: str
    jids: list[str]
