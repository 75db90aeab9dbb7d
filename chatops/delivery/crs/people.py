"""Who has CRS switched on, in memory, for the loop: the message path asks here."""

import asyncio

from django.conf import settings

from chatops.core.database import in_db
from chatops.delivery import acknowledgements


class Switched:
    """All of them, by bare JID."""

    def __init__(self) -> None:
        self.everybody = bool(settings.CHATOPS_CRS)
        self._known: set[str] = set()
        self._turn = asyncio.Lock()

    def __bool__(self) -> bool:
        """Whether anybody has."""
        return self.everybody or bool(self._known)

    def has(self, bare: str) -> bool:
        return bare in self._known or self.everybody

    async def load_all(self) -> None:
        """At the start of the service."""
        self._known = set(await in_db(acknowledgements.people))

    async def read_again(self, user_id: int, bare: str) -> None:
        """Take in what the database has now; one after the other, so that the newest stays."""
        async with self._turn:
            if await in_db(acknowledgements.has_it_on, user_id=user_id):
                self._known.add(bare)
            else:
                self._known.discard(bare)

    def forget(self, bare: str) -> None:
        """The account is gone."""
        self._known.discard(bare)


switched = Switched()
