"""Privacy lists, XEP-0016: lists of rules, one of them the default, one active per session."""

from collections.abc import Callable
from typing import Any

from chatops.accounts.models import User
from chatops.contacts import services
from chatops.contacts.handlers.privacy_changes import WANTS_LISTS, take_effect
from chatops.contacts.privacy import ACTIVE, applying, guard
from chatops.contacts.reach import reaches_of, tell_changes
from chatops.contacts.rules import KINDS, Rule, RuleList
from chatops.contacts.services import BadRule, NoSuchList
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, DOMAIN, Feature, IqRequest
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element, add, make, tag_of
from chatops.xmpp.errors import BadRequest, Conflict, Forbidden
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.names import PRIVACY

QUERY = f"{{{PRIVACY}}}query"
_ACTIVE, _DEFAULT, _LIST, _ITEM = (
    f"{{{PRIVACY}}}{name}" for name in ("active", "default", "list", "item")
)
_ACTIONS = {"allow": True, "deny": False}

lists = Feature("XEP-0016", (PRIVACY,), at=(DOMAIN,))


@lists.when_started
async def load() -> None:
    """Everybody's rules are in memory before the first stanza passes."""
    await guard.load_all()


class NotYours(Forbidden):
    """Privacy lists are their owner's alone."""


class InUse(Conflict):
    """That list applies to another device of yours at this moment."""


@lists.iq("get", QUERY, at=(ACCOUNT,))
async def show(request: IqRequest) -> Element:
    """Section 2.3: the names, or one list."""
    session = _owner(request)
    wanted = list(request.payload)
    if len(wanted) > 1 or any(tag_of(child) != _LIST for child in wanted):
        raise BadRequest("One list at a time.")
    return _names(session) if not wanted else _one(session, wanted[0].get("name"))


@lists.iq("set", QUERY, at=(ACCOUNT,))
async def change(request: IqRequest) -> None:
    """Sections 2.4 to 2.7: exactly one of active, default and list."""
    session = _owner(request)
    wanted = list(request.payload)
    verb = _VERBS.get(tag_of(wanted[0])) if len(wanted) == 1 else None
    if verb is None:
        raise BadRequest("One of active, default and list at a time.")
    await verb(session, wanted[0])


async def _activate(session: Session, wanted: Element) -> None:
    """Section 2.4: for this session alone."""
    name = wanted.get("name")
    if name is not None:
        _find(session, name)
    before = reaches_of(session.bare)
    if name is None:
        session.notes.pop(ACTIVE, None)
    else:
        session.notes[ACTIVE] = name
    tell_changes(before)


async def _make_default(session: Session, wanted: Element) -> None:
    """Section 2.5."""
    name, privacy = wanted.get("name"), guard.of(session.bare)
    if name is not None:
        _find(session, name)
    default = privacy.default if privacy is not None else None
    if default is not None and name != default:
        _must_not_be_in_use(session, default)
    await _do(session, services.set_default, name=name)


async def _set_list(session: Session, wanted: Element) -> None:
    """Sections 2.6 and 2.7: a list without items is one to remove."""
    name = wanted.get("name")
    if not name:
        raise BadRequest("A list has a name.")
    items = list(wanted)
    if items:
        await _do(session, services.set_list, name=name, rules=[_rule(item) for item in items])
        return
    _find(session, name)
    _must_not_be_in_use(session, name)
    await _do(session, services.remove_list, name=name)
    if session.notes.get(ACTIVE) == name:
        del session.notes[ACTIVE]


_VERBS = {_ACTIVE: _activate, _DEFAULT: _make_default, _LIST: _set_list}


async def _do(session: Session, verb: Callable[..., None], **arguments: Any) -> None:
    await in_db(_on, verb, session.user_id, **arguments)
    await take_effect(session.user_id, session.bare, by_list=True)


def _on(verb: Callable[..., None], user_id: int, **arguments: Any) -> None:
    verb(User.objects.get(pk=user_id), **arguments)


def _names(session: Session) -> Element:
    query, privacy = make(QUERY), guard.of(session.bare)
    active = session.notes.get(ACTIVE)
    if privacy is None:
        return query
    if active in privacy.lists:
        add(query, _ACTIVE, name=active)
    if privacy.default is not None:
        add(query, _DEFAULT, name=privacy.default)
    for name in sorted(privacy.lists):
        add(query, _LIST, name=name)
    return query


def _one(session: Session, name: str | None) -> Element:
    query = make(QUERY)
    found = add(query, _LIST, name=name)
    for rule in _find(session, name or "").rules:
        item = add(
            found,
            _ITEM,
            type=rule.type or None,
            value=rule.value if rule.type else None,
            action="allow" if rule.allows else "deny",
            order=str(rule.order),
        )
        for kind in KINDS:
            if kind in rule.kinds:
                add(item, f"{{{PRIVACY}}}{kind}")
    return query


def _rule(item: Element) -> Rule:
    """Section 2.1. Raises BadRule."""
    type_, value, order = item.get("type", ""), item.get("value", ""), item.get("order", "")
    action = _ACTIONS.get(item.get("action", ""))
    kinds = frozenset(tag_of(child).removeprefix(f"{{{PRIVACY}}}") for child in item)
    if (
        tag_of(item) != _ITEM
        or action is None
        or not kinds <= set(KINDS)
        or not (order.isascii() and order.isdecimal() and len(order) <= 10)
        or ("type" in item.attrib and type_ not in ("jid", "group", "subscription"))
    ):
        raise BadRule
    if type_ == "jid":
        try:
            value = parse(value).full
        except InvalidJID as error:
            raise BadRule("A rule names something that is no address.") from error
    return Rule(int(order), type_, value if type_ else "", action, kinds)


def _find(session: Session, name: str) -> RuleList:
    privacy = guard.of(session.bare)
    if privacy is None or name not in privacy.lists:
        raise NoSuchList
    return privacy.lists[name]


def _must_not_be_in_use(session: Session, name: str) -> None:
    """Section 2.2, rule 11: other devices do not lose the list that applies to them."""
    privacy = guard.of(session.bare)
    for other in wire().sessions_of(session.bare):
        if other is session or privacy is None:
            continue
        rules = applying(privacy, other)
        if rules is not None and rules.name == name:
            raise InUse


def _owner(request: IqRequest) -> Session:
    session = request.own_session(NotYours)
    session.notes[WANTS_LISTS] = True
    return session
