"""Moderated message retraction, XEP-0425: moderators take back what others said in a room."""

from chatops.audit.services import record
from chatops.core.database import in_db
from chatops.core.features import Feature, IqRequest
from chatops.core.ids import new_id
from chatops.rooms.handlers.xep_0045 import conference
from chatops.rooms.handlers.xep_0045.messages import publish
from chatops.rooms.handlers.xep_0045.moderation import actor_of
from chatops.rooms.occupants import Role
from chatops.rooms.retraction import moderate
from chatops.rooms.running import rooms
from chatops.xmpp.elements import add, stanza, text_of
from chatops.xmpp.errors import BadRequest, Forbidden
from chatops.xmpp.jid import parse
from chatops.xmpp.names import MODERATE, RETRACT

LONGEST_REASON = 1_000

moderation = Feature("XEP-0425", (MODERATE, RETRACT), at=(conference.node,))


class NotModerator(Forbidden):
    """Only moderators are allowed to moderate other people's messages."""

    type = "modify"  # as section 4.2 has it


@moderation.iq("set", f"{{{MODERATE}}}moderate")
async def take_away(request: IqRequest) -> None:
    """Section 4: a tombstone in the archive, and everybody inside is told."""
    room = rooms.get(request.to.local)
    occupant = room.occupants.by_device(request.sender.full) if room is not None else None
    if room is None or occupant is None or occupant.role != Role.MODERATOR:
        raise NotModerator
    target = request.payload.get("id", "")
    if not target or request.payload.find(f"{{{RETRACT}}}retract") is None:
        raise BadRequest("A moderation names a message, and says that it is retracted.")
    reason = (text_of(request.payload, "reason", MODERATE) or "")[:LONGEST_REASON]
    moderator = room.occupant_jid(occupant)
    message = stanza("message", type_="groupchat", id_=str(new_id()))
    retraction = add(message, f"{{{RETRACT}}}retract", id=target)
    add(retraction, f"{{{MODERATE}}}moderated", by=moderator)
    if reason:
        add(retraction, f"{{{RETRACT}}}reason", reason)
    by = actor_of(request)
    await moderate(room, message, moderator=moderator, by=by.name, reason=reason)
    await in_db(record, by, "room.moderate", room.jid, message=target, reason=reason)
    await publish(room, message, parse(room.jid), room.jid)
