"""The running service: sessions, router, journal and cluster in one, as core.wire shows it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any

from chatops.accounts.services import SessionsEnd
from chatops.bridge.cluster.base import Cluster
from chatops.bridge.cluster.local import LocalCluster
from chatops.bridge.journal import Journal
from chatops.bridge.messages import MessagePath
from chatops.bridge.questions import PATIENCE_SECONDS, ask_address
from chatops.bridge.router import Router
from chatops.bridge.session_table import SessionTable
from chatops.bridge.sessions import LiveSession
from chatops.core import live
from chatops.core import wire as wire_seat
from chatops.core.database import in_db
from chatops.core.discovery import load_handlers
from chatops.core.features import registry
from chatops.core.journal import Write
from chatops.core.wire import Session, wire
from chatops.delivery import returns
from chatops.delivery.tracking import ledger
from chatops.xmpp.elements import Element
from chatops.xmpp.errors import Overloaded
from chatops.xmpp.jid import JID

logger = logging.getLogger(__name__)

PULSE_SECONDS = 3
PAGE_SECONDS = 0.25  # a live page hears of a group at most this often


class Service:
    """Everything between the doors and the database; implements core.wire.Wire."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.started = time.time()
        self.sessions = SessionTable()
        self.journal = Journal(self.loop)
        self.router = Router(MessagePath())
        self.cluster: Cluster = LocalCluster()
        self.node = self.cluster.node
        self._work: set[asyncio.Task[None]] = set()
        self._pages: dict[str, dict[str, Any]] = {}
        self._pulse: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the handlers, take up what an earlier run has left, and be there for all apps."""
        load_handlers()
        recovered = await in_db(returns.recover)
        if recovered:
            logger.info("deliveries taken up again after a restart: %d", recovered)
        for begin in registry.beginnings:
            await begin()
        self.journal.start()
        wire_seat.install(self)
        await self.cluster.start(self._hear)
        live.hang(self.cluster.tell)
        self._pulse = self.loop.create_task(self._beat())

    async def stop(self) -> None:
        """Write what is still to be written, and be gone."""
        live.hang(None)
        if self._pulse is not None:
            self._pulse.cancel()
        await self.cluster.stop()
        ledger.flush()
        await self._finish_work()
        ledger.flush()
        await self.journal.close()
        await asyncio.sleep(0)  # the journal's last calls
        wire_seat.install(None)

    async def _finish_work(self, patience: float = 3) -> None:
        while self._work:
            done, _ = await asyncio.wait(self._work, timeout=patience)
            if not done:
                break
        for task in self._work:
            task.cancel()

    def dismiss(self) -> None:
        """End all sessions, through whichever door they came, because the service stops."""
        for end in registry.endings:
            end()
        for session in self.sessions.all():
            session.end("system-shutdown", "The service is stopping.")

    # stream.Gate

    def session_over(self, session: LiveSession) -> None:
        """Once for each session: it is out of the table, and the features may clean up."""
        self.sessions.remove(session)
        self.cluster.withdraw(session)
        self.spawn(self.router.session_ended(session))

    # core.wire.Wire

    def sessions_of(self, bare: str) -> Collection[Session]:
        here: Collection[Session] = self.sessions.of(bare)
        elsewhere = self.cluster.elsewhere(bare)
        return [*here, *elsewhere] if elsewhere else here

    def session(self, full: JID) -> Session | None:
        return self.sessions.get(full)

    def all_sessions(self) -> Collection[Session]:
        return self.sessions.all()

    def route(self, stanza: Element) -> None:
        self.router.route(stanza)

    def reaches(self, jid: JID) -> bool:
        return self.router.reaches(jid)

    async def ask(
        self,
        to: JID,
        payload: Element,
        *,
        type_: str = "get",
        patience: float = PATIENCE_SECONDS,
    ) -> Element | None:
        return await ask_address(to, payload, type_=type_, patience=patience)

    def send_for(
        self, session: Session, stanza: Element, finished: Callable[[], None]
    ) -> Awaitable[None] | None:
        return self.router.send_for(session, stanza, finished)

    def commit(
        self,
        writes: Sequence[Write],
        done: Callable[[], None],
        failed: Callable[[], None] | None = None,
    ) -> None:
        self.journal.submit(writes, done, failed)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._worked)

    def tell(self, news: object) -> None:
        self.cluster.tell(news)

    def page(self, group: str, event: dict[str, Any]) -> None:
        """The newest event of each group, a few times a second: nobody reads faster."""
        if not self.cluster.is_watched(group):  # as almost every message's
            return
        if not self._pages:
            self.loop.call_later(PAGE_SECONDS, self._turn_pages)
        self._pages[group] = event

    # Inside

    async def _beat(self) -> None:
        """The start page's figures change all the time."""
        while True:
            await asyncio.sleep(PULSE_SECONDS)
            self.page("dashboard", {})

    def _turn_pages(self) -> None:
        pages, self._pages = self._pages, {}
        self.spawn(self._send_pages(pages))

    async def _send_pages(self, pages: dict[str, dict[str, Any]]) -> None:
        for group, event in pages.items():
            await self.cluster.page(group, event)

    def _worked(self, task: "asyncio.Task[None]") -> None:
        self._work.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, Overloaded):  # it is known already why, and of everybody
            logger.warning("something in the background was left undone")
        else:
            logger.error("in the background", exc_info=error)

    def _hear(self, news: object) -> None:
        for ear in live.ears(news):
            self.spawn(ear(news))


@live.hears(SessionsEnd)
async def end_sessions(news: SessionsEnd) -> None:
    """An administrator, a new password or a removal ends sessions: one resource's, or all."""
    for session in list(wire().sessions_of(news.bare)):
        if session.jid.resource == news.spared:
            continue
        if session.since <= news.at and news.resource in ("", session.jid.resource):
            session.end(news.condition, news.text)
