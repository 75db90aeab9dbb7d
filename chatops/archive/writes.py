"""The archive's rows as the journal writes them: plain tuples for prepared statements."""

from chatops.archive.models import Entry, Kind, Message, Passing
from chatops.core.journal import Insert, Write
from chatops.xmpp.content import BODY
from chatops.xmpp.elements import Element, serialise
from chatops.xmpp.jid import JID
from chatops.xmpp.names import CLIENT, RECEIPTS

MESSAGE_INSERT = Insert(
    Message,
    order=10,
    fields=(
        "id",
        "kind",
        "sender",
        "recipient",
        "sender_bare",
        "recipient_bare",
        "stanza_id",
        "thread",
        "body",
        "wants_receipt",
        "xml",
    ),
)
ENTRY_INSERT = Insert(Entry, order=20, fields=("archive", "message", "peer"))
PASSING_INSERT = Insert(Passing, order=20, fields=("message",))

KINDS = {
    "normal": Kind.NORMAL.value,
    "chat": Kind.CHAT.value,
    "groupchat": Kind.GROUPCHAT.value,
    "headline": Kind.HEADLINE.value,
}
_REQUEST, _THREAD = f"{{{RECEIPTS}}}request", f"{{{CLIENT}}}thread"


def message_write(
    message_id: int, element: Element, *, sender: JID, recipient: JID, xml: bytes | None = None
) -> Write:
    """The row that keeps a message stanza; `xml` is the stanza where it is serialised already."""
    body = thread = None
    wants_receipt = False
    for child in element:  # once over them is cheaper than three searches
        tag = child.tag
        if tag == BODY:
            body = child.text or "" if body is None else body
        elif tag == _REQUEST:
            wants_receipt = True
        elif tag == _THREAD:
            thread = child.text or "" if thread is None else thread
    return Write(
        MESSAGE_INSERT,
        (
            message_id,
            KINDS.get(element.get("type", "normal"), Kind.NORMAL.value),
            sender.full,
            recipient.full,
            sender.bare,
            recipient.bare,
            element.get("id", ""),
            thread or "",
            body or "",
            wants_receipt,
            (xml or serialise(element)).decode(),
        ),
    )


def passing_write(message_id: int) -> Write:
    """The note that the message's contents go as soon as it has arrived."""
    return Write(PASSING_INSERT, (message_id,))


def entry_write(archive_id: int, message_id: int, peer: str) -> Write:
    """The message's place in one archive; `peer` is the other side's bare JID."""
    return Write(ENTRY_INSERT, (archive_id, message_id, peer))
