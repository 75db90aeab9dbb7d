"""Whose vCard a client gets, and may set: the same for both forms (XEP-0054, XEP-0292)."""

from functools import cache

from django.conf import settings

from chatops.accounts.services import vcards
from chatops.accounts.visibility import sees_presence
from chatops.core.database import in_db
from chatops.core.features import IqRequest
from chatops.xmpp.elements import serialise
from chatops.xmpp.errors import Forbidden, NotFound, Unavailable
from chatops.xmpp.vcards import Card, of_service


class NoCard(NotFound):
    """You have not published a vCard yet."""


class Hidden(Unavailable):
    """Nothing here answers that request."""


class NotYours(Forbidden):
    """A vCard is its owner's alone to change."""


def own_id(request: IqRequest) -> int:
    """Of the account that the request is about, which must be the sender's own."""
    return request.own_session(NotYours).user_id


async def card_for(request: IqRequest) -> Card:
    """XEP-0054 section 3.3: no card and no account look the same to others."""
    own = request.sender.bare == request.to.bare
    if not own:
        await must_be_shown(request)
    card = await in_db(vcards.card_of, username=request.to.local)
    if card is None:
        raise NoCard if own else Hidden
    return card


async def must_be_shown(request: IqRequest) -> None:
    """CHATOPS_VCARDS says whether everybody with an account sees the others' cards."""
    if settings.CHATOPS_VCARDS == "everybody":
        return
    if not await sees_presence(request.sender.bare, request.to.bare):
        raise Hidden


@cache
def service_card() -> Card:
    """The service's own: its name, and where its pages are."""
    whole = of_service(
        f"ChatOps at {settings.CHATOPS_DOMAIN}",
        url=settings.CHATOPS_PUBLIC_URL,
        jid=settings.CHATOPS_DOMAIN,
    )
    return Card(serialise(whole).decode())
