"""Notifications on their way: one at a time for each registration, some for each app server.

What comes while one is in flight goes out with the next, so a burst costs two. Whoever does not
answer is asked again after growing pauses, and given up in the end (XEP-0357 section 7.1).
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from django.conf import settings

from chatops.contacts.privacy import guard
from chatops.core.database import in_db
from chatops.core.ids import new_id
from chatops.core.journal import Write
from chatops.core.wire import Unanswered, running, wire
from chatops.delivery.models import EventKind
from chatops.delivery.receipts import tell_pages
from chatops.delivery.writes import event_write
from chatops.push import services
from chatops.push.news import News
from chatops.push.summary import publication
from chatops.push.targets import Target
from chatops.push.writes import failed_write, sent_write
from chatops.xmpp.elements import Element
from chatops.xmpp.errors import Overloaded
from chatops.xmpp.jid import parse

AT_ONCE = 20  # notifications in flight to one app server
LONGEST_PAUSE_SECONDS = 3600
LONGEST_DETAIL = 500
# They say that something is not so at the moment, whatever type of error they come with.
_PASSING = frozenset(
    (
        "internal-server-error",
        "recipient-unavailable",
        "remote-server-timeout",
        "resource-constraint",
    )
)


class Lane:
    """The registrations with one app server that have something to tell it."""

    def __init__(self) -> None:
        self.waiting: deque[Target] = deque()
        self.running = 0


class Sender:
    """Sends what registrations have to tell."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._busy: set[int] = set()  # registrations that wait in a lane, or are in flight

    def announce(self, target: Target, news: News) -> None:
        """The device has missed something."""
        target.note(news)
        self.want(target)

    def want(self, target: Target) -> None:
        """Send what the registration has to tell, unless it is under way or pausing."""
        if target.row.id in self._busy or target.retry is not None or target.gone:
            return
        if not target.unsent or not running():
            return
        self._busy.add(target.row.id)
        lane = self._lanes.setdefault(target.row.jid, Lane())
        lane.waiting.append(target)
        self._go_on(target.row.jid, lane)

    def _go_on(self, jid: str, lane: Lane) -> None:
        while lane.waiting and lane.running < AT_ONCE:
            lane.running += 1
            wire().spawn(self._work(jid, lane, lane.waiting.popleft()))
        if not lane.running:
            self._lanes.pop(jid, None)

    async def _work(self, jid: str, lane: Lane, target: Target) -> None:
        try:
            if target.has_been_here():
                target.forget()
            elif target.unsent:
                await self._tell(target)
        finally:
            lane.running -= 1
            self._busy.discard(target.row.id)
            if running():
                self._go_on(jid, lane)
                self.want(target)

    async def _tell(self, target: Target) -> None:
        target.begin()
        messages = target.waiting
        try:
            requests = await in_db(services.count_requests, user_id=target.row.user_id)
        except Overloaded:
            requests = 0
        payload = publication(
            target.row, messages=messages, requests=requests, latest=target.latest
        )
        try:
            await _ask(target, payload)
        except Unanswered as failure:
            await self._take_failure(target, failure)
        else:
            target.failures = 0
            # Fewer where the device has been here meanwhile.
            waiting = min(messages, target.waiting)
            write = sent_write(target.row.id, moment=new_id(), waiting=waiting)
            await _stored([write, *_told(target)])
            for news in target.arrived():
                if news.in_ledger:
                    tell_pages(news.message_id)

    async def _take_failure(self, target: Target, failure: Unanswered) -> None:
        """Ask again later what may pass; with the rest, or after too many, it is over."""
        if target.gone:
            return
        target.failures += 1
        target.take_back()
        passing = failure.type == "wait" or failure.condition in _PASSING
        target.broken = not passing or target.failures >= settings.CHATOPS_PUSH_FAILURES
        if target.broken:
            target.end()
        else:
            pause = pause_after(target.failures)
            target.retry = wire().loop.call_later(pause, self._try_again, target)
        await _stored(
            [
                failed_write(
                    target.row.id,
                    moment=new_id(),
                    failures=target.failures,
                    error=str(failure),
                    broken=target.broken,
                )
            ]
        )

    def _try_again(self, target: Target) -> None:
        target.retry = None
        self.want(target)


async def _ask(target: Target, payload: Element) -> None:
    """Raises Unanswered; whom its owner may not ask, the service does not ask for him."""
    owner, to = parse(target.row.bare), parse(target.row.jid)
    if not guard.takes_iq(owner, to, wire().session(to) if to.resource else None):
        raise Unanswered("service-unavailable", "cancel", "Nothing there answers that request.")
    await wire().ask(to, payload, type_="set")


def pause_after(failures: int) -> float:
    """Each pause is twice the one before, up to an hour."""
    return float(
        min(settings.CHATOPS_PUSH_RETRY_SECONDS * 2 ** (failures - 1), LONGEST_PAUSE_SECONDS)
    )


def _told(target: Target) -> Iterable[Write]:
    """The lines in the timelines of what the app server knows now."""
    for news in target.in_flight.values():
        if news.in_ledger:
            yield event_write(
                news.message_id,
                EventKind.NOTIFIED,
                recipient_id=target.row.user_id,
                device_id=target.row.device_id,
                node=wire().node,
                detail=target.row.jid[:LONGEST_DETAIL],
            )


async def _stored(writes: list[Write]) -> None:
    """Wait for it, so that a registration's rows are written one after the other."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def finish() -> None:
        if not done.done():
            done.set_result(None)

    wire().commit(writes, finish, finish)
    await done


sender = Sender()
