"""What may happen to block lists and privacy lists (XEP-0191, XEP-0016): one store for both."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction

from chatops.accounts.models import User
from chatops.audit.services import Actor, record
from chatops.contacts.models import PrivacyList, PrivacyRule, Report
from chatops.contacts.news import PrivacyChanged
from chatops.contacts.rules import SUBSCRIPTIONS, Contact, Rule, RuleList
from chatops.core.limits import Limit
from chatops.core.live import ring
from chatops.xmpp.errors import BadRequest, NotFound, TooMuch
from chatops.xmpp.jid import InvalidJID, parse

BLOCK_LIST = "blocked"  # what the default list is called where the block list came first
LONGEST_NAME = 255
GREATEST_ORDER = 2**32 - 1
LONGEST_TEXT, LONGEST_REASON, MOST_STANZA_IDS = 10_000, 255, 50
MOST_OPEN_REPORTS = 1_000  # of one person

MOST_RULES = Limit(
    "CHATOPS_MAX_PRIVACY_RULES",
    "rules",
    "Rules in one privacy list; blocked addresses are rules of the default list.",
    "policy-violation",
)
MOST_LISTS = Limit(
    "CHATOPS_MAX_PRIVACY_LISTS", "lists", "Privacy lists of one person.", "policy-violation"
)


class NoSuchList(NotFound):
    """There is no privacy list of that name."""


class NoSuchGroup(NotFound):
    """A rule names a group that is not in the roster."""


class BadRule(BadRequest):
    """A rule has an order of its own, allow or deny, and a value that fits its type."""


class ListFull(TooMuch):
    """The list has as many rules as it may have."""


class TooManyLists(TooMuch):
    """You have as many privacy lists as you may have."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """All lists of one person, and what their rules want to know of the roster."""

    user_id: int
    bare: str
    lists: dict[str, RuleList]
    default: str | None
    contacts: dict[str, Contact]

    @property
    def blocked(self) -> frozenset[str]:
        return self.lists[self.default].blocked if self.default is not None else frozenset()


def privacy_of(*, user_id: int) -> Privacy | None:
    """What somebody keeps away; None for an account without lists, or no account."""
    user = User.objects.filter(pk=user_id).first()
    return None if user is None else _read(user)


def privacy_of_all() -> Iterator[Privacy]:
    """Of everybody who has a list."""
    for user in User.objects.filter(privacy_lists__isnull=False).distinct().iterator(500):
        found = _read(user)
        if found is not None:
            yield found


@transaction.atomic
def set_list(user: User, *, name: str, rules: Sequence[Rule], by: Actor | None = None) -> None:
    """Make a list, or replace all rules of one (XEP-0016 section 2.6)."""
    if not name or len(name) > LONGEST_NAME:
        raise BadRule("A list has a name of 255 characters at most.")
    must_be_fit_rules(user, rules)
    _lock(user)
    known = PrivacyList.objects.filter(user=user, name=name).first()
    if known is None and MOST_LISTS.is_exceeded_by(user.privacy_lists.count() + 1):
        raise TooManyLists
    _write(known or PrivacyList.objects.create(user=user, name=name), rules)
    _note(user, by, "privacy.set", list=name, rules=[_shown(rule) for rule in rules])


@transaction.atomic
def remove_list(user: User, *, name: str, by: Actor | None = None) -> None:
    """Take a list away (section 2.7)."""
    _lock(user)
    if not PrivacyList.objects.filter(user=user, name=name).delete()[0]:
        raise NoSuchList
    _note(user, by, "privacy.remove", list=name)


@transaction.atomic
def set_default(user: User, *, name: str | None, by: Actor | None = None) -> None:
    """Let a list apply wherever none is active; None: no list (section 2.5)."""
    _lock(user)
    lists = PrivacyList.objects.filter(user=user)
    if name is not None and not lists.filter(name=name).exists():
        raise NoSuchList
    lists.filter(is_default=True).exclude(name=name or "").update(is_default=False)
    if name is not None:
        lists.filter(name=name).update(is_default=True)
    _note(user, by, "privacy.default", list=name or "")


@transaction.atomic
def block(user: User, *, jids: Collection[str], by: Actor | None = None) -> None:
    """Keep addresses away altogether: rules before all others of the default list (XEP-0191)."""
    wanted = [str(_jid(jid)) for jid in dict.fromkeys(jids)]
    _lock(user)
    default = PrivacyList.objects.filter(user=user, is_default=True).first()
    rules = list(_rules_of(default)) if default is not None else []
    known = {rule.value for rule in rules if rule.blocks}
    fresh = [jid for jid in wanted if jid not in known]
    if fresh:
        first = min((rule.order for rule in rules), default=len(fresh))
        shift = max(0, len(fresh) - first)
        moved = [
            Rule(rule.order + shift, rule.type, rule.value, rule.allows, rule.kinds)
            for rule in rules
        ]
        start = first + shift - len(fresh)
        added = [Rule(start + number, "jid", jid, allows=False) for number, jid in enumerate(fresh)]
        if MOST_RULES.is_exceeded_by(len(moved) + len(added)):
            raise ListFull
        _write(default or _new_default(user), [*added, *moved])
    _note(user, by, "block", addresses=wanted)


@transaction.atomic
def unblock(user: User, *, jids: Collection[str] | None, by: Actor | None = None) -> None:
    """Let addresses through again; None: all that are blocked."""
    wanted = None if jids is None else {str(_jid(jid)) for jid in jids}
    _lock(user)
    default = PrivacyList.objects.filter(user=user, is_default=True).first()
    if default is not None:
        rules = list(_rules_of(default))
        left = [
            rule
            for rule in rules
            if not rule.blocks or (wanted is not None and rule.value not in wanted)
        ]
        if not left:
            default.delete()
        elif len(left) < len(rules):
            _write(default, left)
    _note(user, by, "unblock", addresses=sorted(wanted) if wanted is not None else "all")


@transaction.atomic
def report(
    user: User, *, jid: str, reason: str, text: str = "", stanza_ids: Sequence[str] = ()
) -> Report | None:
    """Keep what somebody says of an address (XEP-0377); None where he has said very much."""
    if Report.objects.filter(user=user, state=Report.State.NEW).count() >= MOST_OPEN_REPORTS:
        return None
    return Report.objects.create(
        user=user,
        jid=str(_jid(jid)),
        reason=reason[:LONGEST_REASON],
        text=text[:LONGEST_TEXT],
        stanza_ids=[each[:LONGEST_NAME] for each in stanza_ids[:MOST_STANZA_IDS]],
    )


@transaction.atomic
def handle_report(found: Report, *, by: Actor) -> None:
    """An administrator has seen to it."""
    found.state, found.handled_by = Report.State.HANDLED, by.name[:LONGEST_NAME]
    found.save(update_fields=["state", "handled_by"])
    record(by, "report.handle", found.jid, reported_by=found.user.jid, reason=found.reason)


def _read(user: User) -> Privacy | None:
    lists = {
        each.name: (RuleList.of(each.name, _rules_of(each)), each.is_default)
        for each in user.privacy_lists.prefetch_related("rules")
    }
    if not lists:
        return None
    wants_roster = any(
        rule.type in ("group", "subscription")
        for found, _ in lists.values()
        for rule in found.rules
    )
    return Privacy(
        user.pk,
        user.jid,
        {name: found for name, (found, _) in lists.items()},
        next((name for name, (_, is_default) in lists.items() if is_default), None),
        {
            item.jid: Contact(item.subscription, frozenset(item.groups))
            for item in user.roster_items.all()
        }
        if wants_roster
        else {},
    )


def _rules_of(found: PrivacyList) -> Iterator[Rule]:
    for row in found.rules.all():
        kinds = {
            "message": row.message,
            "iq": row.iq,
            "presence-in": row.presence_in,
            "presence-out": row.presence_out,
        }
        yield Rule(
            row.order,
            row.type,
            row.value,
            row.allows,
            frozenset(kind for kind, is_meant in kinds.items() if is_meant),
        )


def _write(found: PrivacyList, rules: Sequence[Rule]) -> None:
    found.rules.all().delete()
    PrivacyRule.objects.bulk_create(
        PrivacyRule(
            list=found,
            order=rule.order,
            type=rule.type,
            value=rule.value,
            allows=rule.allows,
            message="message" in rule.kinds,
            iq="iq" in rule.kinds,
            presence_in="presence-in" in rule.kinds,
            presence_out="presence-out" in rule.kinds,
        )
        for rule in rules
    )


def _new_default(user: User) -> PrivacyList:
    """A list for blocked addresses; one of that name that does not apply keeps its name."""
    names = set(user.privacy_lists.values_list("name", flat=True))
    name = next(
        name
        for name in (BLOCK_LIST, *(f"{BLOCK_LIST} {number}" for number in range(2, 10_000)))
        if name not in names
    )
    return PrivacyList.objects.create(user=user, name=name, is_default=True)


def must_have_room(user: User) -> None:
    """Raises ListFull where one more address cannot be blocked."""
    rules = PrivacyRule.objects.filter(list__user=user, list__is_default=True)
    if MOST_RULES.is_exceeded_by(rules.count() + 1):
        raise ListFull


def must_be_fit_rules(user: User, rules: Sequence[Rule]) -> None:
    """Raises BadRule, NoSuchGroup or ListFull."""
    if MOST_RULES.is_exceeded_by(len(rules)):
        raise ListFull
    if not rules:
        raise BadRule("A list has at least one rule.")
    orders = {rule.order for rule in rules}
    if len(orders) < len(rules) or not all(0 <= order <= GREATEST_ORDER for order in orders):
        raise BadRule
    groups = {rule.value for rule in rules if rule.type == "group"}
    if groups:
        known = user.roster_items.values_list("groups", flat=True)
        if not groups <= {name for names in known for name in names}:
            raise NoSuchGroup
    for rule in rules:
        if rule.type == "subscription" and rule.value not in SUBSCRIPTIONS:
            raise BadRule
        if rule.type == "jid" and str(_jid(rule.value)) != rule.value:
            raise BadRule
        if rule.type not in PrivacyRule.Type.values or (rule.type == "group" and not rule.value):
            raise BadRule


def _jid(text: str) -> str:
    try:
        return parse(text).full
    except InvalidJID as error:
        raise BadRule("That is not an address.") from error


def _lock(user: User) -> None:
    """Changes of one person's lists go one after the other."""
    User.objects.select_for_update().get(pk=user.pk)


def _note(user: User, by: Actor | None, action: str, **details: object) -> None:
    """With `by` somebody else has done it: the trail says so, and the running service hears."""
    if by is not None:
        record(by, action, user.jid, **details)
        ring(PrivacyChanged(user.pk, user.jid))


def _shown(rule: Rule) -> str:
    return " ".join(
        part
        for part in (
            "allow" if rule.allows else "deny",
            rule.type,
            rule.value,
            *sorted(rule.kinds),
        )
        if part
    )
