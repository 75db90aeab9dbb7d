"""Rooms follow the groups that they are linked with, wherever somebody changes those."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import Group
from django.db.models.signals import m2m_changed, pre_delete
from django.dispatch import receiver

from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.rooms import services

BY = Actor.task("groups")
_DONE = frozenset(("post_add", "post_remove", "post_clear"))


# Groups are Django's: pages, commands and scripts change them, and only its signals tell of all.
@receiver(m2m_changed, sender=User.groups.through)
def follow(
    instance: User | Group, action: str, pk_set: Collection[int] | None, **others: Any
) -> None:
    """Somebody has come into a group, or left it."""
    if action in _DONE:
        groups = {instance.pk} if isinstance(instance, Group) else pk_set
        services.follow_groups(groups, by=BY)


@receiver(pre_delete, sender=Group)
def part(instance: Group, **others: Any) -> None:
    """With the group goes what it has given."""
    services.part_with(instance, by=BY)
