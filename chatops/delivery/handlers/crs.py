"""Server acknowledgement ("CRS"), a private extension: what happens at the service's moments.

The pipeline has the rest (`delivery.crs.policies`); what comes to the domain is taken with the
receipts (`xep_0184`).
"""

from chatops.accounts.services import AccountChanged, AccountRemoved
from chatops.core.features import Feature
from chatops.core.live import hears
from chatops.delivery.crs import waits
from chatops.delivery.crs.people import switched

crs = Feature("CRS", (), at=())  # nothing announces it: its clients know the service they talk to


@crs.when_started
async def take_up() -> None:
    """Know who has it on, and wait on for what was not confirmed before the restart."""
    await switched.load_all()
    await waits.take_up()


@hears(AccountChanged)
async def hear_of_switch(news: AccountChanged) -> None:
    """Perhaps it was switched on or off in the console."""
    await switched.read_again(news.user_id, news.bare)


@hears(AccountRemoved)
async def forget(news: AccountRemoved) -> None:
    """Whoever gets the name next begins without it."""
    switched.forget(news.bare)
