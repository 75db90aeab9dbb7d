"""Who may see whose presence: asked here, answered by whoever keeps the rosters, further up."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

Judge: TypeAlias = Callable[[str, str], Awaitable[bool]]

_judges: list[Judge] = []


def judges(judge: Judge) -> Judge:
    """Have ``judge(asker, owner)``, two bare JIDs, decide."""
    _judges[:] = [judge]
    return judge


async def sees_presence(asker: str, owner: str) -> bool:
    """Whether the owner's presence is shown to the asker; one's own always is."""
    if asker == owner:
        return True
    return bool(_judges) and await _judges[0](asker, owner)
