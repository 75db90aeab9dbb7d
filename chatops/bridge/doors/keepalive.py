"""Is somebody still there? Time limits that all doors share."""

from django.conf import settings

from chatops.bridge.stream.stream import Stream
from chatops.xmpp.errors import StreamFault


def check_life(stream: Stream, now: float) -> None:
    """Ask a silent client for a sign of life; end what does not give one, or does not log in.

    So a dead connection is found CHATOPS_ANSWER_TIMEOUT_SECONDS after it was sent something under
    XEP-0198, and in any case within that and CHATOPS_IDLE_TIMEOUT_SECONDS.
    """
    if stream.session is None:
        if now - stream.began > stream.patience:
            stream.fault(StreamFault("connection-timeout", "Logging in took too long."))
        return
    if stream.held_back:
        return  # it may have answered; its answer is not read yet
    if stream.asked_for_life:
        if now - stream.asked_for_life > settings.CHATOPS_ANSWER_TIMEOUT_SECONDS:
            stream.fault(StreamFault("connection-timeout", "No sign of life."))
    elif now - stream.last_received > settings.CHATOPS_IDLE_TIMEOUT_SECONDS:
        stream.ask_for_life()
