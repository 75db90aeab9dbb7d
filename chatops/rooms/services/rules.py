"""What holds for all rooms: the rules, the templates, and the defaults among them."""

from typing import Any

from django.db import transaction

from chatops.rooms.models import PrivateMessages, Room, RoomPolicy, Template
from chatops.rooms.options import COLUMNS

# What a template does not set: it is each room's own.
OWN = frozenset(("name", "password"))
USUAL = (
    Template(
        title="Defaults",
        about="What a room gets that somebody makes with a client.",
        is_default=True,
        is_persistent=False,
    ),
    Template(
        title="Announcement room",
        about="Admins speak, the others listen; they see each other only where they speak.",
        is_moderated=True,
        private_messages=PrivateMessages.MODERATORS,
        presence_broadcast=["moderator", "participant"],
        visitors_may_ask_for_voice=False,
        occupants_are_listed=False,
        history_length=50,
        tracks_delivery=True,
    ),
    Template(
        title="Team room",
        about="Members only, not in the directory; members see each other's addresses.",
        is_public=False,
        is_members_only=True,
        members_may_invite=True,
        occupants_may_change_subject=True,
        who_sees_jids="anyone",
        history_length=200,
    ),
    Template(
        title="Public lobby",
        about="For everybody, in the directory; addresses are hidden, nicknames stay.",
        may_change_nickname=False,
        private_messages=PrivateMessages.MODERATORS,
        max_occupants=1_000,
    ),
)


def policy() -> RoomPolicy:
    """The rules that hold for all rooms; the usual ones where nobody has changed any."""
    return RoomPolicy.objects.filter(pk=RoomPolicy.ONLY).first() or RoomPolicy(pk=RoomPolicy.ONLY)


def defaults() -> Template:
    """What a client's new room is like: temporary, unless an administrator has changed that."""
    found = Template.objects.filter(is_default=True).first()
    return found or Template(title="Defaults", is_default=True, is_persistent=False)


def options_of(source: Room | Template) -> dict[str, Any]:
    """The options that another room may have, too."""
    return {column: getattr(source, column) for column in COLUMNS - OWN}


@transaction.atomic
def lay_out() -> None:
    """Once, in a new database: the rules, and the usual templates; what is removed stays away."""
    _, is_new = RoomPolicy.objects.get_or_create(pk=RoomPolicy.ONLY)
    if is_new:
        for usual in USUAL:
            columns = {field.name: getattr(usual, field.name) for field in usual._meta.fields[1:]}
            Template.objects.get_or_create(title=columns.pop("title"), defaults=columns)
