"""The live pages' WebSocket: says that something has changed; the page then fetches itself."""

import re
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

MOST_GROUPS = 120  # a page of the delivery log follows each message that it shows
GROUP = re.compile(r"dashboard|(message|notice|room|exports)-[0-9]{1,19}")
# The kind of a group → a permission that lets one follow it (any of them is enough).
PERMISSIONS = {
    "dashboard": (),
    "message": ("delivery.view_delivery", "notices.view_notice"),
    "notice": ("notices.view_notice",),
    "room": ("rooms.view_room",),
    "exports": ("delivery.view_exportjob",),
}


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """One page of one member of staff."""

    followed: set[str]

    async def connect(self) -> None:
        self.followed = set()
        user = self.scope.get("user")
        if user is None or not user.is_authenticated or not user.is_staff:
            await self.close(code=4003)
            return
        await self.accept()

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        """What is not JSON ends this connection, and nothing else."""
        try:
            content = await self.decode_json(text_data or "")
        except ValueError:
            await self.close(code=1007)
            return
        await self.receive_json(content)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """``{"follow": ["notice-1", …]}``; what one may not see is left out."""
        wanted = content.get("follow") if isinstance(content, dict) else None
        if not isinstance(wanted, list):
            return
        for group in wanted[:MOST_GROUPS]:
            if len(self.followed) >= MOST_GROUPS or not isinstance(group, str):
                return
            if GROUP.fullmatch(group) and await self._may_follow(group):
                self.followed.add(group)
                await self.channel_layer.group_add(group, self.channel_name)

    async def disconnect(self, code: int) -> None:
        for group in self.followed:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def live_event(self, event: dict[str, Any]) -> None:
        await self.send_json({key: value for key, value in event.items() if key != "type"})

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _may_follow(self, group: str) -> bool:
        user, permissions = self.scope["user"], PERMISSIONS[group.partition("-")[0]]
        if group.startswith("exports-") and group != f"exports-{user.pk}":
            return False  # nobody's but one's own
        return not permissions or any(user.has_perm(each) for each in permissions)
