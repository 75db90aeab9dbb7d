"""Pages that show a room are told when something about it has changed, awake or not."""

from chatops.core.live import hears
from chatops.core.wire import wire
from chatops.rooms.news import RoomMoved


@hears(RoomMoved)
async def show(news: RoomMoved) -> None:
    wire().page(f"room-{news.room_id}", {})
