"""Blocking command, XEP-0191: what the default privacy list keeps away altogether."""

from collections.abc import Callable
from typing import Any

from chatops.accounts.models import User
from chatops.contacts import services
from chatops.contacts.handlers.privacy_changes import WANTS_BLOCKS, take_effect
from chatops.contacts.handlers.xep_0377 import Complaint, read_complaint
from chatops.contacts.privacy import guard
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, DOMAIN, Feature, IqRequest
from chatops.xmpp.elements import Element, add, make
from chatops.xmpp.errors import BadRequest, Forbidden, Malformed
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.names import BLOCKING

ITEM = f"{{{BLOCKING}}}item"

blocking = Feature("XEP-0191", (BLOCKING,), at=(DOMAIN,))


class NotYours(Forbidden):
    """A block list is its owner's alone."""


@blocking.iq("get", f"{{{BLOCKING}}}blocklist", at=(ACCOUNT,))
async def show(request: IqRequest) -> Element:
    """Section 3.2; from then on this device hears of changes."""
    session = request.own_session(NotYours)
    session.notes[WANTS_BLOCKS] = True
    found = make(f"{{{BLOCKING}}}blocklist")
    privacy = guard.of(session.bare)
    for jid in sorted(privacy.blocked) if privacy is not None else ():
        add(found, ITEM, jid=jid)
    return found


@blocking.iq("set", f"{{{BLOCKING}}}block", at=(ACCOUNT,))
async def block(request: IqRequest) -> None:
    """Section 3.3, with what is said of the addresses to administrators (XEP-0377)."""
    session = request.own_session(NotYours)
    jids = _jids(request.payload)
    if not jids:
        raise BadRequest("To block means to name at least one address.")
    complaints = [
        complaint
        for item in request.payload.iterchildren(ITEM)
        if (complaint := read_complaint(item)) is not None
    ]
    await in_db(_block, session.user_id, jids, complaints)
    await take_effect(session.user_id, session.bare)


@blocking.iq("set", f"{{{BLOCKING}}}unblock", at=(ACCOUNT,))
async def unblock(request: IqRequest) -> None:
    """Sections 3.4 and 3.5: some, or all."""
    session = request.own_session(NotYours)
    jids = _jids(request.payload)
    await in_db(_on, services.unblock, session.user_id, jids=jids or None)
    await take_effect(session.user_id, session.bare, all_at_once=not jids)


def _block(user_id: int, jids: list[str], complaints: list[Complaint]) -> None:
    user = User.objects.get(pk=user_id)
    services.block(user, jids=jids)
    for each in complaints:
        services.report(
            user, jid=each.jid, reason=each.reason, text=each.text, stanza_ids=each.stanza_ids
        )


def _on(verb: Callable[..., None], user_id: int, **arguments: Any) -> None:
    verb(User.objects.get(pk=user_id), **arguments)


def _jids(payload: Element) -> list[str]:
    try:
        return [parse(item.get("jid")).full for item in payload.iterchildren(ITEM)]
    except InvalidJID as error:
        raise Malformed from error
