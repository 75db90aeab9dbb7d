"""Notices that were started, in whichever process: the service has its jobs send them.

Also where the live pages learn that a notice has come further.
"""

from chatops.core.database import in_db
from chatops.core.live import hears
from chatops.core.wire import wire
from chatops.notices import services
from chatops.notices.services import NoticeMoved, NoticeStarted, NoticeWanted


@hears(NoticeWanted)
async def start(news: NoticeWanted) -> None:
    """A command wants to tell those who are online; they are known here."""
    await in_db(services.start_as_asked, news.notice_id, command=news.command)


@hears(NoticeStarted)
async def send(news: NoticeStarted) -> None:
    """Enqueue the first chunk; the job goes on by itself."""
    await in_db(services.hand_to_jobs, news.notice_id)


@hears(NoticeMoved)
async def show(news: NoticeMoved) -> None:
    """The notice's live page."""
    wire().page(f"notice-{news.notice_id}", {})
