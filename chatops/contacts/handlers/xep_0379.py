"""Pre-authenticated roster subscription, XEP-0379: whom somebody has invited need not be asked."""

from django.db import transaction

from chatops.accounts import services as accounts
from chatops.contacts import services
from chatops.contacts.handlers.rfc_6121_subscriptions import vouches
from chatops.contacts.news import RosterChanged
from chatops.contacts.pushes import tell
from chatops.contacts.subscriptions import Kind
from chatops.core.database import in_db
from chatops.core.features import Feature
from chatops.xmpp.elements import Element
from chatops.xmpp.names import PARS

PREAUTH = f"{{{PARS}}}preauth"

invitations = Feature(
    "XEP-0379", at=(), note="tokens of this service's invitations; others are left to clients"
)


class NotInvited(Exception):
    """By that token, that contact, by that person."""


@vouches
async def recognise(request: Element, owner: str, contact: str) -> bool:
    """The owner's approval (section 3.5), given when the invitation was made.

    An unknown token is no reason to refuse: the owner decides, as always (section 4.1).
    """
    preauth = request.find(PREAUTH)
    token = preauth.get("token") if preauth is not None else None
    if not token:
        return False
    try:
        change = await in_db(_approve, token, owner, contact)
    except (NotInvited, services.RosterFull):
        return False
    tell(change)
    return True


@transaction.atomic
def _approve(token: str, owner: str, contact: str) -> RosterChanged | None:
    """Both or none: a place of the invitation is used, and the contact approved in advance."""
    if not accounts.introduce(token, owner=owner, newcomer=contact):
        raise NotInvited
    return services.send(accounts.find(owner), contact=contact, kind=Kind.SUBSCRIBED).change
