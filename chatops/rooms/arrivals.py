"""Who comes by an invitation may be a member of rooms from the start; who leaves is of none."""

from django.conf import settings

from chatops.accounts.models import Invitation, User
from chatops.accounts.services import on_arrival, on_farewell
from chatops.audit.services import Actor
from chatops.rooms import services
from chatops.rooms.models import Affiliation, Room


@on_arrival
def open_rooms(user: User, invitation: Invitation, by: Actor) -> None:
    """Of those named that are still there."""
    host = f"@conference.{settings.CHATOPS_DOMAIN}"
    names = [address.removesuffix(host) for address in invitation.rooms]
    for room in Room.objects.filter(localpart__in=names):
        services.set_affiliation(room, jid=user.jid, rank=Affiliation.Rank.MEMBER, by=by)


@on_farewell
def forget(user: User, by: Actor) -> None:
    """Their affiliations go with the account, whether or not a service runs to hear of it."""
    services.forget_person(user.jid)
