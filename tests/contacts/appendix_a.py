"""The tables of RFC 6121 appendix A as data: the nine states, and what each stanza does in them."""

from dataclasses import replace

from chatops.contacts.subscriptions import Kind, State

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


def sent(state: State, kind: Kind) -> tuple[bool, State]:
    """Whether what an account sends goes on to the contact, and what its side is then (A.2).

    Pre-approvals (section 3.4) are not in the tables' states, and go beside them.
    """
    passes, following = _row(SENT[kind], state)
    if following == "approved":
        return passes, replace(state, approved=True)
    approved = state.approved and kind is not Kind.UNSUBSCRIBED
    return passes, replace(state if following == SAME else STATES[following], approved=approved)


def received(state: State, kind: Kind) -> tuple[bool, State]:
    """Whether what an account receives is shown to it, and what its side is then (A.3)."""
    passes, following = _row(RECEIVED[kind], state)
    if state.approved and following.endswith(("asked", "both ask")) and kind is Kind.SUBSCRIBE:
        return False, replace(state, from_=True, pending_in=False)
    return passes, state if following == SAME else replace(
        STATES[following], approved=state.approved
    )


def _row(rows: list[tuple[bool, str]], state: State) -> tuple[bool, str]:
    number = list(STATES.values()).index(replace(state, approved=False))
    return rows[number]
