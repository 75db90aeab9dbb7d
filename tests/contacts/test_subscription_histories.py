"""Subscriptions over time: whatever is said in whatever order, rows keep to RFC 6121's tables."""

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chatops.accounts.models import User
from chatops.contacts import services
from chatops.contacts.models import Roster, RosterItem, SubscriptionRequest
from chatops.contacts.services import Outcome
from chatops.contacts.subscriptions import Kind, State
from tests.contacts.appendix_a import received, sent

pytestmark = [pytest.mark.django_db, pytest.mark.spec("RFC 6121 Appendix A", "RFC 6121 §3")]

HISTORIES = settings(max_examples=25, stateful_step_count=20)
KINDS = st.sampled_from(list(Kind))
numbers = itertools.count()


def newcomer() -> User:
    return User.objects.create(username=f"history{next(numbers)}")


def state_of(user: User, contact: str) -> State:
    """As the rows have it."""
    asks = SubscriptionRequest.objects.filter(user=user, sender=contact).exists()
    item = RosterItem.objects.filter(user=user, jid=contact).first()
    if item is None:
        return State(pending_in=asks)
    sees, seen = item.subscription in ("to", "both"), item.subscription in ("from", "both")
    return State(sees, seen, item.ask, asks, item.approved)


class OneSide(RuleBasedStateMachine):
    """An account, and a contact whose side may be in any state at all."""

    contact = "contact@elsewhere.example"

    @initialize()
    def begin(self) -> None:
        self.user, self.state, self.version = newcomer(), State(), 1

    @rule(kind=KINDS)
    def send(self, kind: Kind) -> None:
        outcome = services.send(self.user, contact=self.contact, kind=kind)
        self.check(outcome, *sent(self.state, kind), grants=False)

    @rule(kind=KINDS)
    def receive(self, kind: Kind) -> None:
        outcome = services.receive(
            self.user, contact=self.contact, kind=kind, stanza="<presence xmlns='jabber:client'/>"
        )
        knows = self.state.from_ or self.state.approved
        grants = kind is Kind.SUBSCRIBE and knows
        self.check(outcome, *received(self.state, kind), grants=grants)

    @precondition(lambda self: RosterItem.objects.filter(user=self.user).exists())
    @rule()
    def remove(self) -> None:
        before, _ = services.remove_item(self.user, jid=self.contact)
        assert before == self.state
        self.state, self.version = State(), self.version + 1

    def check(self, outcome: Outcome, passes: bool, after: State, *, grants: bool) -> None:
        assert outcome.before == self.state
        assert (outcome.step.passes, outcome.step.grants) == (passes, grants)
        assert (outcome.change is not None) is (after != self.state)
        self.version += after != self.state
        self.state = after

    @invariant()
    def rows_have_the_state(self) -> None:
        assert state_of(self.user, self.contact) == self.state

    @invariant()
    def each_change_makes_one_version(self) -> None:
        roster = Roster.objects.filter(user=self.user).first()
        assert (roster.version if roster else 1) == self.version


class BothSides(RuleBasedStateMachine):
    """Two accounts; all that one says comes to the other."""

    @initialize()
    def begin(self) -> None:
        self.pair = newcomer(), newcomer()

    @rule(first=st.booleans(), kind=KINDS)
    def say(self, first: bool, kind: Kind) -> None:
        sender, hearer = self.pair if first else self.pair[::-1]
        if services.send(sender, contact=hearer.jid, kind=kind).step.passes:
            self.hear(hearer, sender, kind)

    @rule(first=st.booleans())
    def remove(self, first: bool) -> None:
        owner, contact = self.pair if first else self.pair[::-1]
        if not RosterItem.objects.filter(user=owner).exists():
            return
        before, _ = services.remove_item(owner, jid=contact.jid)
        for kind in services.farewells(before):
            self.hear(contact, owner, kind)

    def hear(self, hearer: User, sender: User, kind: Kind) -> None:
        outcome = services.receive(hearer, contact=sender.jid, kind=kind)
        if outcome.step.grants:
            self.hear(sender, hearer, Kind.SUBSCRIBED)

    @invariant()
    def what_one_sees_the_other_shows(self) -> None:
        for one, other in (self.pair, self.pair[::-1]):
            mine, theirs = state_of(one, other.jid), state_of(other, one.jid)
            assert mine.to == theirs.from_
            assert mine.pending_out == theirs.pending_in
            assert not (mine.to and mine.pending_out)


@pytest.mark.parametrize("machine", [OneSide, BothSides])
def test_any_history_keeps_to_the_tables(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(machine, settings=HISTORIES)
