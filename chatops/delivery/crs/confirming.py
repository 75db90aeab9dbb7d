"""What devices confirm by CRS: a message of whoever, found by the device and the message's id."""

from collections import OrderedDict
from collections.abc import Awaitable
from datetime import UTC, datetime
from functools import partial

from chatops.core.database import in_db
from chatops.core.wire import Session
from chatops.delivery import acknowledgements
from chatops.delivery.crs.people import switched
from chatops.delivery.crs.stanzas import Confirmation, offline_mark
from chatops.delivery.crs.waits import waits
from chatops.delivery.models import EventKind, State
from chatops.delivery.receipts import stored, tell_pages
from chatops.delivery.tracking import TrackedDelivery, ledger
from chatops.xmpp.stanzas import Packed

REMEMBERED = 50_000  # of device and id; what was sent before them is looked up
LONGEST_ID = 1_023  # as the archive has them; what is longer is confirmed by other means
MOST_ALIKE = 10  # messages that different people gave the same id


class Sent:
    """What went to devices whose word counts, while memory has it."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, str], list[TrackedDelivery]] = OrderedDict()

    def remember(self, stanza_id: str, delivery: TrackedDelivery) -> None:
        if not 0 < len(stanza_id) <= LONGEST_ID:
            return
        key = delivery.device_id, stanza_id
        # One that is offered again takes the place of what was offered before.
        others = [each for each in self._known.get(key, ()) if each.id != delivery.id]
        self._known[key] = [*others[1 - MOST_ALIKE :], delivery]
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def recall(self, device_id: int, stanza_id: str) -> TrackedDelivery | None:
        """The oldest with that id which the device has not confirmed; each is found once."""
        key = device_id, stanza_id
        found = [each for each in self._known.pop(key, ()) if not each.gone]
        if not found:
            return None
        unconfirmed = (each for each in found if each.state < State.CONFIRMED)
        delivery = next(unconfirmed, found[0])
        found.remove(delivery)
        if found:
            self._known[key] = found
        return delivery

    def note(self, bare: str, stanza_id: str, delivery: TrackedDelivery) -> None:
        """A device of that account is sent it now; it may say so where it has CRS on."""
        if switched.has(bare):
            self.remember(stanza_id, delivery)


sent = Sent()


def confirm(session: Session, confirmation: Confirmation) -> Awaitable[None] | None:
    """Write down that the session's device has the message; an unknown id confirms nothing.

    The stanza that says so counts as handled when that is stored. What memory does not know is
    looked up before the session's next stanza is read, so a flood of such costs its sender only.
    """
    if not 0 < len(confirmation.stanza_id) <= LONGEST_ID:
        return None
    delivery = sent.recall(session.device_id, confirmation.stanza_id)
    if delivery is None:
        return _look_up(session, confirmation)
    receipt = delivery.confirm_now(EventKind.CONFIRMED, confirmation.detail, session.door)
    return stored([receipt], partial(sent.remember, confirmation.stanza_id, delivery))


async def _look_up(session: Session, confirmation: Confirmation) -> None:
    ledger.flush()  # what is known of it goes first
    message_id = await in_db(
        acknowledgements.confirm,
        user_id=session.user_id,
        device_id=session.device_id,
        stanza_id=confirmation.stanza_id,
        door=session.door,
        detail=confirmation.detail,
    )
    if message_id is not None:
        tell_pages(message_id)


def offer(session: Session, packed: Packed, stanza_id: str, delivery: TrackedDelivery) -> Packed:
    """A queued message as this session gets it; where it has CRS on, its word is waited for."""
    by_recipient = switched.has(session.bare)
    waits.follow(delivery, by_recipient=by_recipient)
    if not by_recipient:
        return packed
    sent.remember(stanza_id, delivery)
    return packed.with_child(offline_mark(datetime.now(UTC)))
