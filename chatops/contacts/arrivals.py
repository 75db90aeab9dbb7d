"""Who comes by a person's invitation has a first contact."""

import logging

from django.db import transaction

from chatops.accounts.models import Invitation, User
from chatops.accounts.services import on_arrival
from chatops.audit.services import Actor
from chatops.contacts import services

logger = logging.getLogger(__name__)


@on_arrival
def introduce(user: User, invitation: Invitation, by: Actor) -> None:
    """Both see each other from the start (XEP-0401 section 4.2)."""
    if invitation.contact is None:
        return
    try:
        with transaction.atomic():
            services.befriend(invitation.contact, user, by=by)
    except services.RosterFull:
        # They come all the same; nobody's account should depend on somebody else's tidiness.
        logger.warning("the roster of who invited is full", extra={"user": invitation.contact_id})
