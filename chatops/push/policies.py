"""Push notifications' part of the message pipeline (XEP-0357)."""

from functools import partial

from chatops.archive.policies import worth_tracking
from chatops.contacts.privacy import guard
from chatops.contacts.rules import MESSAGE
from chatops.core.database import in_db
from chatops.core.envelope import Dropped, Envelope
from chatops.core.wire import wire
from chatops.push import services
from chatops.push.news import is_worth_waking_for, news_of
from chatops.push.noticing import notice
from chatops.push.services import Enabled
from chatops.push.targets import targets
from chatops.xmpp.elements import Element
from chatops.xmpp.names import CARBONS, HINTS, PUBSUB

_PUBSUB = f"{{{PUBSUB}}}pubsub"
_AFFILIATIONS, _AFFILIATION = f"{{{PUBSUB}}}affiliations", f"{{{PUBSUB}}}affiliation"
_NOT_FOR_OTHERS = frozenset((f"{{{CARBONS}}}private", f"{{{HINTS}}}no-copy"))
_MAY_PUBLISH = frozenset(("owner", "publisher", "publish-only"))


def wake_devices(envelope: Envelope) -> None:
    """Have those told whose devices miss the message; for most people it is one look-up.

    The last policy: what comes this far is stored.
    """
    found = targets.of(envelope.to.bare)
    if found is None:
        return
    element, tags, bare = envelope.element, envelope.tags, envelope.to.bare
    if not is_worth_waking_for(element, tags, envelope.type, sender=envelope.sender, owner=bare):
        return
    news = news_of(
        element,
        tags,
        message_id=envelope.message_id,
        sender=envelope.sender,
        in_ledger=envelope.offline or worth_tracking(tags, envelope.type),
    )
    # What its sender wants nobody else to see is for the device that got it, and no other.
    alone = bool(envelope.to.resource and envelope.copies) and not tags.isdisjoint(_NOT_FOR_OTHERS)
    for target in found:
        session = target.session()
        if alone and (session is None or session.jid != envelope.to):
            continue
        if guard.lets_in(bare, envelope.sender, MESSAGE, session):
            envelope.after.append(partial(notice, target, news))


def hear_of_end(envelope: Envelope) -> None:
    """An app server takes no more notifications of that node (section 8)."""
    if _PUBSUB not in envelope.tags or envelope.type == "error":
        return
    found = targets.of(envelope.to.bare)
    said = envelope.element.find(_PUBSUB)
    if found is None or said is None:
        return
    nodes = _closed_nodes(said, envelope.to.bare)
    senders = (envelope.sender.full, envelope.sender.bare)
    ended = [each for each in found if each.row.jid in senders and each.row.node in nodes]
    if not ended:
        return
    for target in ended:
        target.let_go()  # at once, though the row goes a little later
        wire().spawn(_disable(target.row))
    raise Dropped


def _closed_nodes(said: Element, owner: str) -> set[str]:
    """Where the owner may no longer publish: in the words of this XEP, or of XEP-0060 §8.9.4."""
    return {
        group.get("node", "")
        for group in (said, *said.iterchildren(_AFFILIATIONS))
        for each in group.iterchildren(_AFFILIATION)
        if each.get("jid") == owner and each.get("affiliation") not in _MAY_PUBLISH
    }


async def _disable(row: Enabled) -> None:
    await in_db(services.disable, user_id=row.user_id, jid=row.jid, node=row.node)
