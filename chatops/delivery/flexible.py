"""Who looks through the offline queue himself (XEP-0013), so that it is not sent unasked."""

from typing import cast

from chatops.core.wire import wire

# Noted on a session that has asked about its queue: what is newer than this id comes as usual.
SINCE = "flexible retrieval since"


def since(bare: str) -> int:
    """The id above which an account's queue may be sent unasked; 0 for all of it."""
    return max(
        (cast(int, each.notes[SINCE]) for each in wire().sessions_of(bare) if SINCE in each.notes),
        default=0,
    )
