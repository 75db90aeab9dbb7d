"""What kinds of clients can do, known by the hash over it (XEP-0115)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from chatops.accounts.models import ClientSoftware

MOST_KEPT = 10_000
LONGEST_NAME, LONGEST_NODE, LONGEST_VALUE = 200, 500, 200

Identity = tuple[str, str, str, str]  # category, type, language, name


@dataclass(frozen=True, slots=True)
class Software:
    """One kind of client."""

    name: str
    features: frozenset[str]


def software_of(*, hash_name: str, hash_value: str) -> Software | None:
    """None for a hash that nobody has explained yet."""
    found = ClientSoftware.objects.filter(hash_name=hash_name, hash_value=hash_value)
    row = found.values_list("name", "features").first()
    return None if row is None else Software(row[0], frozenset(row[1]))


@transaction.atomic
def remember_software(
    *,
    hash_name: str,
    hash_value: str,
    node: str,
    identities: Sequence[Identity],
    features: Sequence[str],
) -> Software:
    """Keep what a client said of itself and the hash has proved; the oldest go when it is much."""
    found, made = ClientSoftware.objects.get_or_create(
        hash_name=hash_name,
        hash_value=hash_value[:LONGEST_VALUE],
        defaults={
            "node": node[:LONGEST_NODE],
            "name": name_of(identities)[:LONGEST_NAME],
            "identities": [list(identity) for identity in identities],
            "features": list(features),
        },
    )
    if made and ClientSoftware.objects.count() > MOST_KEPT:
        ClientSoftware.objects.earliest("learnt_at").delete()
    return Software(found.name, frozenset(found.features))


def name_of(identities: Sequence[Identity]) -> str:
    """As the client calls itself; "" where it does not."""
    names = [name for category, _, _, name in identities if category == "client" and name]
    return names[0] if names else ""
