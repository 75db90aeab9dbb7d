"""Whoever gets a name after somebody who left does not read what was said to the other."""

from django.utils import timezone

from chatops.accounts.models import User
from chatops.accounts.services import AccountRemoved, on_farewell
from chatops.archive import services
from chatops.audit.services import Actor
from chatops.core.live import hears


@on_farewell
def close_archive(user: User, by: Actor) -> None:
    """It is kept, as the retention says, under a name that is no address."""
    services.close(user.jid, at=timezone.now())


@hears(AccountRemoved)
async def forget_archive(news: AccountRemoved) -> None:
    """A command may have removed it; the message path still remembers."""
    services.forget(news.bare)
