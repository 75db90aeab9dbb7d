"""Moderated message retraction, XEP-0425: moderators take back what others said in a room.

COMPAT: clients of before 2024 (Gajim 1.8, Converse 10) ask, and are told, in version 0.2's words.
"""

from chatops.audit.services import record
from chatops.core.database import in_db
from chatops.core.features import Feature, IqRequest
from chatops.core.ids import new_id
from chatops.rooms.handlers.xep_0045 import conference
from chatops.rooms.handlers.xep_0045.messages import OCCUPANT, publish
from chatops.rooms.handlers.xep_0045.moderation import actor_of
from chatops.rooms.occupants import Occupant, Role
from chatops.rooms.retraction import moderate
from chatops.rooms.running import rooms
from chatops.xmpp.elements import Element, add, stanza, text_of
from chatops.xmpp.errors import BadRequest, Forbidden
from chatops.xmpp.jid import parse
from chatops.xmpp.names import FASTEN_0, MODERATE, MODERATE_0, RETRACT, RETRACT_0

LONGEST_REASON = 1_000

moderation = Feature("XEP-0425", (MODERATE, MODERATE_0, FASTEN_0, RETRACT), at=(conference.node,))


class NotModerator(Forbidden):
    """Only moderators are allowed to moderate other people's messages."""

    type = "modify"  # as section 4.2 has it


class NothingNamed(BadRequest):
    """A moderation names a message, and says that it is retracted."""


@moderation.iq("set", f"{{{MODERATE}}}moderate")
async def take_away(request: IqRequest) -> None:
    """Section 4: a tombstone in the archive, and everybody inside is told."""
    payload = request.payload
    retracts = payload.find(f"{{{RETRACT}}}retract") is not None
    reason = text_of(payload, "reason", MODERATE) or ""
    await _take_away(request, payload.get("id", "") if retracts else "", reason)


@moderation.iq("set", f"{{{FASTEN_0}}}apply-to")
async def take_away_in_old_words(request: IqRequest) -> None:
    """The same, as version 0.2 had it."""
    wish = request.payload.find(f"{{{MODERATE_0}}}moderate")
    if wish is None or wish.find(f"{{{RETRACT_0}}}retract") is None:
        raise NothingNamed
    reason = text_of(wish, "reason", MODERATE_0) or ""
    await _take_away(request, request.payload.get("id", ""), reason)


async def _take_away(request: IqRequest, target: str, reason: str) -> None:
    room = rooms.get(request.to.local)
    occupant = room.occupants.by_device(request.sender.full) if room is not None else None
    if room is None or occupant is None or occupant.role != Role.MODERATOR:
        raise NotModerator
    if not target:
        raise NothingNamed
    reason, moderator = reason[:LONGEST_REASON], room.occupant_jid(occupant)
    message, by = _retraction(target, moderator, occupant, reason), actor_of(request)
    await moderate(
        room,
        message,
        moderator=moderator,
        by=by.name,
        reason=reason,
        occupant_id=occupant.id,
    )
    await in_db(record, by, "room.moderate", room.jid, message=target, reason=reason)
    await publish(room, message, parse(room.jid), room.jid)


def _retraction(target: str, moderator: str, occupant: Occupant, reason: str) -> Element:
    """What everybody is told, in the words of both versions."""
    message = stanza("message", type_="groupchat", id_=str(new_id()))
    retraction = add(message, f"{{{RETRACT}}}retract", id=target)
    moderated = add(retraction, f"{{{MODERATE}}}moderated", by=moderator)
    add(moderated, OCCUPANT, id=occupant.id)
    fastened = add(message, f"{{{FASTEN_0}}}apply-to", id=target)
    old = add(fastened, f"{{{MODERATE_0}}}moderated", by=moderator)
    add(old, f"{{{RETRACT_0}}}retract")
    if reason:
        add(retraction, f"{{{RETRACT}}}reason", reason)
        add(old, f"{{{MODERATE_0}}}reason", reason)
    return message
