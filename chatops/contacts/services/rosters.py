"""What may happen to rosters and subscriptions: one transaction each, told after it.

A verb without `by` is the owner's own client's: its handler tells what came of it, in the order
that the RFC wants. With `by` it is somebody else's, and bells tell whoever runs the connections.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from chatops.accounts.models import User
from chatops.accounts.services.vcards import avatar_of
from chatops.audit.services import Actor, record
from chatops.contacts.models import Roster, RosterItem, Subscription, SubscriptionRequest
from chatops.contacts.news import RosterChanged, Said, gone, view
from chatops.contacts.subscriptions import Kind, State, Step, inbound, outbound
from chatops.core.limits import Limit
from chatops.core.live import ring
from chatops.xmpp.errors import BadRequest, NotAcceptable, NotAllowed, NotFound, TooMuch

LONGEST_NAME = 1_023
LONGEST_STANZA = 10_000  # of a request that is kept
MOST_REQUESTS = 1_000  # waiting for one account
CONTACTS = Limit(
    "CHATOPS_MAX_ROSTER_ITEMS", "contacts", "Contacts in one roster.", "policy-violation"
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A whole roster, as its owner's client gets it."""

    user_id: int
    bare: str
    version: int
    items: list[RosterChanged]
    waiting: list[str]  # who asks, and has no answer yet
    avatar: str = ""  # hash of the owner's photo


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a subscription stanza has led to, for one side; no change where nothing did."""

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


class NothingAsked(NotFound):
    """That request does not wait any more."""


def roster_of(*, username: str) -> Snapshot | None:
    """None where there is no such account."""
    # The version first: a change that comes in between is then applied once more, not missed.
    found = User.objects.filter(username=username).values_list("pk", "roster__version").first()
    if found is None:
        return None
    user_id, version = found[0], found[1] or 1
    bare = f"{username}@{settings.CHATOPS_DOMAIN}"
    waiting = SubscriptionRequest.objects.filter(user_id=user_id).values_list("sender", flat=True)
    items = RosterItem.objects.filter(user_id=user_id).order_by("jid")
    return Snapshot(
        user_id,
        bare,
        version,
        [view(bare, version, item, waiting=False) for item in items],
        list(waiting),
        avatar_of(user_id=user_id),
    )


def waiting_requests(*, user_id: int) -> list[str]:
    """The stanzas of requests that have not been answered, oldest first."""
    found = SubscriptionRequest.objects.filter(user_id=user_id).order_by("id")
    return list(found.values_list("stanza", flat=True))


def must_be_fit(user: User, *, jid: str, name: str, groups: Sequence[str]) -> None:
    """What a contact may be called (section 2.3.3). Raises OneselfInRoster, BadRequest, BadItem."""
    if jid == user.jid:
        raise OneselfInRoster
    if len(set(groups)) != len(groups):
        raise BadRequest("A group is named twice.")
    if len(name) > LONGEST_NAME or any(not 0 < len(group) <= LONGEST_NAME for group in groups):
        raise BadItem


@transaction.atomic
def set_item(
    user: User, *, jid: str, name: str, groups: Sequence[str], by: Actor | None = None
) -> RosterChanged:
    """Add a contact, or change its name and groups (RFC 6121 sections 2.3 and 2.4).

    Raises RosterFull, and what `must_be_fit` raises.
    """
    must_be_fit(user, jid=jid, name=name, groups=groups)
    roster = _lock(user)
    item = user.roster_items.filter(jid=jid).first() or _new_item(user, jid)
    item.name, item.groups = name, list(groups)
    item.save()
    change = view(user.jid, _grow(roster), item, waiting=_state(user, jid).pending_in)
    if by is not None:
        record(by, "roster.set", user, contact=jid, name=name, groups=list(groups))
        ring(change)
    return change


@transaction.atomic
def remove_item(user: User, *, jid: str, by: Actor | None = None) -> tuple[State, RosterChanged]:
    """Take a contact out; returns how both stood (section 2.5). Raises NoSuchItem.

    With `by`, the contact's side is changed along, and told.
    """
    other = _local(jid) if by is not None else None
    roster = _lock(user, other)
    before = _state(user, jid)
    deleted, _ = user.roster_items.filter(jid=jid).delete()
    if not deleted:
        raise NoSuchItem
    SubscriptionRequest.objects.filter(user=user, sender=jid).delete()
    change = gone(user.pk, user.jid, _grow(roster), jid)
    if by is not None:
        record(by, "roster.remove", user, contact=jid)
        ring(change)
        for kind in farewells(before):
            _say(user, jid, other, kind, before)
    return before, change


@transaction.atomic
def send(user: User, *, contact: str, kind: Kind) -> Outcome:
    """The account sends a subscription stanza. Raises RosterFull."""
    roster = _lock(user)
    before = _state(user, contact)
    step = outbound(before, kind)
    return Outcome(before, step, _store(user, roster, contact, before, step.state))


@transaction.atomic
def receive(user: User, *, contact: str, kind: Kind, stanza: str = "") -> Outcome:
    """The account receives one; a request is kept until it is answered.

    Beyond a number of requests that nobody answers, more are not taken.
    """
    roster = _lock(user)
    before = _state(user, contact)
    step = inbound(before, kind)
    if step.state.pending_in and not before.pending_in:
        waiting = SubscriptionRequest.objects.filter(user=user)
        if waiting.count() >= MOST_REQUESTS:
            return Outcome(before, Step(before, passes=False), None)
        waiting.create(user=user, sender=contact, stanza=stanza)
    return Outcome(before, step, _store(user, roster, contact, before, step.state))


@transaction.atomic
def answer_request(request: SubscriptionRequest, *, accept: bool, by: Actor) -> None:
    """Answer for the person, as their own client could. Raises NothingAsked."""
    user, contact = request.user, request.sender
    other = _local(contact)
    _lock(user, other)
    before = _state(user, contact)
    if not before.pending_in:
        raise NothingAsked
    kind = Kind.SUBSCRIBED if accept else Kind.UNSUBSCRIBED
    record(by, f"roster.{'accept' if accept else 'deny'}", user, contact=contact)
    outcome = send(user, contact=contact, kind=kind)
    if outcome.change is not None:
        ring(outcome.change)
    _say(user, contact, other, kind, before)


@transaction.atomic
def befriend(one: User, other: User, *, by: Actor) -> None:
    """Each comes to see the other, introduced by somebody else. Raises RosterFull."""
    _lock(one, other)
    for user, contact in ((one, other), (other, one)):
        item = user.roster_items.filter(jid=contact.jid).first() or _new_item(user, contact.jid)
        item.name = item.name or contact.name
        item.subscription, item.ask = Subscription.BOTH, False
        item.save()
        SubscriptionRequest.objects.filter(user=user, sender=contact.jid).delete()
        ring(view(user.jid, _grow(_lock(user)), item, waiting=False))
    record(by, "roster.befriend", one, contact=other.jid)


@transaction.atomic
def forget_contact(*, jid: str) -> list[tuple[str, Kind, Outcome]]:
    """An account is gone: nobody sees it, is seen by it, or waits for it any longer.

    Returns for whom what happened, as if the account had said so itself.
    """
    known = set(RosterItem.objects.filter(jid=jid).values_list("user", flat=True))
    asked = set(SubscriptionRequest.objects.filter(sender=jid).values_list("user", flat=True))
    happened = []
    for user in User.objects.filter(pk__in=known | asked).order_by("pk"):
        for kind in (Kind.UNSUBSCRIBE, Kind.UNSUBSCRIBED):
            outcome = receive(user, contact=jid, kind=kind)
            if outcome.change is not None:
                happened.append((user.jid, kind, outcome))
    return happened


def farewells(before: State) -> list[Kind]:
    """What taking a contact out says to it (section 2.5.2)."""
    return [
        *([Kind.UNSUBSCRIBE] if before.to or before.pending_out else []),
        *([Kind.UNSUBSCRIBED] if before.from_ or before.pending_in else []),
    ]


def _say(user: User, contact: str, other: User | None, kind: Kind, before: State) -> None:
    """The contact's side, if it is ours to keep, and the news for those who are connected."""
    heard = receive(other, contact=user.jid, kind=kind) if other is not None else None
    if heard is not None and heard.change is not None:
        ring(heard.change)
    ring(
        Said(
            user.jid,
            contact,
            kind.value,
            hides_sender=kind is Kind.UNSUBSCRIBED and before.from_,
            hides_recipient=heard is not None and kind is Kind.UNSUBSCRIBE and heard.before.from_,
            delivered=heard is None or heard.step.passes,
        )
    )


def _local(jid: str) -> User | None:
    local, _, domain = jid.rpartition("@")
    if not local or domain != settings.CHATOPS_DOMAIN:
        return None
    return User.objects.filter(username=local).first()


def _lock(user: User, other: User | None = None) -> Roster:
    """Changes of one roster go one after the other; two are locked in one order everywhere."""
    for each in sorted({user, *([other] if other else [])}, key=lambda each: each.pk):
        Roster.objects.select_for_update().get_or_create(user=each)
    return Roster.objects.get(user=user)


def _grow(roster: Roster) -> int:
    roster.version += 1
    roster.save(update_fields=["version"])
    return roster.version


def _new_item(user: User, jid: str) -> RosterItem:
    if CONTACTS.is_exceeded_by(user.roster_items.count() + 1):
        raise RosterFull
    return RosterItem(user=user, jid=jid)


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


def _store(
    user: User, roster: Roster, contact: str, before: State, after: State
) -> RosterChanged | None:
    if before == after:
        return None
    if before.pending_in and not after.pending_in:
        SubscriptionRequest.objects.filter(user=user, sender=contact).delete()
    item = user.roster_items.filter(jid=contact).first()
    shown = _shown(before) != _shown(after)
    if shown:
        item = item or _new_item(user, contact)
        item.subscription, item.ask, item.approved = _shown(after)
        item.save()
    version = _grow(roster)
    if item is None:
        return gone(user.pk, user.jid, version, contact, waiting=after.pending_in, shown=False)
    return view(user.jid, version, item, waiting=after.pending_in, shown=shown)


def _shown(state: State) -> tuple[Subscription, bool, bool]:
    """What of a state the roster item shows."""
    if state.to:
        subscription = Subscription.BOTH if state.from_ else Subscription.TO
    else:
        subscription = Subscription.FROM if state.from_ else Subscription.NONE
    return subscription, state.pending_out, state.approved
