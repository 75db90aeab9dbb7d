"""What is kept of a message, and in whose archive (XEP-0313 section 5, XEP-0334)."""

from collections.abc import Awaitable, Collection

from chatops.archive import services
from chatops.archive.tombstones import retract as bury
from chatops.archive.writes import entry_write, message_write, passing_write
from chatops.core.database import in_db
from chatops.core.envelope import Envelope
from chatops.xmpp.content import BODY, NO_PERMANENT_STORE, NO_STORE, PRIVATE, RETRACTION, STORE
from chatops.xmpp.elements import Element, add
from chatops.xmpp.names import RECEIPTS, STANZA_ID
from chatops.xmpp.stanzas import Packed, stanza_id

_REQUEST = f"{{{RECEIPTS}}}request"
_WORTH_TRACKING = (BODY, _REQUEST, STORE, RETRACTION)
_STANZA_ID = f"{{{STANZA_ID}}}stanza-id"


def retract(envelope: Envelope) -> Awaitable[None] | None:
    """Bury what the sender takes back, before anybody is told so (XEP-0424)."""
    if RETRACTION not in envelope.tags or envelope.type not in ("chat", "normal"):
        return None
    return bury(envelope.element, sender=envelope.sender.bare, recipient=envelope.to.bare)


def keep(envelope: Envelope) -> Awaitable[None] | None:
    """Add the message to its sender's and its recipient's archives.

    Every copy that a recipient gets carries the archive's id; ids that pretend to be ours go.
    """
    element = envelope.element
    tags = envelope.tags
    if _STANZA_ID in tags:
        strip_forged_ids(element, by=envelope.to.bare)
    if not is_archived(tags, envelope.type):
        if envelope.offline or (envelope.copies and worth_tracking(tags, envelope.type)):
            _write_message(envelope)
        return None
    owners = []
    if envelope.sender_id is not None:
        owners.append((envelope.sender.bare, envelope.to.bare))
    if envelope.recipient_id is not None and envelope.to.bare != envelope.sender.bare:
        owners.append((envelope.to.bare, envelope.sender.bare))
    places = []
    for owner, peer in owners:
        archive_id = services.cached_archive_id(owner)
        if archive_id is None:
            return _keep_slowly(envelope, owners)
        places.append((archive_id, peer))
    _write(envelope, places)
    return None


async def _keep_slowly(envelope: Envelope, owners: list[tuple[str, str]]) -> None:
    places = [(await in_db(services.archive_id, owner), peer) for owner, peer in owners]
    _write(envelope, places)


def _write(envelope: Envelope, places: list[tuple[int, str]]) -> None:
    if envelope.recipient_id is not None:
        by, number = envelope.to.bare, envelope.message_id
        if PRIVATE in envelope.tags:  # which is kept, and not delivered
            add(envelope.element, _STANZA_ID, None, by=by, id=str(number))
        else:
            packed = Packed.pack(envelope.element).with_child(stanza_id(by, number))
            envelope.data = packed.addressed(to=envelope.to.full, sender=envelope.sender.full)
        envelope.archived_for_recipient = True
    _write_message(envelope)
    for archive_id, peer in places:
        envelope.writes.append(entry_write(archive_id, envelope.message_id, peer))


def _write_message(envelope: Envelope) -> None:
    if NO_STORE in envelope.tags:
        return
    envelope.archived = True
    envelope.writes.append(
        message_write(
            envelope.message_id,
            envelope.element,
            sender=envelope.sender,
            recipient=envelope.to,
            xml=envelope.data,
        )
    )
    if NO_PERMANENT_STORE in envelope.tags and RETRACTION not in envelope.tags:
        envelope.writes.append(passing_write(envelope.message_id))


def is_archived(tags: Collection[str], type_: str) -> bool:
    """Whether archives keep it: content of a conversation, unless a hint says otherwise.

    `tags` are those of the stanza's children.
    """
    if type_ not in ("chat", "normal"):
        return False
    if RETRACTION in tags:
        return True  # whatever the hints: who catches up must hear of it (XEP-0424 section 6)
    if NO_STORE in tags or NO_PERMANENT_STORE in tags:
        return False
    return BODY in tags or STORE in tags


def worth_tracking(tags: frozenset[str], type_: str) -> bool:
    """Whether the ledger follows it: something was said, or a receipt was asked for."""
    return type_ in ("chat", "normal", "headline") and not tags.isdisjoint(_WORTH_TRACKING)


def strip_forged_ids(element: Element, *, by: str) -> None:
    """Remove stanza-ids that pretend to be the addressee's archive's (XEP-0359 section 5)."""
    for claimed in element.findall(_STANZA_ID):
        if claimed.get("by") == by:
            element.remove(claimed)
