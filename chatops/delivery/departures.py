"""What was still owed to somebody whose account goes: nobody will ever get it."""

from chatops.accounts.models import User
from chatops.accounts.services import on_farewell
from chatops.audit.services import Actor
from chatops.delivery import services
from chatops.delivery.models import Delivery, EventKind, State


@on_farewell
def discard_queue(user: User, by: Actor) -> None:
    """The timelines say why; the rows go with the account."""
    services.close(
        delivery_ids=list(Delivery.objects.owed_to(user).values_list("pk", flat=True)),
        state=State.DISCARDED,
        kind=EventKind.DISCARDED,
        detail=f"{by.name}, who removed the account",
    )
