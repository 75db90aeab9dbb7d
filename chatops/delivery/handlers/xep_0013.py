"""Flexible offline message retrieval, XEP-0013: look at the queue, fetch and remove by hand.

A session that has asked about its queue is not sent it, nor is any other of its account as long
as that session lasts; what comes from then on is delivered as usual.
"""

from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, DOMAIN, Feature, Identity, Info, IqRequest, Item
from chatops.core.ids import new_id
from chatops.core.queueing import Outflow
from chatops.core.wire import Session, wire
from chatops.delivery import queues, services
from chatops.delivery.flexible import SINCE
from chatops.delivery.handlers.xep_0160 import late
from chatops.delivery.news import Waiting
from chatops.delivery.services import Owed
from chatops.xmpp.elements import Element, add, make, serialise
from chatops.xmpp.errors import BadRequest, Forbidden, NotFound
from chatops.xmpp.forms import FormField, build
from chatops.xmpp.names import OFFLINE
from chatops.xmpp.stanzas import Packed

MOST_LISTED = 1_000

flexible = Feature("XEP-0013", (OFFLINE,), at=(DOMAIN, ACCOUNT))


class NotYours(Forbidden):
    """A queue is its owner's alone."""


class NotQueued(NotFound):
    """No message of that node is waiting."""


class WhatToDo(BadRequest):
    """A request names items to view or to remove, or says fetch or purge."""


@flexible.info(ACCOUNT, node=OFFLINE)
async def count(request: IqRequest, info: Info) -> None:
    """Section 2.2: how many are waiting."""
    session = _begin(request)
    number = await in_db(services.count_waiting, user_id=session.user_id)
    info.identities.append(Identity("automation", "message-list", ""))
    info.features.add(OFFLINE)
    info.forms.append(
        build("result", OFFLINE, [FormField("number_of_messages", values=[str(number)])])
    )


@flexible.items(ACCOUNT, node=OFFLINE)
async def list_headers(request: IqRequest) -> list[Item]:
    """Section 2.3: who sent them, and by which node each is called."""
    session = _begin(request)
    waiting = await in_db(services.waiting, user_id=session.user_id, limit=MOST_LISTED)
    return [Item(session.bare, message.sender, str(message.message_id)) for message in waiting]


@flexible.iq("get", f"{{{OFFLINE}}}offline", at=(ACCOUNT,))
async def show(request: IqRequest) -> None:
    """Sections 2.4 and 2.6: some, or all; they stay in the queue."""
    session = _begin(request)
    wanted = _nodes(request.payload, "view")
    if wanted is None and request.payload.find(f"{{{OFFLINE}}}fetch") is None:
        raise WhatToDo
    messages = await in_db(
        services.waiting, user_id=session.user_id, message_ids=wanted, limit=MOST_LISTED
    )
    _must_be_all(messages, wanted)
    await in_db(
        services.note_viewed,
        user_id=session.user_id,
        device_id=session.device_id,
        message_ids=[message.message_id for message in messages],
    )
    out = Outflow(session)
    for message in messages:
        await out.send(_shown(message, session))


@flexible.iq("set", f"{{{OFFLINE}}}offline", at=(ACCOUNT,))
async def remove(request: IqRequest) -> None:
    """Sections 2.5 and 2.7."""
    session = _begin(request)
    queues.forget(session.user_id)
    wanted = _nodes(request.payload, "remove")
    if wanted is None:
        if request.payload.find(f"{{{OFFLINE}}}purge") is None:
            raise WhatToDo
        await in_db(services.remove_waiting, user_id=session.user_id, device_id=session.device_id)
        return
    messages = await in_db(
        services.waiting, user_id=session.user_id, message_ids=wanted, limit=len(wanted)
    )
    _must_be_all(messages, wanted)
    await in_db(
        services.remove_waiting,
        user_id=session.user_id,
        device_id=session.device_id,
        message_ids=wanted,
    )


@flexible.on_session("ended")
def give_up(session: Session) -> None:
    """What it left in the queue is for the devices that are there, or for the next login."""
    if SINCE in session.notes:
        wire().tell(Waiting((session.user_id,)))


def _begin(request: IqRequest) -> Session:
    session = request.own_session(NotYours)
    session.notes.setdefault(SINCE, new_id())
    return session


def _nodes(payload: Element, action: str) -> list[int] | None:
    """The messages that a request names; None where it names none."""
    items = payload.findall(f"{{{OFFLINE}}}item")
    if not items:
        return None
    if len(items) > MOST_LISTED or any(item.get("action") != action for item in items):
        raise WhatToDo
    nodes = [item.get("node", "") for item in items]
    if not all(node.isascii() and node.isdecimal() and len(node) < 20 for node in nodes):
        raise NotQueued
    return [int(node) for node in nodes]


def _must_be_all(messages: list[Owed], wanted: list[int] | None) -> None:
    if wanted is not None and {message.message_id for message in messages} != set(wanted):
        raise NotQueued


def _shown(message: Owed, session: Session) -> bytes:
    note = make(f"{{{OFFLINE}}}offline")
    add(note, f"{{{OFFLINE}}}item", node=str(message.message_id))
    packed: Packed = late(message, session.jid.domain).with_child(serialise(note))
    return packed.addressed(to=message.address(session.bare), sender=message.sender)
