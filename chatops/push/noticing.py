"""Who has missed what: a device that is away at once, one that stays silent after a while."""

import logging
import time
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from itertools import chain

from django.conf import settings

from chatops.core.database import in_db
from chatops.core.wire import Session, running, wire
from chatops.push import services
from chatops.push.news import News, is_worth_waking_for, news_of
from chatops.push.sending import sender
from chatops.push.services import Missed
from chatops.push.targets import Target, targets
from chatops.xmpp.elements import parse as parse_element
from chatops.xmpp.elements import tag_of
from chatops.xmpp.errors import Overloaded
from chatops.xmpp.jid import parse

logger = logging.getLogger(__name__)

MOST_ON_TRIAL = 100  # messages of one device at a time
SHORTEST_TRIAL_SECONDS = 0.05
PEOPLE_AT_ONCE = 100


def is_away(session: Session | None) -> bool:
    """Whether what is sent now cannot reach the device: no session, or none with a connection."""
    return session is None or session.blocked_until_resumed


def notice(target: Target, news: News) -> None:
    """A message was stored, and sent to whoever is connected.

    Without XEP-0198 nothing shows whether it came to a device that is: if the connection breaks,
    the message goes back to the queue, and `catch_up` finds it there.
    """
    if target.gone or target.broken:
        return
    session = target.session()
    if is_away(session):
        sender.announce(target, news)
    elif session is not None and session.managed:
        _put_on_trial(target, news)


def notice_for(session: Session, news: News) -> None:
    """The same for what only one device was to get: it was said in a room that this one is in."""
    for target in targets.of(session.bare) or ():
        if target.row.device_id == session.device_id:
            notice(target, news)


def _put_on_trial(target: Target, news: News) -> None:
    """It went over a connection that may be dead, or to a program that sleeps."""
    target.on_trial[news.message_id] = news
    if len(target.on_trial) > MOST_ON_TRIAL:
        del target.on_trial[next(iter(target.on_trial))]
    if target.trial is None:
        grace = settings.CHATOPS_PUSH_GRACE_SECONDS
        target.trial = wire().loop.call_later(grace, _judge, target)


def _judge(target: Target) -> None:
    """Who was asked for an acknowledgement has shown life by now, or has missed it."""
    target.trial = None
    if not running():
        return
    session = target.session()
    seen = session.last_active if session is not None else 0.0
    grace = settings.CHATOPS_PUSH_GRACE_SECONDS
    now = time.time()
    for news in list(target.on_trial.values()):
        if news.at < seen:
            del target.on_trial[news.message_id]
        elif news.at + grace <= now:
            sender.announce(target, news)
    first = next(iter(target.on_trial.values()), None)
    if first is not None:
        pause = max(first.at + grace - now, SHORTEST_TRIAL_SECONDS)
        target.trial = wire().loop.call_later(pause, _judge, target)


async def catch_up(user_ids: Collection[int]) -> None:
    """Find what has come to these people's queues in another way than from a sender.

    Notices, what a lost connection has left, and what an earlier run of the service did not tell.
    """
    away = {
        user_id: [each for each in found if not each.broken and is_away(each.session())]
        for user_id, found in targets.of_people(user_ids).items()
    }
    people = [user_id for user_id, found in away.items() if found]
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        some = people[start : start + PEOPLE_AT_ONCE]
        with ExitStack() as reading:
            for target in chain.from_iterable(away[user_id] for user_id in some):
                reading.enter_context(target.read())
            try:
                found = await in_db(services.missed, user_ids=some)
            except Overloaded:
                logger.warning("people are not told what waits: the database is not available")
                continue  # the next thing that comes to their queues brings this along
            for missed in found:
                _consider(missed, away[missed.user_id])


def _consider(missed: Missed, away: Iterable[Target]) -> None:
    element, author = parse_element(missed.xml), parse(missed.sender)
    tags = {tag_of(child) for child in element}
    type_ = element.get("type", "normal")
    for target in away:
        if (target.row.device_id or 0) in missed.notified or not target.concerns(missed.message_id):
            continue
        if target.gone or not is_away(target.session()):
            continue
        if is_worth_waking_for(element, tags, type_, sender=author, owner=target.row.bare):
            news = news_of(element, tags, message_id=missed.message_id, sender=author)
            sender.announce(target, news)
