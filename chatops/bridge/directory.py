"""Which accounts exist, remembered for the message path."""

from collections import OrderedDict

from chatops.accounts.models import User
from chatops.accounts.services import AccountRemoved
from chatops.core.database import in_db
from chatops.core.live import hears

REMEMBERED = 20_000


class Directory:
    """Local part → primary key. Only accounts that exist are remembered: others may be made."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, int] = OrderedDict()

    def known(self, local: str) -> int | None:
        """The account's key if memory has it."""
        return self._known.get(local)

    async def find(self, local: str) -> int | None:
        """The account's key, from the database if need be; None where there is no such account."""
        if (known := self._known.get(local)) is not None:
            return known
        found = await in_db(_look_up, local)
        if found is not None:
            self._known[local] = found
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found

    def forget(self, local: str) -> None:
        self._known.pop(local, None)


def _look_up(local: str) -> int | None:
    return User.objects.filter(username=local).values_list("pk", flat=True).first()


directory = Directory()


@hears(AccountRemoved)
async def forget_account(news: AccountRemoved) -> None:
    directory.forget(news.bare.partition("@")[0])
