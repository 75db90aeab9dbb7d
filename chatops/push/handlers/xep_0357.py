"""Push notifications, XEP-0357: an app server hears that somebody's device misses messages."""

import asyncio

from django.conf import settings

from chatops.accounts.services import AccountChanged, AccountRemoved
from chatops.contacts.handlers.rfc_6121_subscriptions import heralds
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, Feature, IqRequest
from chatops.core.live import hears
from chatops.core.wire import Session, running, wire
from chatops.delivery.news import Waiting
from chatops.push import services
from chatops.push.news import request_news
from chatops.push.noticing import catch_up, notice
from chatops.push.sending import sender
from chatops.push.services import RegistrationsChanged
from chatops.push.targets import targets
from chatops.xmpp.elements import Element
from chatops.xmpp.errors import BadRequest, Forbidden, Malformed
from chatops.xmpp.forms import Submission, X
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.names import PUBLISH_OPTIONS, PUSH

STARTING_SECONDS = 5  # for devices and app servers to come back after a restart

push = Feature("XEP-0357", (PUSH,), at=(ACCOUNT,), enabled=lambda: bool(settings.CHATOPS_PUSH))


class NotYours(Forbidden):
    """Push notifications are enabled by the account's own devices."""


@push.iq("set", f"{{{PUSH}}}enable")
async def enable(request: IqRequest) -> None:
    """Section 5."""
    session = request.own_session(NotYours)
    await in_db(
        services.enable,
        user_id=session.user_id,
        jid=_app_server(request.payload),
        node=request.payload.get("node", ""),
        options=_options(request.payload),
        device_id=session.device_id,
    )
    await take_effect(session.user_id, session.bare)


@push.iq("set", f"{{{PUSH}}}disable")
async def disable(request: IqRequest) -> None:
    """Section 6: one node, or all of the app server's; what is not enabled is disabled already."""
    session = request.own_session(NotYours)
    await in_db(
        services.disable,
        user_id=session.user_id,
        jid=_app_server(request.payload),
        node=request.payload.get("node"),
    )
    await take_effect(session.user_id, session.bare)


@push.on_session("bound")
def come_back(session: Session) -> None:
    """The device gets what it has missed; there is nothing to wake it for."""
    for target in targets.of(session.bare) or ():
        if target.row.device_id == session.device_id:
            target.forget()


@heralds
def wake_for_request(owner: str) -> None:
    """Somebody asks for a subscription, which is pertinent too (section 1)."""
    for target in targets.of(owner) or ():
        notice(target, request_news())


@push.when_started
async def take_up() -> None:
    """Know who has registrations; what was not told before the restart is told a little later."""
    if settings.CHATOPS_PUSH:
        await targets.load_all()
        asyncio.get_running_loop().call_later(STARTING_SECONDS, _begin_catching_up)


def _begin_catching_up() -> None:
    if running():
        wire().spawn(_catch_up_all())


async def _catch_up_all() -> None:
    await catch_up(await in_db(services.waiting_people))


@hears(Waiting)
async def look_into_queues(news: Waiting) -> None:
    """Something came to these people's queues."""
    await catch_up(news.user_ids)


@hears(RegistrationsChanged)
async def hear_of_change(news: RegistrationsChanged) -> None:
    """By a device, in the browser, or because the app server wants it so."""
    await take_effect(news.user_id, news.bare)


@hears(AccountChanged)
async def hear_of_suspension(news: AccountChanged) -> None:
    """Who cannot log in is not woken."""
    await take_effect(news.user_id, news.bare)


@hears(AccountRemoved)
async def forget(news: AccountRemoved) -> None:
    """Nothing is told of whoever gets the name next."""
    targets.forget(news.bare)


async def take_effect(user_id: int, bare: str) -> None:
    """After a commit: memory is as the database is."""
    if not settings.CHATOPS_PUSH:
        return
    for target in await targets.read_again(user_id, bare):
        sender.want(target)


def _app_server(payload: Element) -> str:
    text = payload.get("jid")
    if not text:
        raise BadRequest("The app server's address is missing.")
    try:
        return str(parse(text).full)
    except InvalidJID as error:
        raise Malformed from error


def _options(payload: Element) -> dict[str, list[str]]:
    """The publish options that go along with each notification."""
    form = payload.find(X)
    if form is None:
        return {}
    submission = Submission.read(form)
    if submission.type != "submit" or submission.form_type != PUBLISH_OPTIONS:
        raise BadRequest("Only a submitted form of publish options goes with it.")
    return submission.values
