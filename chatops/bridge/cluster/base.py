"""What many nodes need of each other; one process needs none of it, but asks the same questions."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Protocol

from chatops.core.wire import Session

News = Callable[[object], None]


class Cluster(Protocol):
    """The other nodes, as this one sees them."""

    @property
    def node(self) -> str:
        """This node's name, as the ledger writes it down."""

    async def start(self, hear: News) -> None:
        """Join; `hear` is called, on the loop, with the news of every process."""

    async def stop(self) -> None: ...

    def announce(self, session: Session) -> None:
        """Let the other nodes know of a session here, or that it changed."""

    def withdraw(self, session: Session) -> None:
        """The session is over."""

    def elsewhere(self, bare: str) -> Collection[Session]:
        """An account's sessions on other nodes; what is sent to them travels."""

    def tell(self, news: object) -> None:
        """News from this process to all of them, this one included. From any thread."""

    def is_watched(self, group: str) -> bool:
        """Whether somebody may have a page of that group open."""

    def page(self, group: str, event: dict[str, Any]) -> Awaitable[None]:
        """Tell the live pages of all nodes."""
