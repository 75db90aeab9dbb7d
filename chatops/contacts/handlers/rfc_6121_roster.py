"""Rosters, RFC 6121 section 2."""

from chatops.accounts.models import User
from chatops.accounts.services import NoSuchAccount
from chatops.accounts.visibility import judges
from chatops.contacts import services
from chatops.contacts.handlers.rfc_6121_subscriptions import say_farewell
from chatops.contacts.news import REMOVE, RosterChanged
from chatops.contacts.presences import ROSTER as HELD
from chatops.contacts.pushes import GROUP, ITEM, QUERY, add_item, tell, version_of
from chatops.contacts.rosters import CachedRoster, rosters
from chatops.contacts.services import Snapshot
from chatops.contacts.subscriptions import State
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, DOMAIN, Feature, IqRequest
from chatops.core.live import hears
from chatops.core.wire import Session
from chatops.xmpp.elements import Element, make
from chatops.xmpp.errors import BadRequest, Forbidden, Malformed
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.names import PRE_APPROVAL, ROSTER, ROSTER_VERSIONS

roster = Feature("RFC 6121", (ROSTER,), at=(ACCOUNT, DOMAIN))


@roster.stream_feature
def announce_versions() -> Element:
    """Section 2.6.1."""
    return make(f"{{{ROSTER_VERSIONS}}}ver")


@roster.stream_feature
def announce_pre_approval() -> Element:
    """Section 3.4."""
    return make(f"{{{PRE_APPROVAL}}}sub")


@roster.iq("get", QUERY, at=(ACCOUNT,))
async def send_roster(request: IqRequest) -> Element | None:
    """Section 2.2: the whole roster, or nothing where the client has this version."""
    session = _owner(request)
    version = request.payload.get("ver")
    known = rosters.known(session.bare)
    if known is not None and version == version_of(known):
        _follow(session, known)
        return None
    mine, snapshot = await _read(session.bare)
    _follow(session, mine)
    if version == version_of(snapshot):
        return None
    query = make(QUERY, ver=None if version is None else version_of(snapshot))
    for item in snapshot.items:
        add_item(query, item)
    return query


async def _read(bare: str) -> tuple[CachedRoster, Snapshot]:
    """As new as what the account's clients have been told: from then on pushes complete it."""
    while True:
        mine, snapshot = await rosters.load(bare)
        if mine is None or snapshot is None:
            raise NoSuchAccount
        if mine.version <= snapshot.version:
            return mine, snapshot


def _follow(session: Session, mine: CachedRoster) -> None:
    session.interested = True
    session.notes[HELD] = mine


@roster.iq("set", QUERY, at=(ACCOUNT,))
async def change_roster(request: IqRequest) -> None:
    """Sections 2.3 to 2.5; `ask` and subscriptions other than "remove" are not the client's."""
    session = _owner(request)
    items = request.payload.findall(ITEM)
    if len(items) != 1 or not items[0].get("jid"):
        raise BadRequest("A roster set has one item, with a jid.")
    (item,) = items
    try:
        jid = parse(item.get("jid")).bare
    except InvalidJID as error:
        raise Malformed from error
    if item.get("subscription") == REMOVE:
        before, change = await in_db(_remove, session.user_id, jid)
        tell(change)
        await say_farewell(session.bare, jid, before)
        return
    groups = [group.text or "" for group in item.findall(GROUP)]
    tell(await in_db(_set, session.user_id, jid, item.get("name", ""), groups))


def _remove(user_id: int, jid: str) -> tuple[State, RosterChanged]:
    return services.remove_item(User.objects.get(pk=user_id), jid=jid)


def _set(user_id: int, jid: str, name: str, groups: list[str]) -> RosterChanged:
    return services.set_item(User.objects.get(pk=user_id), jid=jid, name=name, groups=groups)


@hears(RosterChanged)
async def hear_of_change(news: RosterChanged) -> None:
    """Somebody else than the owner's client has changed it."""
    tell(news)


@judges
async def may_see(asker: str, owner: str) -> bool:
    """Whether the owner's presence is shown to somebody; none of an account that is not there."""
    mine = await rosters.of(owner)
    return mine is not None and mine.is_seen_by(asker)


def _owner(request: IqRequest) -> Session:
    if request.session is None or request.to.bare != request.session.bare:
        raise Forbidden("A roster is its owner's alone.")
    return request.session
