"""What clients keep in private XML storage (XEP-0049)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from chatops.accounts.models import PrivateData, User
from chatops.audit.services import Actor, record
from chatops.core.limits import Limit
from chatops.xmpp.errors import NotAcceptable, TooMuch

BYTES = Limit(
    "CHATOPS_MAX_PRIVATE_BYTES",
    "bytes",
    "What one person's clients may keep in private storage, all together.",
    "policy-violation",
)
ELEMENTS = Limit(
    "CHATOPS_MAX_PRIVATE_ELEMENTS",
    "elements",
    "Kinds of elements in one person's private storage.",
    "policy-violation",
)


class StorageFull(TooMuch):
    """Private storage has no room for that."""


LONGEST_NAMESPACE, LONGEST_TAG = 500, 200


class UnfitName(NotAcceptable):
    """The name of an element, or its namespace, is too long to be kept."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One element as a client wrote it."""

    namespace: str
    tag: str
    document: str


def private_data(*, user_id: int, namespace: str, tag: str) -> str | None:
    """What is kept under that name; None for nothing."""
    found = PrivateData.objects.filter(user_id=user_id, namespace=namespace, tag=tag)
    return found.values_list("document", flat=True).first()


@transaction.atomic
def keep_private(*, user_id: int, elements: Sequence[Kept]) -> None:
    """Keep elements, each in the place of the one of its name. Raises StorageFull, UnfitName."""
    User.objects.select_for_update().get(pk=user_id)
    for each in elements:
        if len(each.namespace) > LONGEST_NAMESPACE or len(each.tag) > LONGEST_TAG:
            raise UnfitName
        PrivateData.objects.update_or_create(
            user_id=user_id,
            namespace=each.namespace,
            tag=each.tag,
            defaults={
                "document": each.document,
                "size_bytes": len(each.document.encode()),
                "changed_at": timezone.now(),
            },
        )
    mine = PrivateData.objects.filter(user_id=user_id)
    if ELEMENTS.is_exceeded_by(mine.count()):
        raise StorageFull
    if BYTES.is_exceeded_by(mine.aggregate(all=Sum("size_bytes"))["all"] or 0):
        raise StorageFull


@transaction.atomic
def remove_private(found: PrivateData, *, by: Actor) -> None:
    """An administrator takes an element away."""
    record(by, "private.remove", found.user, element=found.tag, namespace=found.namespace)
    found.delete()
