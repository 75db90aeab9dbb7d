"""Bells: how a service, in any process, tells those who run connections that something changed.

A bell is a frozen dataclass of plain values. `ring` tells it after the transaction has committed:
directly where the bridge runs in this process, else over a row that each running service reads.

    @bell
    class SessionsEnd:
        user_id: int

    ring(SessionsEnd(user_id=7))          # in a service
    @hears(SessionsEnd)                   # in what runs
    async def end(news: SessionsEnd) -> None: ...
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar, cast, dataclass_transform

from django.db import transaction

from chatops.core.models import Ring

logger = logging.getLogger(__name__)

B = TypeVar("B")
Hearer: TypeAlias = Callable[[B], Coroutine[Any, Any, None]]
Ear: TypeAlias = Callable[[Any], Coroutine[Any, Any, None]]

_kinds: dict[str, type] = {}
_ears: dict[str, list[Ear]] = defaultdict(list)
_tower: Callable[[Any], None] | None = None


@dataclass_transform(frozen_default=True)
def bell(kind: type[B]) -> type[B]:
    """Declare a kind of news: makes the class a frozen dataclass and lets it travel."""
    kind = dataclass(frozen=True)(kind)
    _kinds[_name(kind)] = kind
    return kind


def hears(kind: type[B]) -> Callable[[Hearer[B]], Hearer[B]]:
    """Have a coroutine called, on the bridge's loop, with every piece of news of that kind."""

    def register(ear: Hearer[B]) -> Hearer[B]:
        _ears[_name(kind)].append(ear)
        return ear

    return register


def ring(news: object) -> None:
    """Tell it when this transaction has committed (at once where there is none)."""
    if _tower is None:
        Ring.objects.create(kind=_name(type(news)), payload=asdict(news))  # type: ignore[call-overload]
    else:
        transaction.on_commit(partial(_tower, news))


def hang(tower: Callable[[Any], None] | None) -> None:
    """Set (or take away) what carries news to this process's loop, from any thread."""
    global _tower
    _tower = tower


def ears(news: object) -> list[Ear]:
    return _ears[_name(type(news))]


def from_row(kind: str, payload: dict[str, Any]) -> object | None:
    """News that came over the table; None for a kind that this version does not know."""
    known = _kinds.get(kind)
    if known is None:
        logger.warning("unknown news in the table: %s", kind)
        return None
    return cast(object, known(**payload))


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
