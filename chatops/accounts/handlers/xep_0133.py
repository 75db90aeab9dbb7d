"""Service administration, XEP-0133: what administrators do with people, from their clients.

The same services, permissions and trail as in the browser. Announcements are in `notices`,
what concerns rosters in `contacts`; passwords are told to nobody.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from chatops.accounts import services
from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.core.commands import ADMIN, Call, Done, command
from chatops.core.database import in_db
from chatops.core.features import Feature
from chatops.core.wire import Session, wire
from chatops.xmpp.errors import BadRequest, Refused
from chatops.xmpp.forms import FormField

VIEW = "accounts.view_user"
IDLE_SECONDS = 600  # so long after its last stanza a device counts as idle
MOST_LISTED = 1_000

ONE = FormField("accountjid", "jid-single", "The person's address", required=True)
MANY = FormField("accountjids", "jid-multi", "The people's addresses", required=True)
HOW_MANY = FormField(
    "max_items",
    "list-single",
    "How many at most",
    values=["none"],
    options=[(each, each) for each in ("25", "50", "75", "100", "150", "200", "none")],
)

administration = Feature(
    "XEP-0133",
    (),
    at=(),
    level="partial",
    note="People, sessions, figures and announcements; no message of the day, no welcome message.",
)


def actor_of(call: Call) -> Actor:
    """Who acts, for the trail."""
    session = call.session
    return Actor.client(session.bare, session.user_id, session.address or None)


@command(
    f"{ADMIN}#add-user",
    "Add a person",
    permission="accounts.add_user",
    fields=(
        ONE,
        FormField("password", "text-private", "Password", required=True),
        FormField("password-verify", "text-private", "Password again", required=True),
        FormField("email", label="Email address"),
        FormField("given_name", label="Given name"),
        FormField("surname", label="Family name"),
    ),
)
async def add_person(call: Call) -> Done:
    """Section 4.1."""
    password = call.form.text("password") or ""
    if password != (call.form.text("password-verify") or ""):
        raise BadRequest("The two passwords differ.")
    name = " ".join(part for part in (call.text("given_name"), call.text("surname")) if part)

    def add() -> User:
        address = call.text("accountjid")
        new = services.new_user(address, name=name, email=call.text("email"))
        services.must_be_strong(password, user=new)
        return services.add_account(
            address, password=password, by=actor_of(call), name=name, email=call.text("email")
        )

    user = await in_db(add)
    return Done(f"{user.jid} is added.")


@command(f"{ADMIN}#delete-user", "Delete people", permission="accounts.delete_user", fields=(MANY,))
async def delete_people(call: Call) -> Done:
    """Section 4.2."""
    return await _with_each(call, "deleted", services.remove_account)


@command(
    f"{ADMIN}#disable-user", "Suspend people", permission="accounts.suspend_user", fields=(MANY,)
)
async def suspend_people(call: Call) -> Done:
    """Section 4.3."""
    return await _with_each(call, "suspended", services.suspend, reason="")


@command(
    f"{ADMIN}#reenable-user",
    "End people's suspension",
    permission="accounts.suspend_user",
    fields=(MANY,),
)
async def resume_people(call: Call) -> Done:
    """Section 4.4."""
    return await _with_each(call, "active again", services.resume)


@command(
    f"{ADMIN}#end-user-session",
    "Log people out",
    permission="accounts.end_sessions",
    fields=(MANY,),
)
async def log_out(call: Call) -> Done:
    """Section 4.5: all devices of an account, or the one that is named."""

    def end() -> int:
        parts = [address.partition("/") for address in call.values("accountjids")]
        named = [(services.find(bare), resource) for bare, _, resource in parts]
        with transaction.atomic():
            for user, resource in named:
                services.end_sessions(user, by=actor_of(call), resource=resource)
        return len(named)

    return Done(f"{await in_db(end)} logged out.")


@command(
    f"{ADMIN}#change-user-password",
    "Set a person's password",
    permission="accounts.reset_password",
    fields=(ONE, FormField("password", "text-private", "The new password", required=True)),
)
async def set_password(call: Call) -> Done:
    """Section 4.7."""
    password = call.form.text("password") or ""

    def change() -> User:
        user = services.find(call.text("accountjid"))
        services.must_be_strong(password, user=user)
        services.set_password(user, password=password, by=actor_of(call))
        return user

    user = await in_db(change)
    return Done(f"The password of {user.jid} is changed; all devices must log in anew.")


@command(
    f"{ADMIN}#get-user-lastlogin",
    "When somebody was last there",
    permission=VIEW,
    fields=(MANY,),
)
async def tell_last_login(call: Call) -> Done:
    """Section 4.9: of the first who is named."""
    user = await in_db(services.find, call.text("accountjids"))
    online = bool(wire().sessions_of(user.jid))
    seen = "online now" if online else user.last_seen and f"{user.last_seen:%Y-%m-%dT%H:%M:%SZ}"
    return Done(
        fields=(
            FormField("accountjids", "jid-multi", values=[user.jid]),
            FormField("lastlogin", label="Last there", values=[seen or "never"]),
        )
    )


def _count(node: str, var: str, name: str, find: Callable[[], Iterable[str]]) -> None:
    """Sections 4.13 to 4.17: a number."""

    @command(f"{ADMIN}#get-{node}-num", f"How many {name}", permission=VIEW)
    async def tell(call: Call) -> Done:
        number = await in_db(_number_of, find())
        return Done(
            fields=(FormField(f"{var}num", label=f"How many {name}", values=[str(number)]),)
        )


def _first(found: Iterable[str], most: int) -> list[str]:
    return list(islice(found, most))


def _number_of(found: Iterable[str]) -> int:
    return found.people.count() if isinstance(found, Addresses) else sum(1 for _ in found)


def _list(node: str, var: str, name: str, find: Callable[[], Iterable[str]]) -> None:
    """Sections 4.18 to 4.22: addresses."""

    @command(f"{ADMIN}#{node}", f"Who is {name}", permission=VIEW, fields=(HOW_MANY,))
    async def tell(call: Call) -> Done:
        wanted = call.text("max_items")
        most = int(wanted) if wanted.isdecimal() and len(wanted) < 6 else MOST_LISTED
        found = await in_db(_first, find(), min(most, MOST_LISTED))
        return Done(fields=(FormField(f"{var}jids", "jid-multi", f"Who is {name}", values=found),))


class Addresses:
    """People's addresses, read as far as somebody goes through them."""

    def __init__(self, people: QuerySet[User]) -> None:
        self.people = people

    def __iter__(self) -> Iterator[str]:
        for user in self.people.order_by("username").iterator(1_000):
            yield user.jid


def _registered() -> Iterable[str]:
    return Addresses(User.objects.all())


def _suspended() -> Iterable[str]:
    return Addresses(User.objects.filter(is_active=False))


def _online() -> list[str]:
    return sorted({session.bare for session in wire().all_sessions()})


def _active() -> list[str]:
    return sorted({session.bare for session in wire().all_sessions() if not _is_idle(session)})


def _idle() -> list[str]:
    return sorted({*_online()} - {*_active()})


def _is_idle(session: Session) -> bool:
    return time.time() - session.last_active > IDLE_SECONDS


for _node, _var, _name, _find in (
    ("registered-users", "registereduser", "registered", _registered),
    ("disabled-users", "disableduser", "suspended", _suspended),
    ("online-users", "onlineuser", "online", _online),
    ("active-users", "activeuser", "online and active", _active),
    ("idle-users", "idleuser", "online and idle", _idle),
):
    _count(_node, f"{_var}s", _name, _find)
    # Sections 4.21 and 4.22 name their nodes otherwise than the rest.
    _short = _node in ("active-users", "idle-users")
    _list(f"get-{_node}" if _short else f"get-{_node}-list", _var, _name, _find)


async def _with_each(call: Call, done: str, verb: Callable[..., None], **more: Any) -> Done:
    """Do it to everybody who is named, or to nobody. Raises what the service raises."""

    def work() -> list[str]:
        people = [services.find(address) for address in call.values("accountjids")]
        if not people:
            raise BadRequest("Nobody is named.")
        names = [user.jid for user in people]
        for user in people:
            try:
                verb(user, by=actor_of(call), **more)
            except Refused as refusal:
                raise type(refusal)(f"{user.jid}: {refusal.sentence}") from refusal
        return names

    return Done(f"{', '.join(await in_db(_at_once, work))}: {done}.")


def _at_once(work: Callable[[], list[str]]) -> list[str]:
    with transaction.atomic():
        return work()
