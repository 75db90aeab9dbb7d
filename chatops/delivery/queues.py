"""How much may wait for somebody who is absent."""

import time
from collections import OrderedDict
from collections.abc import Awaitable

from chatops.core.database import in_db
from chatops.core.envelope import Envelope
from chatops.core.limits import Limit
from chatops.delivery import services
from chatops.xmpp.errors import Unavailable

REMEMBERED = 20_000  # accounts whose queues' lengths are known
FRESH_SECONDS = 10  # so old a count may be when a message is refused for it

MESSAGES = Limit(
    "CHATOPS_MAX_OFFLINE_MESSAGES",
    "messages",
    "Messages that wait for one absent person; notices are not counted against it.",
    "service-unavailable",
)


class QueueFull(Unavailable):
    """Too many messages wait for this person already; try again when he has been here."""


_lengths: OrderedDict[int, tuple[int, float]] = OrderedDict()  # account → about so many, as of


def limit(envelope: Envelope) -> Awaitable[None] | None:
    """Refuse what would wait behind too many others (XEP-0160 section 3)."""
    if not envelope.offline or envelope.recipient_id is None or not MESSAGES.value:
        return None
    length, as_of = _lengths.get(envelope.recipient_id, (0, 0.0))
    if not as_of or (length >= MESSAGES.value and time.monotonic() - as_of > FRESH_SECONDS):
        return _count(envelope.recipient_id)
    _one_more(envelope.recipient_id, length, as_of)
    return None


async def _count(user_id: int) -> None:
    length = await in_db(services.count_waiting, user_id=user_id)
    if len(_lengths) >= REMEMBERED:
        _lengths.popitem(last=False)
    _one_more(user_id, length, time.monotonic())


def _one_more(user_id: int, length: int, as_of: float) -> None:
    _lengths[user_id] = length, as_of
    if MESSAGES.is_exceeded_by(length + 1):
        raise QueueFull
    _lengths[user_id] = length + 1, as_of


def forget(user_id: int) -> None:
    """The queue has changed otherwise: its length is to be asked for again."""
    _lengths.pop(user_id, None)
