"""One process: everybody is here."""

import asyncio
import logging
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction
from django.utils import timezone

from chatops.bridge.cluster.base import News
from chatops.core.database import in_db
from chatops.core.live import from_row
from chatops.core.models import Ring
from chatops.core.wire import Session
from chatops.delivery.models import NODE
from chatops.xmpp.errors import Overloaded

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.3  # how soon a management command's news is heard


class LocalCluster:
    """The one-process cluster; news from commands comes over the table."""

    node = NODE

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener: asyncio.Task[None] | None = None
        self._hear: News = _ignore

    async def start(self, hear: News) -> None:
        self._hear = hear
        self._listener = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    def announce(self, session: Session) -> None:
        """Nobody else is there to know."""

    def withdraw(self, session: Session) -> None:
        """Nobody else is there to know."""

    def elsewhere(self, bare: str) -> Collection[Session]:
        return ()

    def tell(self, news: object) -> None:
        self._loop.call_soon_threadsafe(self._hear, news)

    def is_watched(self, group: str) -> bool:
        """The layer in memory knows; another one is asked each time."""
        layer = get_channel_layer()
        return not isinstance(layer, InMemoryChannelLayer) or group in layer.groups

    async def page(self, group: str, event: dict[str, Any]) -> None:
        await get_channel_layer().group_send(group, {"type": "live.event", **event})

    async def _listen(self) -> None:
        """Read the news that processes without a bridge have left."""
        while True:
            try:
                for news in await in_db(_collect):
                    self._hear(news)
            except Overloaded:
                logger.warning("news from commands must wait: the database is not available")
            await asyncio.sleep(POLL_SECONDS)


def _collect() -> list[object]:
    """Take the rows away; old ones that no running service can have missed are dropped."""
    if not Ring.objects.exists():
        return []
    with transaction.atomic():
        rows = list(Ring.objects.order_by("id"))
        Ring.objects.filter(pk__in=[row.pk for row in rows]).delete()
    limit = timezone.now() - timedelta(minutes=5)
    return [
        news
        for row in rows
        if row.rung_at > limit and (news := from_row(row.kind, row.payload)) is not None
    ]


def _ignore(news: object) -> None:
    """Before the start there is nobody to tell."""
