"""What privacy lists say, as a table (XEP-0016 section 2)."""

import pytest

from chatops.contacts.rules import ALL, Contact, Rule, RuleList
from chatops.xmpp.jid import parse

pytestmark = pytest.mark.spec("XEP-0016 §2.1", "XEP-0191 §5")

CONTACTS = {"bob@y.example": Contact("both", frozenset({"Friends"}))}


# (what a rule names, an address, whether it fits)
@pytest.mark.parametrize(
    ("value", "address", "fits"),
    [
        ("bob@y.example/desk", "bob@y.example/desk", True),
        ("bob@y.example/desk", "bob@y.example/phone", False),
        ("bob@y.example/desk", "bob@y.example", False),
        ("bob@y.example", "bob@y.example/desk", True),
        ("bob@y.example", "bob@y.example", True),
        ("bob@y.example", "y.example", False),
        ("y.example/desk", "y.example/desk", True),
        ("y.example/desk", "bob@y.example/desk", False),
        ("y.example", "y.example", True),
        ("y.example", "y.example/desk", True),
        ("y.example", "bob@y.example/desk", True),
        ("y.example", "bob@sub.y.example", False),
    ],
)
def test_how_addresses_are_matched(value: str, address: str, fits: bool) -> None:
    rules = RuleList.of("l", [Rule(1, "jid", value, allows=False)])
    assert rules.allows(parse(address), ALL, {}) is not fits


def test_the_lowest_order_that_fits_decides() -> None:
    rules = RuleList.of(
        "l",
        [
            Rule(9, "", "", allows=False),
            Rule(3, "group", "Friends", allows=True),
            Rule(2, "jid", "y.example", allows=False, kinds=frozenset({"iq"})),
            Rule(5, "jid", "eve@z.example", allows=True),
        ],
    )
    assert rules.allows(parse("bob@y.example"), "message", CONTACTS)
    assert not rules.allows(parse("bob@y.example"), "iq", CONTACTS)
    assert rules.allows(parse("eve@z.example/desk"), "iq", CONTACTS)
    assert not rules.allows(parse("mallory@z.example"), "message", CONTACTS)
    assert not rules.allows(parse("mallory@z.example"), ALL, CONTACTS)
