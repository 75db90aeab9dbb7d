"""Ad-hoc commands, XEP-0050, as apps declare them: a node, who may, a form, and what is done.

    @command(
        f"{ADMIN}#delete-user",
        "Delete people",
        permission="accounts.delete_user",
        fields=(FormField("accountjids", "jid-multi", "Whom", required=True),),
    )
    async def delete_people(call: Call) -> Done:
        ...
        return Done("3 people are deleted.")

The bridge lists them, asks, checks the permission again and calls (`bridge.handlers.xep_0050`).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from chatops.core.wire import Session
from chatops.xmpp.elements import Element
from chatops.xmpp.forms import FormField, Submission

ADMIN = "http://jabber.org/protocol/admin"  # XEP-0133


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody runs a command; `form` is what he has filled in, empty where nothing was asked."""

    session: Session
    form: Submission

    def text(self, var: str) -> str:
        return (self.form.text(var) or "").strip()

    def values(self, var: str) -> list[str]:
        """All that was given, without blanks."""
        return [each.strip() for each in self.form.values.get(var, []) if each.strip()]


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it: a sentence, or fields of a result."""

    note: str = ""
    fields: Sequence[FormField] = field(default=())
    payload: Element | None = None  # what goes into the result's form beside its fields


Runner: TypeAlias = Callable[[Call], Awaitable[Done]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `needs` gives Django's permission for it, "" for everybody with an account."""

    node: str
    name: str
    run: Runner
    needs: Callable[[], str]
    fields: Sequence[FormField] = field(default=())
    form_type: str = ADMIN
    enabled: Callable[[], bool] = lambda: True


commands: dict[str, Command] = {}


def command(
    node: str,
    name: str,
    *,
    permission: str | Callable[[], str] = "",
    fields: Sequence[FormField] = (),
    form_type: str = ADMIN,
    enabled: Callable[[], bool] = lambda: True,
) -> Callable[[Runner], Runner]:
    """Declare a command of the service's."""

    def register(run: Runner) -> Runner:
        if node in commands:
            raise RuntimeError(f"{node} is declared twice")
        needs = permission if callable(permission) else lambda: permission
        commands[node] = Command(node, name, run, needs, fields, form_type, enabled)
        return run

    return register
