"""The tables of RFC 6121 appendix A, row by row."""

import pytest

from chatops.contacts.subscriptions import Kind, State, inbound, outbound

STATES = {
    "none": State(),
    "none, asks": State(pending_out=True),
    "none, asked": State(pending_in=True),
    "none, both ask": State(pending_out=True, pending_in=True),
    "to": State(to=True),
    "to, asked": State(to=True, pending_in=True),
    "from": State(from_=True),
    "from, asks": State(from_=True, pending_out=True),
    "both": State(to=True, from_=True),
}
SAME = "="

# One line a table: for each state above, in that order, whether the stanza passes and what follows.
SENT = {
    Kind.SUBSCRIBE: [
        (True, "none, asks"),
        (True, SAME),
        (True, "none, both ask"),
        (True, SAME),
        (True, SAME),
        (True, SAME),
        (True, "from, asks"),
        (True, SAME),
        (True, SAME),
    ],
    Kind.UNSUBSCRIBE: [
        (True, SAME),
        (True, "none"),
        (True, SAME),
        (True, "none, asked"),
        (True, "none"),
        (True, "none, asked"),
        (True, SAME),
        (True, "from"),
        (True, "from"),
    ],
    Kind.SUBSCRIBED: [
        (False, "approved"),
        (False, "approved"),
        (True, "from"),
        (True, "from, asks"),
        (False, "approved"),
        (True, "both"),
        (False, SAME),
        (False, SAME),
        (False, SAME),
    ],
    Kind.UNSUBSCRIBED: [
        (False, SAME),
        (False, SAME),
        (True, "none"),
        (True, "none, asks"),
        (False, SAME),
        (True, "to"),
        (True, "none"),
        (True, "none, asks"),
        (True, "to"),
    ],
}
RECEIVED = {
    Kind.SUBSCRIBE: [
        (True, "none, asked"),
        (True, "none, both ask"),
        (False, SAME),
        (False, SAME),
        (True, "to, asked"),
        (False, SAME),
        (False, SAME),
        (False, SAME),
        (False, SAME),
    ],
    Kind.UNSUBSCRIBE: [
        (False, SAME),
        (False, SAME),
        (True, "none"),
        (True, "none, asks"),
        (False, SAME),
        (True, "to"),
        (True, "none"),
        (True, "none, asks"),
        (True, "to"),
    ],
    Kind.SUBSCRIBED: [
        (False, SAME),
        (True, "to"),
        (False, SAME),
        (True, "to, asked"),
        (False, SAME),
        (False, SAME),
        (False, SAME),
        (True, "both"),
        (False, SAME),
    ],
    Kind.UNSUBSCRIBED: [
        (False, SAME),
        (True, "none"),
        (False, SAME),
        (True, "none, asked"),
        (True, "none"),
        (True, "none, asked"),
        (False, SAME),
        (True, "from"),
        (True, "from"),
    ],
}


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
