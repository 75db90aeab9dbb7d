"""Presence subscriptions, RFC 6121 section 3: the sender's side changes, then the other's."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from chatops.accounts.models import User
from chatops.accounts.services import AccountRemoved
from chatops.contacts import services
from chatops.contacts.news import Said
from chatops.contacts.presences import (
    attentive,
    available,
    is_ours,
    tell_presence_of,
    tell_unavailable,
)
from chatops.contacts.privacy import guard
from chatops.contacts.pushes import tell
from chatops.contacts.rosters import rosters
from chatops.contacts.rules import ALL
from chatops.contacts.services import LONGEST_STANZA, Outcome
from chatops.contacts.subscriptions import Kind, State
from chatops.core.database import in_db
from chatops.core.features import ELSEWHERE, Feature
from chatops.core.live import hears
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element, serialise, stanza
from chatops.xmpp.jid import JID, parse

subscriptions = Feature("RFC 6121 §3", (), at=())

Voucher: TypeAlias = Callable[[Element, str, str], Awaitable[bool]]
_vouchers: list[Voucher] = []
_heralds: list[Callable[[str], None]] = []


def vouches(voucher: Voucher) -> Voucher:
    """Have ``voucher(request, owner, contact)`` asked before a request is taken in.

    Where it has approved the contact, and says so, the owner asks in return.
    """
    _vouchers.append(voucher)
    return voucher


def heralds(herald: Callable[[str], None]) -> Callable[[str], None]:
    """Have ``herald(owner)`` called when a request has been stored, and shown where somebody is."""
    _heralds.append(herald)
    return herald


@subscriptions.presence(ELSEWHERE)
async def send_elsewhere(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """A client of ours says it to somebody whose account is not ours."""
    await handle_subscription(element, sender, to, Kind(element.get("type", "")), session)


async def handle_subscription(
    element: Element, sender: JID, to: JID, kind: Kind, session: Session | None
) -> None:
    """From a client of ours: its own side first. Then, or from elsewhere: the addressee's side."""
    owner, contact = sender.bare, to.bare
    if owner == contact:
        return  # one sees oneself anyway
    element.set("from", owner)  # section 3.1.2: subscriptions are the account's
    element.set("to", contact)
    if session is not None and not await _send_out(session, contact, kind):
        return
    await _pass_on(element, owner, contact, kind)
    if session is not None and kind is Kind.SUBSCRIBED:
        tell_presence_of(owner, contact)  # section 3.1.5: who may see it now, does


async def _send_out(session: Session, contact: str, kind: Kind) -> bool:
    """The owner's side; returns whether the stanza goes on to the contact."""
    outcome = await in_db(_send, session.user_id, contact, kind)
    tell(outcome.change)
    if kind is Kind.UNSUBSCRIBED and outcome.before.from_:
        # Section 3.2.2: the contact learns this while it may still see it.
        tell_unavailable(session.bare, contact)
    return outcome.step.passes


async def _pass_on(element: Element, owner: str, contact: str, kind: Kind) -> None:
    if is_ours(contact):
        await _take_in(element, owner, contact, kind)
    else:
        wire().route(element)


async def _take_in(element: Element, contact: str, owner: str, kind: Kind) -> None:
    """The addressee's side: its state, the request kept, the stanza shown to its clients.

    Whom he keeps away he does not hear at all (XEP-0016 section 2.2).
    """
    if not guard.lets_in(owner, parse(contact), ALL):
        return
    welcome = kind is Kind.SUBSCRIBE and await _is_welcome(element, owner, contact)
    outcome = await in_db(_receive, owner, contact, kind, _kept(element))
    if outcome is None:
        return  # section 8.5.1: who is not there stays silent
    _show(element, owner, kind, outcome)
    if outcome.step.grants:
        # Section 3.1.3: the contact has the subscription, or had been approved for it.
        await _pass_on(_stanza(Kind.SUBSCRIBED, owner, contact), owner, contact, Kind.SUBSCRIBED)
        tell_presence_of(owner, contact)
    if welcome:
        await _ask_in_return(owner, contact)
    if kind is Kind.UNSUBSCRIBE and outcome.before.from_:
        tell_unavailable(owner, contact)


async def _is_welcome(element: Element, owner: str, contact: str) -> bool:
    for voucher in _vouchers:
        if await voucher(element, owner, contact):
            return True
    return False


async def _ask_in_return(owner: str, contact: str) -> None:
    """So that both see each other."""
    outcome = await in_db(_send_of, owner, contact, Kind.SUBSCRIBE)
    if outcome is None or outcome.before.to:
        return
    tell(outcome.change)
    await _pass_on(_stanza(Kind.SUBSCRIBE, owner, contact), owner, contact, Kind.SUBSCRIBE)


def _show(element: Element, owner: str, kind: Kind, outcome: Outcome) -> None:
    """To the owner's devices: the stanza first, then what it has changed (section 3.1.6)."""
    if outcome.step.passes:
        _deliver(element, owner, kind)
    tell(outcome.change)


def _deliver(element: Element, owner: str, kind: Kind) -> None:
    # A request is for devices where somebody is; an answer for all that show the roster.
    for session in available(owner) if kind is Kind.SUBSCRIBE else attentive(owner):
        session.send(element)
    if kind is Kind.SUBSCRIBE:
        for herald in _heralds:
            herald(owner)


async def say_farewell(owner: str, contact: str, before: State) -> None:
    """What taking a contact out of the roster means to the contact (section 2.5.2)."""
    if before.from_:
        tell_unavailable(owner, contact)
    for kind in services.farewells(before):
        await _pass_on(_stanza(kind, owner, contact), owner, contact, kind)


async def correct(owner: str, contact: str) -> None:
    """The contact's roster knows nothing of the owner's subscription (section 4.3.2)."""
    await _pass_on(_stanza(Kind.UNSUBSCRIBED, contact, owner), contact, owner, Kind.UNSUBSCRIBED)


@hears(Said)
async def go_on(news: Said) -> None:
    """What was said, and stored, in the browser comes to those who are connected."""
    kind = Kind(news.kind)
    if news.hides_sender:
        tell_unavailable(news.sender, news.recipient)
    element = _stanza(kind, news.sender, news.recipient)
    if not is_ours(news.recipient):
        wire().route(element)
    elif news.delivered:
        _deliver(element, news.recipient, kind)
    if kind is Kind.SUBSCRIBED:
        tell_presence_of(news.sender, news.recipient)
    if news.hides_recipient:
        tell_unavailable(news.recipient, news.sender)


@hears(AccountRemoved)
async def forget_account(news: AccountRemoved) -> None:
    """Its contacts are told, as if it had ended each subscription itself."""
    mine = rosters.known(news.bare)
    rosters.forget(news.bare)
    for owner, kind, outcome in await in_db(services.forget_contact, jid=news.bare):
        _show(_stanza(kind, news.bare, owner), owner, kind, outcome)
    if mine is not None:  # other domains' rosters, as far as memory still knows them
        for kind, contacts in ((Kind.UNSUBSCRIBE, mine.sees), (Kind.UNSUBSCRIBED, mine.seen_by)):
            for contact in contacts:
                if not is_ours(contact):
                    wire().route(_stanza(kind, news.bare, contact))


def _stanza(kind: Kind, sender: str, to: str) -> Element:
    return stanza("presence", type_=kind.value, from_=sender, to=to)


def _kept(element: Element) -> str:
    """The stanza as it is delivered at later logins; a huge one without what is in it."""
    text = serialise(element).decode()
    if len(text) <= LONGEST_STANZA:
        return text
    skeleton = stanza("presence", **{name: element.get(name) for name in ("type", "from", "to")})
    return serialise(skeleton).decode()


def _send(user_id: int, contact: str, kind: Kind) -> Outcome:
    return services.send(User.objects.get(pk=user_id), contact=contact, kind=kind)


def _send_of(owner: str, contact: str, kind: Kind) -> Outcome | None:
    user = User.objects.filter(username=owner.partition("@")[0]).first()
    return None if user is None else services.send(user, contact=contact, kind=kind)


def _receive(owner: str, contact: str, kind: Kind, text: str) -> Outcome | None:
    user = User.objects.filter(username=owner.partition("@")[0]).first()
    if user is None:
        return None
    return services.receive(user, contact=contact, kind=kind, stanza=text)
