"""A coroutine whose first step is done at once, and not when the loop comes to it."""

from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any


class Begun:
    """As a task that is started eagerly (Python 3.12 has those)."""

    def __init__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._coroutine = coroutine
        self._over = False
        self._pending: Any = None
        self._go_on(partial(coroutine.send, None))

    async def finish(self) -> None:
        """All the rest of it."""
        await self

    def __await__(self) -> Generator[Any, Any, None]:
        while not self._over:
            try:
                yield self._pending
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the coroutine's
                self._go_on(partial(self._coroutine.throw, error))
            else:
                self._go_on(partial(self._coroutine.send, None))

    def _go_on(self, step: Any) -> None:
        try:
            self._pending = step()
        except StopIteration:
            self._over = True
