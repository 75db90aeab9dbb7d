"""When somebody arrives or leaves: what the floors above do along, in the same transaction.

    @on_arrival
    def give_a_desk(user: User, invitation: Invitation, by: Actor) -> None: ...

Such modules are imported by `ready` of their app, so that commands and pages do it, too.
"""

from collections.abc import Callable
from typing import TypeAlias

from chatops.accounts.models import Invitation, User
from chatops.audit.services import Actor

Arrival: TypeAlias = Callable[[User, Invitation, Actor], None]
Farewell: TypeAlias = Callable[[User, Actor], None]

_arrivals: list[Arrival] = []
_farewells: list[Farewell] = []


def on_arrival(welcome: Arrival) -> Arrival:
    """Have it called when somebody has made an account by an invitation."""
    _arrivals.append(welcome)
    return welcome


def on_farewell(part: Farewell) -> Farewell:
    """Have it called before an account is removed."""
    _farewells.append(part)
    return part


def greet(user: User, invitation: Invitation, by: Actor) -> None:
    for welcome in _arrivals:
        welcome(user, invitation, by)


def take_leave(user: User, by: Actor) -> None:
    for part in _farewells:
        part(user, by)
