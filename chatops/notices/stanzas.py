"""What a notice looks like on the wire."""

from django.conf import settings

from chatops.xmpp.elements import add, serialise, stanza
from chatops.xmpp.names import CLIENT, RECEIPTS


def notice_xml(*, identifier: str, subject: str, body: str, wants_receipt: bool) -> str:
    """The message that all recipients get; each copy is addressed when it is handed over.

    It is of type normal, so that it waits for the absent (RFC 6121 section 8.5.2.2).
    """
    message = stanza("message", type_="normal", id_=identifier, from_=settings.CHATOPS_DOMAIN)
    if subject:
        add(message, f"{{{CLIENT}}}subject", subject)
    add(message, f"{{{CLIENT}}}body", body)
    if wants_receipt:
        add(message, f"{{{RECEIPTS}}}request")
    return serialise(message).decode()
