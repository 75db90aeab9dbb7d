"""Is somebody still there? Time limits that all doors share."""

import secrets

from django.conf import settings

from chatops.bridge.sessions import REQUEST
from chatops.bridge.stream.stream import Stream
from chatops.xmpp.elements import add, serialise, stanza
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.names import PING


def check_life(stream: Stream, now: float) -> None:
    """Ask a silent client for a sign of life; end what does not give one, or does not log in."""
    if stream.session is None:
        if now - stream.began > stream.patience:
            stream.fault(StreamFault("connection-timeout", "Logging in took too long."))
        return
    silent = now - stream.last_received
    if silent > settings.CHATOPS_IDLE_TIMEOUT_SECONDS + settings.CHATOPS_ANSWER_TIMEOUT_SECONDS:
        stream.fault(StreamFault("connection-timeout", "No sign of life."))
    elif silent > settings.CHATOPS_IDLE_TIMEOUT_SECONDS and not stream.asked_for_life:
        stream.asked_for_life = True
        stream.write(REQUEST if stream.session.managed else _ping(stream.session.jid.full))


def _ping(to: str) -> bytes:
    """XEP-0199; the answer, or the error, is the sign."""
    request = stanza(
        "iq", type_="get", id_=f"alive-{secrets.token_hex(4)}", from_=settings.CHATOPS_DOMAIN, to=to
    )
    add(request, f"{{{PING}}}ping")
    return serialise(request)
