"""What may happen to rosters and subscriptions: one transaction each, told after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from chatops.accounts.models import User
from chatops.audit.services import Actor, record
from chatops.contacts.models import Roster, RosterItem, Subscription, SubscriptionRequest
from chatops.contacts.subscriptions import Kind, State, Step, inbound, outbound
from chatops.core.live import bell, ring
from chatops.xmpp.errors import BadRequest, NotAcceptable, NotAllowed, NotFound, TooMuch

LONGEST_NAME = 1_023
REMOVE = "remove"


@bell
class RosterChanged:
    """One item of somebody's roster, as it is now; subscription "remove" when it is gone."""

    bare: str
    version: int
    jid: str
    name: str
    groups: list[str]
    subscription: str
    ask: bool
    approved: bool


@bell
class RequestAnswered:
    """An administrator has answered a waiting request on somebody's behalf."""

    bare: str
    sender: str
    kind: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a subscription stanza has led to, for one side."""

    before: State
    step: Step
    change: RosterChanged | None


class NoSuchItem(NotFound):
    """There is no such contact in the roster."""


class OneselfInRoster(NotAllowed):
    """One cannot have oneself as a contact."""


class BadItem(NotAcceptable):
    """A name or a group of the contact is too long or empty."""


class RosterFull(TooMuch):
    """The roster has as many contacts as it may have."""


def roster_of(*, username: str) -> tuple[int, list[RosterChanged]] | None:
    """Version and items; None where there is no such account."""
    user = User.objects.filter(username=username).first()
    if user is None:
        return None
    version = _version(user)
    return version, [_view(item, version) for item in user.roster_items.all()]


def waiting_requests(*, user_id: int) -> list[str]:
    """The stanzas of requests that have not been answered, oldest first."""
    found = SubscriptionRequest.objects.filter(user_id=user_id).order_by("id")
    return list(found.values_list("stanza", flat=True))


@transaction.atomic
def set_item(
    user: User, *, jid: str, name: str, groups: Sequence[str], by: Actor | None = None
) -> RosterChanged:
    """Add a contact, or change its name and groups (RFC 6121 section 2.3 and 2.4)."""
    if jid == user.jid:
        raise OneselfInRoster
    if len(set(groups)) != len(groups):
        raise BadRequest("A group is named twice.")
    if len(name) > LONGEST_NAME or any(not 0 < len(group) <= LONGEST_NAME for group in groups):
        raise BadItem
    item = user.roster_items.filter(jid=jid).first()
    if item is None:
        if user.roster_items.count() >= settings.CHATOPS_MAX_ROSTER_ITEMS:
            raise RosterFull
        item = RosterItem(user=user, jid=jid)
        item.ask = False
    item.name, item.groups = name, list(groups)
    item.save()
    if by is not None:
        record(by, "roster.set", user, contact=jid, name=name, groups=list(groups))
    return _changed(user, item)


@transaction.atomic
def remove_item(user: User, *, jid: str, by: Actor | None = None) -> tuple[State, RosterChanged]:
    """Take a contact out; returns how both stood, so that the contact can be told (section 2.5)."""
    item = user.roster_items.filter(jid=jid).first()
    if item is None:
        raise NoSuchItem
    state = _state(user, jid)
    item.delete()
    SubscriptionRequest.objects.filter(user=user, sender=jid).delete()
    if by is not None:
        record(by, "roster.remove", user, contact=jid)
    change = RosterChanged(user.jid, _grow(user), jid, "", [], REMOVE, ask=False, approved=False)
    ring(change)
    return state, change


@transaction.atomic
def send(user: User, *, contact: str, kind: Kind) -> Outcome:
    """The account sends a subscription stanza."""
    before = _state(user, contact)
    step = outbound(before, kind)
    return Outcome(before, step, _store(user, contact, before, step.state))


@transaction.atomic
def receive(user: User, *, contact: str, kind: Kind, stanza: str) -> Outcome:
    """The account receives one; a request is kept until it is answered."""
    before = _state(user, contact)
    step = inbound(before, kind)
    change = _store(user, contact, before, step.state)
    if step.state.pending_in and step.passes:
        SubscriptionRequest.objects.update_or_create(
            user=user, sender=contact, defaults={"stanza": stanza}
        )
    return Outcome(before, step, change)


@transaction.atomic
def answer_request(request: SubscriptionRequest, *, accept: bool, by: Actor) -> None:
    """Answer for the person; what runs does the rest, as if a client had."""
    kind = Kind.SUBSCRIBED if accept else Kind.UNSUBSCRIBED
    record(by, f"roster.{'accept' if accept else 'deny'}", request.user, contact=request.sender)
    ring(RequestAnswered(request.user.jid, request.sender, kind.value))


def _state(user: User, contact: str) -> State:
    pending_in = SubscriptionRequest.objects.filter(user=user, sender=contact).exists()
    item = user.roster_items.filter(jid=contact).first()
    if item is None:
        return State(pending_in=pending_in)
    return State(
        to=item.subscription in (Subscription.TO, Subscription.BOTH),
        from_=item.subscription in (Subscription.FROM, Subscription.BOTH),
        pending_out=item.ask,
        pending_in=pending_in,
        approved=item.approved,
    )


def _store(user: User, contact: str, before: State, after: State) -> RosterChanged | None:
    if before.pending_in and not after.pending_in:
        SubscriptionRequest.objects.filter(user=user, sender=contact).delete()
    columns = _columns(after)
    if columns == _columns(before):
        return None
    item, _ = RosterItem.objects.update_or_create(user=user, jid=contact, defaults=columns)
    return _changed(user, item)


def _columns(state: State) -> dict[str, Any]:
    """What of a state the roster item shows."""
    if state.to:
        subscription = Subscription.BOTH if state.from_ else Subscription.TO
    else:
        subscription = Subscription.FROM if state.from_ else Subscription.NONE
    return {
        "subscription": subscription,
        "ask": state.pending_out,
        "approved": state.approved,
    }


def _changed(user: User, item: RosterItem) -> RosterChanged:
    change = _view(item, _grow(user))
    ring(change)
    return change


def _view(item: RosterItem, version: int) -> RosterChanged:
    return RosterChanged(
        f"{item.user.username}@{settings.CHATOPS_DOMAIN}",
        version,
        item.jid,
        item.name,
        list(item.groups),
        str(item.subscription),
        ask=item.ask,
        approved=item.approved,
    )


def _version(user: User) -> int:
    return Roster.objects.filter(user=user).values_list("version", flat=True).first() or 1


def _grow(user: User) -> int:
    roster, made = Roster.objects.get_or_create(user=user, defaults={"version": 2})
    if not made:
        Roster.objects.filter(pk=roster.pk).update(version=F("version") + 1)
        roster.refresh_from_db()
    return roster.version
