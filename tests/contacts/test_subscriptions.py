"""The tables of RFC 6121 appendix A, row by row."""

import pytest

from chatops.contacts.subscriptions import Kind, State, inbound, outbound
from tests.contacts.appendix_a import RECEIVED, SAME, SENT, STATES


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.spec("RFC 6121 Appendix A.2")
def test_what_an_account_sends_moves_its_side_as_table_a_2_says(kind: Kind) -> None:
    for (name, state), (passes, following) in zip(STATES.items(), SENT[kind], strict=True):
        step = outbound(state, kind)
        if following == "approved":
            assert step.state == State(state.to, state.from_, state.pending_out, approved=True)
        else:
            assert step.state == STATES[name if following == SAME else following], name
        assert step.passes is passes, name
        assert not step.grants


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.spec("RFC 6121 Appendix A.3")
def test_what_an_account_receives_moves_its_side_as_table_a_3_says(kind: Kind) -> None:
    for (name, state), (passes, following) in zip(STATES.items(), RECEIVED[kind], strict=True):
        step = inbound(state, kind)
        assert step.state == STATES[name if following == SAME else following], name
        assert step.passes is passes, name
        assert step.grants is (kind is Kind.SUBSCRIBE and state.from_), name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (State(approved=True), State(from_=True, approved=True)),
        (
            State(pending_out=True, approved=True),
            State(from_=True, pending_out=True, approved=True),
        ),
        (State(to=True, approved=True), State(to=True, from_=True, approved=True)),
    ],
)
@pytest.mark.spec("RFC 6121 §3.4")
def test_a_pre_approved_request_is_granted_and_not_shown(before: State, after: State) -> None:
    step = inbound(before, Kind.SUBSCRIBE)
    assert (step.state, step.passes, step.grants) == (after, False, True)


@pytest.mark.parametrize("state", [State(approved=True), State(to=True, approved=True)])
@pytest.mark.spec("RFC 6121 §3.4")
def test_a_pre_approval_is_taken_back_without_telling_anybody(state: State) -> None:
    step = outbound(state, Kind.UNSUBSCRIBED)
    assert (step.state, step.passes) == (State(to=state.to), False)
