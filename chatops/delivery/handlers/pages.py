"""What services do to deliveries is told to the pages that show them."""

from chatops.core.live import hears
from chatops.core.wire import wire
from chatops.delivery.news import ExportMoved, LedgerGrew
from chatops.delivery.receipts import tell_pages


@hears(ExportMoved)
async def tell_owner(news: ExportMoved) -> None:
    wire().page(f"exports-{news.owner_id}", {"exports": str(news.owner_id)})


@hears(LedgerGrew)
async def tell_lookers(news: LedgerGrew) -> None:
    for message_id in news.message_ids:
        tell_pages(message_id)
