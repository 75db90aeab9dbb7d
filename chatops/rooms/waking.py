"""Devices that are in a room and do not listen hear of what is said there (XEP-0357)."""

from collections.abc import Iterable

from chatops.push.news import is_worth_waking_for, news_of
from chatops.push.noticing import notice_for
from chatops.push.targets import targets
from chatops.rooms.occupants import Occupant
from chatops.xmpp.elements import Element, tag_of
from chatops.xmpp.jid import parse


def wake(
    listeners: Iterable[Occupant], element: Element, *, sender: str, author: str, message_id: int
) -> None:
    """After a message has gone out from `sender`; `author` is the real bare JID behind it."""
    if not targets:
        return
    tags, shown = {tag_of(child) for child in element}, parse(sender)
    if not is_worth_waking_for(element, tags, "chat", sender=shown, owner=author):
        return
    news = news_of(
        element, tags, message_id=message_id, sender=shown, in_ledger=False, from_room=True
    )
    for occupant in listeners:
        for device in occupant.devices.values():
            if device.session is not None and occupant.bare != author:
                notice_for(device.session, news)
