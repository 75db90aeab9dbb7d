"""What the service itself tells people about rooms, on the wire."""

from django.conf import settings

from chatops.xmpp.elements import add, serialise, stanza
from chatops.xmpp.names import CLIENT, RECEIPTS


def system_message(*, identifier: str, subject: str, body: str) -> str:
    """A message that waits for the absent, and asks for a receipt (XEP-0184).

    It is addressed when it is handed over.
    """
    message = stanza("message", type_="normal", id_=identifier, from_=settings.CHATOPS_DOMAIN)
    if subject:
        add(message, f"{{{CLIENT}}}subject", subject)
    add(message, f"{{{CLIENT}}}body", body)
    add(message, f"{{{RECEIPTS}}}request")
    return serialise(message).decode()
