"""What services do to deliveries is told to the pages that show them."""

from chatops.core.live import hears
from chatops.core.wire import wire
from chatops.delivery.news import ExportMoved


@hears(ExportMoved)
async def tell_owner(news: ExportMoved) -> None:
    wire().page(f"exports-{news.owner_id}", {"exports": str(news.owner_id)})
