"""The presence subscription state machine, RFC 6121 section 3 and appendix A, without any I/O."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """The four presence types that ask for, give and take subscriptions."""

    SUBSCRIBE = "subscribe"
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBE = "unsubscribe"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True)
class State:
    """How one account stands with one contact."""

    to: bool = False  # the account sees the contact's presence
    from_: bool = False  # the contact sees the account's
    pending_out: bool = False  # the account has asked
    pending_in: bool = False  # the contact has asked
    approved: bool = False  # the contact's request will be granted unasked (section 3.4)


@dataclass(frozen=True, slots=True)
class Step:
    """What a stanza leads to."""

    state: State
    passes: bool  # outbound: it is routed to the contact; inbound: it is delivered to the account
    grants: bool = False  # inbound subscribe that the server answers with "subscribed" by itself


def outbound(state: State, kind: Kind) -> Step:
    """The account sends it (appendix A.2)."""
    match kind:
        case Kind.SUBSCRIBE:
            return Step(replace(state, pending_out=state.pending_out or not state.to), passes=True)
        case Kind.UNSUBSCRIBE:
            return Step(replace(state, to=False, pending_out=False), passes=True)
        case Kind.SUBSCRIBED:
            if state.pending_in:
                return Step(replace(state, from_=True, pending_in=False), passes=True)
            # Nobody has asked yet: a pre-approval, which stays here.
            return Step(replace(state, approved=state.approved or not state.from_), passes=False)
        case Kind.UNSUBSCRIBED:
            had = state.from_ or state.pending_in
            return Step(replace(state, from_=False, pending_in=False, approved=False), passes=had)


def inbound(state: State, kind: Kind) -> Step:
    """The contact sends it (appendix A.3)."""
    match kind:
        case Kind.SUBSCRIBE:
            if state.from_:
                return Step(state, passes=False, grants=True)
            if state.approved:
                granted = replace(state, from_=True, pending_in=False)
                return Step(granted, passes=False, grants=True)
            return Step(replace(state, pending_in=True), passes=not state.pending_in)
        case Kind.UNSUBSCRIBE:
            had = state.from_ or state.pending_in
            return Step(replace(state, from_=False, pending_in=False), passes=had)
        case Kind.SUBSCRIBED:
            if not state.pending_out:
                return Step(state, passes=False)
            return Step(replace(state, to=True, pending_out=False), passes=True)
        case Kind.UNSUBSCRIBED:
            had = state.to or state.pending_out
            return Step(replace(state, to=False, pending_out=False), passes=had)
