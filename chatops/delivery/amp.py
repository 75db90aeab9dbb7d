"""The rules that a message may carry (XEP-0079): read, checked, and weighed against its fate."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from chatops.xmpp.elements import Element, add, make, stanza
from chatops.xmpp.errors import BadRequest, NotAcceptable, Refused, error_reply
from chatops.xmpp.jid import JID
from chatops.xmpp.names import AMP, CLIENT, STANZA_ERRORS
from chatops.xmpp.stamps import read_stamp

AMP_TAG, RULE = f"{{{AMP}}}amp", f"{{{AMP}}}rule"
ERRORS = f"{AMP}#errors"
ACTIONS = ("alert", "drop", "error", "notify")
CONDITIONS = ("deliver", "expire-at", "match-resource")
DELIVERIES = ("direct", "forward", "gateway", "none", "stored")
MATCHES = ("any", "exact", "other")
MOST_RULES = 20


class NoRules(BadRequest):
    """Rules of delivery need an id on the message, and at least one and at most twenty rules."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What would become of a message at this moment."""

    delivery: str  # "direct", "stored" or "none"
    resources: tuple[str, ...]  # of those who would get it directly
    intended: str  # the resource that it is addressed to, "" for none
    now: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """Section 5.2: do `action` if `condition` has `value`."""

    action: str
    condition: str
    value: str

    @classmethod
    def read(cls, element: Element) -> Self:
        return cls(
            element.get("action", ""), element.get("condition", ""), element.get("value", "")
        )

    def element_in(self, parent: Element, namespace: str = AMP) -> None:
        add(
            parent,
            f"{{{namespace}}}rule",
            action=self.action,
            condition=self.condition,
            value=self.value,
        )

    @property
    def is_valid(self) -> bool:
        """Whether the value means something for its condition."""
        if self.condition == "deliver":
            return self.value in DELIVERIES
        if self.condition == "match-resource":
            return self.value in MATCHES
        return self._moment() is not None

    @property
    def tells_presence(self) -> bool:
        """Whether its answer would say that the recipient is there, or not (section 9)."""
        return self.action != "drop" and self.value not in ("forward", "gateway")

    def is_met(self, fate: Fate) -> bool:
        """Section 3.3."""
        if self.condition == "deliver":
            return self.value == fate.delivery
        if self.condition == "expire-at":
            moment = self._moment()
            return moment is not None and fate.now >= moment
        return self._matches(fate)

    def _matches(self, fate: Fate) -> bool:
        if fate.delivery == "none":
            return False
        if self.value == "any":
            return True
        exactly = (
            set(fate.resources) == {fate.intended}
            if fate.intended
            else fate.delivery == "stored"  # to the account itself, which is no device
        )
        return exactly == (self.value == "exact")

    def _moment(self) -> datetime | None:
        try:
            moment = read_stamp(self.value)
        except ValueError:
            return None
        return moment.astimezone(UTC)


def read_rules(message: Element) -> list[Rule]:
    """The rules that a message carries; none where its ``<amp/>`` answers an earlier one.

    Raises NoRules, or what section 6 has for rules that mean nothing.
    """
    amp = message.find(AMP_TAG)
    if amp is None or amp.get("status"):
        return []
    rules = [Rule.read(child) for child in amp.iterfind(RULE)]
    if not message.get("id") or not 1 <= len(rules) <= MOST_RULES:
        raise NoRules
    _must_all(rules, lambda rule: rule.action in ACTIONS, BadRequest, "unsupported-actions")
    _must_all(
        rules, lambda rule: rule.condition in CONDITIONS, BadRequest, "unsupported-conditions"
    )
    _must_all(rules, lambda rule: rule.is_valid, NotAcceptable, "invalid-rules")
    return rules


def must_not_spy(rules: Iterable[Rule]) -> None:
    """Raises NotAcceptable for rules whose answers would tell a stranger who is there."""
    _must_all(rules, lambda rule: not rule.tells_presence, NotAcceptable, "invalid-rules")


def _must_all(
    rules: Iterable[Rule],
    good: Callable[[Rule], bool],
    refusal: type[Refused],
    name: str,
) -> None:
    bad = [rule for rule in rules if not good(rule)]
    if not bad:
        return
    details = make(f"{{{AMP}}}{name}")
    for rule in bad:
        rule.element_in(details)
    raise refusal(_SENTENCES[name], details=details)


_SENTENCES = {
    "unsupported-actions": "This service does not know these actions.",
    "unsupported-conditions": "This service does not know these conditions.",
    "invalid-rules": "This service does not follow these rules here.",
}


def decide(rules: Iterable[Rule], fate: Fate) -> Iterator[Rule]:
    """The rules that are met, in order, up to the first that ends the message (section 2.2.3)."""
    for rule in rules:
        if rule.is_met(fate):
            yield rule
            if rule.action != "notify":
                return


def answer(message: Element, rule: Rule, *, sender: JID, to: JID, by: str) -> Element | None:
    """What the service (`by`) tells the sender when a rule is met (section 3.4); nothing of "drop".

    `to` is the original addressee.
    """
    if rule.action == "drop":
        return None
    reply = stanza("message", from_=by, to=sender.full, id_=message.get("id"))
    amp = add(reply, AMP_TAG, None, status=rule.action, from_=sender.full, to=to.full)
    rule.element_in(amp)
    if rule.action == "error":
        reply.set("type", "error")
        error = add(reply, f"{{{CLIENT}}}error", type_="modify")
        add(error, f"{{{STANZA_ERRORS}}}undefined-condition")
        rule.element_in(add(error, f"{{{ERRORS}}}failed-rules"), ERRORS)
    return reply


def refuse(message: Element, refusal: Refused, *, by: str) -> Element:
    """The error for rules that are refused: from the service, and with them (section 6.2)."""
    reply = error_reply(message, refusal, sender=by)
    amp = message.find(AMP_TAG)
    if amp is not None:
        reply.insert(0, amp)
    return reply
