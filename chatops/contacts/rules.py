"""What privacy lists say (XEP-0016 section 2): pure, without rows or stanzas."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chatops.xmpp.jid import JID

# What a rule may be limited to; the first three come in, the last goes out.
MESSAGE, IQ, PRESENCE_IN, PRESENCE_OUT = KINDS = ("message", "iq", "presence-in", "presence-out")
# What only a rule without such limits touches: stanzas that go out, and subscriptions.
ALL = "all"

NONE = "none"
SUBSCRIPTIONS = ("both", "to", "from", NONE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One item of a list; without kinds it is about everything, in both directions."""

    order: int
    type: str  # "jid", "group", "subscription", or "" for everybody
    value: str
    allows: bool
    kinds: frozenset[str] = frozenset()

    @property
    def blocks(self) -> bool:
        """Whether XEP-0191 calls it a blocked address."""
        return self.type == "jid" and not self.allows and not self.kinds


@dataclass(frozen=True, slots=True)
class Contact:
    """What rules want to know of somebody in the owner's roster."""

    subscription: str
    groups: frozenset[str]


STRANGER = Contact(NONE, frozenset())


@dataclass(frozen=True)
class RuleList:
    """A list's rules in their order, with those about addresses found by the address."""

    name: str
    rules: tuple[Rule, ...]
    _by_jid: dict[str, list[Rule]] = field(init=False, repr=False, compare=False)
    _others: tuple[Rule, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_jid: dict[str, list[Rule]] = {}
        for rule in self.rules:
            if rule.type == "jid":
                by_jid.setdefault(rule.value, []).append(rule)
        object.__setattr__(self, "_by_jid", by_jid)
        others = tuple(rule for rule in self.rules if rule.type != "jid")
        object.__setattr__(self, "_others", others)

    @classmethod
    def of(cls, name: str, rules: Iterable[Rule]) -> "RuleList":
        return cls(name, tuple(sorted(rules, key=lambda rule: rule.order)))

    @property
    def blocked(self) -> frozenset[str]:
        """The addresses that XEP-0191 shows."""
        return frozenset(rule.value for rule in self.rules if rule.blocks)

    def allows(self, jid: JID, kind: str, contacts: Mapping[str, Contact]) -> bool:
        """Whether something of that kind passes between the owner and that address.

        The rule of the lowest order that fits decides; where none fits, all passes.
        """
        first: Rule | None = None
        for form in forms_of(jid):
            for rule in self._by_jid.get(form, ()):
                if (first is None or rule.order < first.order) and _is_about(rule, kind):
                    first = rule
        for rule in self._others:
            if first is not None and first.order < rule.order:
                break
            if _is_about(rule, kind) and _fits(rule, contacts.get(jid.bare, STRANGER)):
                first = rule
                break
        return first is None or first.allows


def forms_of(jid: JID) -> set[str]:
    """The ways in which a rule may name an address (section 2.1)."""
    forms = {jid.domain, jid.bare, jid.full}
    if jid.resource:
        forms.add(f"{jid.domain}/{jid.resource}" if not jid.local else jid.full)
    return forms


def _is_about(rule: Rule, kind: str) -> bool:
    return not rule.kinds or kind in rule.kinds


def _fits(rule: Rule, contact: Contact) -> bool:
    if rule.type == "group":
        return rule.value in contact.groups
    if rule.type == "subscription":
        return rule.value == contact.subscription
    return True
