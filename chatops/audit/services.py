"""Writing the audit trail."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from chatops.audit.models import Entry


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, through which door."""

    name: str
    door: str
    user_id: int | None = None
    address: str | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """The person behind a request of the browser."""
        user = request.user
        assert isinstance(user, AbstractBaseUser | AnonymousUser)  # noqa: S101 - narrows for mypy
        return cls(str(user), "browser", user.pk, request.META.get("REMOTE_ADDR") or None)

    @classmethod
    def client(cls, jid: str, user_id: int | None, address: str | None = None) -> Self:
        """An XMPP client."""
        return cls(jid, "xmpp", user_id, address)

    @classmethod
    def command(cls, name: str) -> Self:
        """A management command."""
        return cls(name, "command")

    @classmethod
    def task(cls, name: str) -> Self:
        """A job that runs by itself."""
        return cls(name, "task")


def record(actor: Actor, action: str, target: object, **details: Any) -> Entry:
    """Note a deed, in the caller's transaction. Details must be fit for JSON, without secrets."""
    entry = _entry(actor, action, target, details)
    entry.save()
    return entry


def origin_of(account: str) -> Entry | None:
    """How, by whom and from where an account was made the last time; None where nobody noted it."""
    made = Entry.objects.filter(action="account.add", target=account)
    return made.order_by("-pk").first()


def record_each(actor: Actor, action: str, targets: Iterable[object], **details: Any) -> None:
    """Note the same deed for many, in the caller's transaction."""
    Entry.objects.bulk_create(_entry(actor, action, target, details) for target in targets)


def _entry(actor: Actor, action: str, target: object, details: dict[str, Any]) -> Entry:
    return Entry(
        actor_id=actor.user_id,
        actor_name=actor.name,
        door=actor.door,
        address=actor.address,
        action=action,
        target=str(target),
        details=details,
    )
