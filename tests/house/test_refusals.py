"""Every refusal has the type that RFC 6120 section 8.3.3 gives its condition, and a sentence."""

import importlib
from collections.abc import Iterator

import pytest

from chatops.core.discovery import load_handlers
from chatops.xmpp.errors import Condition, Refused

TYPES = {
    Condition.BAD_REQUEST: "modify",
    Condition.CONFLICT: "cancel",
    Condition.FEATURE_NOT_IMPLEMENTED: "cancel modify",
    Condition.FORBIDDEN: "auth",
    Condition.GONE: "cancel",
    Condition.INTERNAL_SERVER_ERROR: "cancel",
    Condition.ITEM_NOT_FOUND: "cancel",
    Condition.JID_MALFORMED: "modify",
    Condition.NOT_ACCEPTABLE: "modify",
    Condition.NOT_ALLOWED: "cancel",
    Condition.NOT_AUTHORIZED: "auth",
    Condition.POLICY_VIOLATION: "modify wait",
    Condition.RECIPIENT_UNAVAILABLE: "wait",
    Condition.REDIRECT: "modify",
    Condition.REGISTRATION_REQUIRED: "auth",
    Condition.REMOTE_SERVER_NOT_FOUND: "cancel",
    Condition.REMOTE_SERVER_TIMEOUT: "wait",
    Condition.RESOURCE_CONSTRAINT: "wait",
    Condition.SERVICE_UNAVAILABLE: "cancel",
    Condition.SUBSCRIPTION_REQUIRED: "auth",
    Condition.UNDEFINED_CONDITION: "auth cancel continue modify wait",
    Condition.UNEXPECTED_REQUEST: "wait modify",
}
# Where an XEP's own examples have another.
OTHERWISE = {
    "WrongAnswer": "cancel",  # XEP-0158
    "Blocked": "cancel",  # XEP-0191
    "NotSafe": "modify",  # XEP-0077
    "NotModerator": "modify",  # XEP-0425
    "RoomFull": "wait",  # XEP-0045
    "NicknamesLocked": "cancel",  # XEP-0045
}


def refusals(of: type[Refused] = Refused) -> Iterator[type[Refused]]:
    for each in of.__subclasses__():
        yield each
        yield from refusals(each)


@pytest.mark.spec("RFC 6120 §8.3.2", "RFC 6120 §8.3.3")
def test_each_refusal_has_the_type_of_its_condition_and_a_sentence() -> None:
    importlib.import_module("chatops.bridge.doors.tcp")
    load_handlers()
    wrong = {
        each.__qualname__: (each.condition, each.type)
        for each in refusals()
        if each.type not in OTHERWISE.get(each.__qualname__, TYPES[each.condition]).split()
    }
    assert wrong == {}
    assert [each for each in refusals() if not each.default_sentence().endswith(".")] == []
