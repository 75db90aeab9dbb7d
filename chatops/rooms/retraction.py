"""What was said in a room and is taken back, by its author (XEP-0424) or a moderator (XEP-0425)."""

from chatops.archive import services as archive
from chatops.archive.models import Message
from chatops.archive.tombstones import target_of, tombstone
from chatops.core.database import in_db
from chatops.core.ids import read_id
from chatops.core.wire import settled
from chatops.rooms.inside import RunningRoom
from chatops.xmpp.elements import Element
from chatops.xmpp.errors import Forbidden, NotFound


class NotTheAuthor(Forbidden):
    """Only who wrote a message may retract it; moderators moderate."""


class NothingToRetract(NotFound):
    """The room's archive has no such message."""


async def retract(room: RunningRoom, element: Element, *, author: str) -> None:
    """Bury the message that its author's retraction names; raises NotTheAuthor.

    What the archive does not have is for the clients to find.
    """
    message = await find(room, target_of(element))
    if message is None:
        return
    if message.sender_bare != author:
        raise NotTheAuthor
    await bury(
        room, message, left=tombstone(message.xml, retraction=element.get("id", "")), by=author
    )


async def moderate(
    room: RunningRoom,
    element: Element,
    *,
    moderator: str,
    by: str,
    reason: str,
    occupant_id: str = "",
) -> None:
    """Bury what a moderator's retraction names; `moderator` is his occupant JID, `by` his own.

    Raises NothingToRetract.
    """
    message = await find(room, target_of(element))
    if message is None or message.retracted_at is not None:
        raise NothingToRetract
    left = tombstone(
        message.xml,
        retraction=element.get("id", ""),
        moderator=moderator,
        occupant_id=occupant_id,
        reason=reason,
    )
    await bury(room, message, left=left, by=by)


async def find(room: RunningRoom, stanza_id: str) -> Message | None:
    """The message that the room gave that id, also if it was said a moment ago."""
    await settled()
    number = read_id(stanza_id)
    if number is None:
        return None
    return await in_db(archive.in_archive, archive=room.archive_id, message_id=number)


async def bury(room: RunningRoom, message: Message, *, left: str, by: str) -> None:
    await in_db(archive.bury, message.pk, tombstone=left, by=by)
    room.history.forget(message.pk)
