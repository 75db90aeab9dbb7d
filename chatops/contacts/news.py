"""News of rosters, as it travels from whoever changed one to those who run connections."""

from chatops.contacts.models import RosterItem
from chatops.core.live import bell

REMOVE = "remove"


@bell
class RosterChanged:
    """How somebody now stands with one contact; subscription "remove" when it was taken out.

    Versions of a roster have no gaps: each change is one more. With `shown` the client sees a
    difference; otherwise only `waiting`, the contact's request, has come or gone.
    """

    user_id: int
    bare: str
    version: int
    jid: str
    name: str
    groups: list[str]
    subscription: str
    ask: bool
    approved: bool
    waiting: bool
    shown: bool


@bell
class Said:
    """A subscription stanza was said on somebody's behalf, and is stored on the sides we keep."""

    sender: str
    recipient: str
    kind: str
    hides_sender: bool  # the recipient no longer sees the sender's presence
    hides_recipient: bool  # the other way round
    delivered: bool  # it means something to the recipient


@bell
class PrivacyChanged:
    """Somebody else than the owner's own client has changed his privacy lists."""

    user_id: int
    bare: str


def view(
    bare: str, version: int, item: RosterItem, *, waiting: bool, shown: bool = True
) -> RosterChanged:
    """How the owner of the item stands with the contact."""
    return RosterChanged(
        item.user_id,
        bare,
        version,
        item.jid,
        item.name,
        list(item.groups),
        str(item.subscription),
        ask=item.ask,
        approved=item.approved,
        waiting=waiting,
        shown=shown,
    )


def gone(
    user_id: int, bare: str, version: int, jid: str, *, waiting: bool = False, shown: bool = True
) -> RosterChanged:
    """How somebody stands with who is not in their roster."""
    return RosterChanged(
        user_id,
        bare,
        version,
        jid,
        "",
        [],
        REMOVE,
        ask=False,
        approved=False,
        waiting=waiting,
        shown=shown,
    )
