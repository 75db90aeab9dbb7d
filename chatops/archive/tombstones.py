"""What is left of a retracted message (XEP-0424 section 5, XEP-0425 section 5)."""

from datetime import UTC, datetime

from chatops.archive import services
from chatops.core.database import in_db
from chatops.core.wire import settled
from chatops.xmpp.elements import Element, add, parse, serialise
from chatops.xmpp.names import MODERATE, OCCUPANT_ID, RETRACT, STANZA_ID
from chatops.xmpp.stamps import stamp

_OCCUPANT = f"{{{OCCUPANT_ID}}}occupant-id"
_STAYS = (f"{{{STANZA_ID}}}stanza-id", f"{{{STANZA_ID}}}origin-id", _OCCUPANT)


def tombstone(
    message: str,
    *,
    retraction: str,
    moderator: str | None = None,
    occupant_id: str = "",
    reason: str = "",
) -> str:
    """The stanza without its contents; `retraction` is the id of what retracted it.

    `moderator` is the occupant who did it, '' where that is nobody's business, and `occupant_id`
    the id that this one has in the room (XEP-0421).
    """
    element = parse(message)
    for child in list(element):
        if child.tag not in _STAYS:
            element.remove(child)
    element.text = None
    retracted = add(
        element,
        f"{{{RETRACT}}}retracted",
        id=retraction or None,
        stamp=stamp(datetime.now(UTC)),
    )
    if moderator is not None:
        moderated = add(retracted, f"{{{MODERATE}}}moderated", by=moderator or None)
        if occupant_id:
            add(moderated, _OCCUPANT, id=occupant_id)
        if reason:
            add(retracted, f"{{{RETRACT}}}reason", reason)
    return serialise(element).decode()


def target_of(element: Element) -> str:
    """Which message a retraction means: an id of its sender's, or of the room's archive."""
    retraction = element.find(f"{{{RETRACT}}}retract")
    return "" if retraction is None else retraction.get("id", "")


async def retract(element: Element, *, sender: str, recipient: str) -> None:
    """Bury what one person said to another and takes back (section 4).

    Nothing happens where there is no such message of the same sender to the same recipient.
    """
    await settled()  # it may have been sent a moment ago
    stanza_id = target_of(element)
    if not stanza_id:
        return
    found = await in_db(services.last_of, sender=sender, recipient=recipient, stanza_id=stanza_id)
    if found is not None:
        left = tombstone(found.xml, retraction=element.get("id", ""))
        await in_db(services.bury, found.id, tombstone=left, by=sender)
