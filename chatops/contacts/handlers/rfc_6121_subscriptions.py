"""Presence subscriptions, RFC 6121 section 3: the sender's side changes, then the other's."""

from chatops.accounts.models import User
from chatops.contacts import services
from chatops.contacts.presences import available, is_ours, tell_presence_of, tell_unavailable
from chatops.contacts.rosters import rosters
from chatops.contacts.services import Outcome, RequestAnswered
from chatops.contacts.subscriptions import Kind, State
from chatops.core.database import in_db
from chatops.core.features import Feature
from chatops.core.live import hears
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element, serialise, stanza
from chatops.xmpp.jid import JID

subscriptions = Feature("RFC 6121 §3", (), at=())
subscriptions.module = __name__


async def handle_subscription(
    element: Element, sender: JID, to: JID, kind: Kind, session: Session | None
) -> None:
    """From a client of ours: its own side first. Then, or from elsewhere: the addressee's side."""
    if sender.bare == to.bare:
        return  # one sees oneself anyway
    element.set("from", sender.bare)  # section 3.1.2: subscriptions are the account's
    element.set("to", to.bare)
    if session is not None and not await send_out(session.bare, to.bare, kind):
        return
    if is_ours(to):
        await take_in(element, str(sender.bare), str(to.bare), kind)
    else:
        wire().route(element)


async def send_out(owner: str, contact: str, kind: Kind) -> bool:
    """The owner's side; returns whether the stanza goes on to the contact."""
    outcome = await in_db(_send, owner, contact, kind)
    if outcome is None:
        return False
    _apply(outcome)
    if kind == Kind.UNSUBSCRIBED and outcome.before.from_:
        tell_unavailable(owner, contact)
    if kind == Kind.SUBSCRIBED and outcome.step.passes:
        # Section 3.1.5: the contact, who may see it now, does.
        tell_presence_of(owner, contact)
    return outcome.step.passes


async def take_in(element: Element, contact: str, owner: str, kind: Kind) -> None:
    """The addressee's side: its state, the request kept, the stanza shown to its clients."""
    outcome = await in_db(_receive, owner, contact, kind, serialise(element).decode())
    if outcome is None:
        if kind == Kind.SUBSCRIBE:  # section 3.1.3: nobody there, so nobody will allow it
            wire().route(stanza("presence", type_="unsubscribed", from_=owner, to=contact))
        return
    _apply(outcome)
    if outcome.step.passes:
        for session in available(owner):
            session.send(element)
    if outcome.step.grants:
        await _grant(owner, contact)
    if kind == Kind.UNSUBSCRIBE and outcome.before.from_:
        tell_unavailable(owner, contact)


async def _grant(owner: str, contact: str) -> None:
    """Answer for the owner: the contact has the subscription, or had been approved for it."""
    await _pass_on(owner, contact, Kind.SUBSCRIBED)
    tell_presence_of(owner, contact)


async def tell_removed(owner: str, contact: str, before: State) -> None:
    """What taking a contact out of the roster means to the contact (section 2.5.2)."""
    kinds = [
        *([Kind.UNSUBSCRIBE] if before.to or before.pending_out else []),
        *([Kind.UNSUBSCRIBED] if before.from_ or before.pending_in else []),
    ]
    for kind in kinds:
        await _pass_on(owner, contact, kind)
    if before.from_:
        tell_unavailable(owner, contact)


@hears(RequestAnswered)
async def answer(news: RequestAnswered) -> None:
    """An administrator has decided in the browser."""
    kind = Kind(news.kind)
    if await send_out(news.bare, news.sender, kind):
        await _pass_on(news.bare, news.sender, kind)


async def _pass_on(owner: str, contact: str, kind: Kind) -> None:
    """A stanza of the owner's, made by the service, goes to the contact."""
    element = stanza("presence", type_=kind.value, from_=owner, to=contact)
    if is_ours(JID(contact)):
        await take_in(element, owner, contact, kind)
    else:
        wire().route(element)


def _apply(outcome: Outcome) -> None:
    if outcome.change is not None:
        rosters.apply(outcome.change)


def _send(owner: str, contact: str, kind: Kind) -> Outcome | None:
    user = _user(owner)
    return services.send(user, contact=contact, kind=kind) if user else None


def _receive(owner: str, contact: str, kind: Kind, stanza_text: str) -> Outcome | None:
    user = _user(owner)
    if user is None:
        return None
    return services.receive(user, contact=contact, kind=kind, stanza=stanza_text)


def _user(bare: str) -> User | None:
    return User.objects.filter(username=bare.partition("@")[0]).first()
