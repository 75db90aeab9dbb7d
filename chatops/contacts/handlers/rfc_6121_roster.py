"""Rosters, RFC 6121 section 2."""

from chatops.accounts.models import User
from chatops.contacts import services
from chatops.contacts.handlers.rfc_6121_subscriptions import tell_removed
from chatops.contacts.rosters import rosters
from chatops.contacts.services import REMOVE, RosterChanged
from chatops.contacts.subscriptions import State
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, Feature, IqRequest
from chatops.core.live import hears
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element, add, make, stanza
from chatops.xmpp.errors import BadRequest, Forbidden, Malformed
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.names import PRE_APPROVAL, ROSTER, ROSTER_VERSIONS

roster = Feature("RFC 6121", (ROSTER,), at=(ACCOUNT,))

QUERY, ITEM, GROUP = f"{{{ROSTER}}}query", f"{{{ROSTER}}}item", f"{{{ROSTER}}}group"


@roster.stream_feature
def announce_versions() -> Element:
    """Section 2.6.1."""
    return make(f"{{{ROSTER_VERSIONS}}}ver")


@roster.stream_feature
def announce_pre_approval() -> Element:
    """Section 3.4."""
    return make(f"{{{PRE_APPROVAL}}}sub")


@roster.iq("get", QUERY)
async def send_roster(request: IqRequest) -> Element | None:
    """Section 2.2: the whole roster, or nothing where the client has this version."""
    session = _owner(request)
    session.interested = True
    mine = await rosters.of(session.bare)
    if mine is None:
        raise Forbidden("The account is gone.")
    if request.payload.get("ver") == str(mine.version):
        return None
    query = make(QUERY, ver=str(mine.version))
    for item in mine.items.values():
        _add_item(query, item)
    return query


@roster.iq("set", QUERY)
async def change_roster(request: IqRequest) -> None:
    """Sections 2.3 to 2.5; `ask` and subscriptions other than "remove" are not the client's."""
    session = _owner(request)
    items = request.payload.findall(ITEM)
    if len(items) != 1 or not items[0].get("jid"):
        raise BadRequest("A roster set has one item, with a jid.")
    (item,) = items
    try:
        jid = str(parse(item.get("jid")).bare)
    except InvalidJID as error:
        raise Malformed from error
    if item.get("subscription") == REMOVE:
        before, change = await in_db(_remove, session.user_id, jid)
        rosters.apply(change)
        await tell_removed(session.bare, jid, before)
        return
    groups = [group.text or "" for group in item.findall(GROUP)]
    change = await in_db(_set, session.user_id, jid, item.get("name", ""), groups)
    rosters.apply(change)


def _remove(user_id: int, jid: str) -> tuple[State, RosterChanged]:
    return services.remove_item(User.objects.get(pk=user_id), jid=jid)


def _set(user_id: int, jid: str, name: str, groups: list[str]) -> RosterChanged:
    return services.set_item(User.objects.get(pk=user_id), jid=jid, name=name, groups=groups)


@hears(RosterChanged)
async def push(news: RosterChanged) -> None:
    """Section 2.1.6: every interested resource hears of a change, whoever made it."""
    rosters.apply(news)
    query = make(QUERY, ver=str(news.version))
    _add_item(query, news)
    for session in list(wire().sessions_of(news.bare)):
        if session.interested:
            request = stanza("iq", type_="set", id_=f"push-{news.version}", to=session.jid.full)
            request.append(query)
            session.send(request)


def _owner(request: IqRequest) -> Session:
    if request.session is None or request.to.bare != request.session.bare:
        raise Forbidden("A roster is its owner's alone.")
    return request.session


def _add_item(query: Element, item: RosterChanged) -> None:
    element = add(
        query,
        ITEM,
        jid=item.jid,
        name=item.name or None,
        subscription=item.subscription,
        ask="subscribe" if item.ask else None,
        approved="true" if item.approved else None,
    )
    for group in item.groups:
        add(element, GROUP, group)
