"""The chain of seals: what makes a changed, removed or inserted event show (docs/ledger.md).

Each commit's events are sealed in the transaction that adds them. A seal holds their digests and
is hashed over the seal before it. Nothing is remembered between transactions, so one that is rolled
back leaves no trace, and several processes may write.

`chatops/delivery/verify_export.py` has the same canonical forms once more, for who has only an
export; a change here is a new version of FORMAT in both.
"""

import hmac
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils.encoding import force_bytes

from chatops.core.ids import new_id
from chatops.core.journal import Insert, Row
from chatops.delivery.models import Seal

FORMAT = "chatops-seal-1"
EVENT_FIELDS = (
    "id",
    "message_id",
    "recipient_id",
    "device_id",
    "kind",
    "node",
    "door",
    "detail",
    "sent",
)
GENESIS = bytes(32)  # what the first seal of a chain follows
MOST_EVENTS = 1_000  # in one seal: so much is read at once where it is checked
CHAINS = 64  # writers at a time that need not wait for each other
_ADVISORY = 0x1ED6E2  # PostgreSQL's locks with this number are ours

_SEAL_INSERT = Insert(
    Seal,
    order=41,
    fields=("id", "chain", "number", "events", "previous", "hash", "mark"),
)
_ENTRY = Struct(">qq32s")
_usual = threading.local()  # a thread's last chain: only where to look first


class Entry(NamedTuple):
    """What a seal knows of one event."""

    event_id: int
    message_id: int
    digest: bytes


def digest_of(row: Row) -> bytes:
    """SHA-256 over an event, its fields in the order of EVENT_FIELDS.

    U+0000 stands between them: it is in no text of XML's, nor in PostgreSQL's.
    """
    number, message, recipient, device, kind, node, door, detail, sent = row
    recipient = "" if recipient is None else recipient
    device = "" if device is None else device
    sent = "" if sent is None else sent
    return sha256(
        f"{number}\0{message}\0{recipient}\0{device}\0{kind}"
        f"\0{node}\0{door}\0{detail}\0{sent}".encode()
    ).digest()


def pack(rows: Sequence[Row]) -> bytes:
    """The entries of a seal over these events."""
    packed = _ENTRY.pack
    return b"".join([packed(row[0], row[1], digest_of(row)) for row in rows])


def unpack(events: bytes) -> Iterator[Entry]:
    """The entries of a seal; what is no whole entry any more is left out."""
    whole = len(events) - len(events) % _ENTRY.size
    return map(Entry._make, _ENTRY.iter_unpack(events[:whole]))


def hash_of(*, seal_id: int, chain: int, number: int, previous: bytes, events: bytes) -> bytes:
    """SHA-256 over the seal before it and the digest of its own entries.

    Over their digest, so that the chain still holds when old entries are let go.
    """
    return sha256(
        f"{FORMAT}\n{chain}\n{number}\n{seal_id}\n"
        f"{previous.hex()}\n{sha256(events).hexdigest()}".encode()
    ).digest()


def mark_of(seal_hash: bytes, secret: str | bytes = "") -> bytes:
    """Who has the database, and not the service's secret, cannot make a seal that looks right."""
    return hmac.digest(_key(secret or settings.SECRET_KEY), seal_hash, "sha256")


def is_marked(seal_hash: bytes, mark: bytes) -> bool:
    """Made with the secret, or with one that was in use before."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(hmac.compare_digest(mark_of(seal_hash, secret), mark) for secret in secrets)


def seal(cursor: CursorWrapper, rows: Sequence[Row]) -> None:
    """Seal events that are being added, in the transaction that is open."""
    chain = _take_chain(cursor)
    cursor.execute(_head_query(), [chain])
    number, previous = cursor.fetchone() or (0, GENESIS)
    previous = bytes(previous)
    for start in range(0, len(rows), MOST_EVENTS):
        events = pack(rows[start : start + MOST_EVENTS])
        number, seal_id = number + 1, new_id()
        made = hash_of(
            seal_id=seal_id, chain=chain, number=number, previous=previous, events=events
        )
        row = (seal_id, chain, number, events, previous, made, mark_of(made))
        _SEAL_INSERT.run(cursor, [row])
        previous = made


def _take_chain(cursor: CursorWrapper) -> int:
    """A chain that nobody else adds to until this transaction ends.

    SQLite has one writer at a time. With PostgreSQL it is the thread's last one, which this
    transaction may have already, else the first that is free: nobody waits for another's
    transaction, so nobody can wait in a circle.
    """
    if connection.vendor == "sqlite":
        return 1
    cursor.execute(
        "SELECT number FROM (SELECT %s AS number UNION ALL SELECT generate_series(1, %s)) AS chains"
        " WHERE pg_try_advisory_xact_lock(%s, number) LIMIT 1",
        [getattr(_usual, "chain", 1), CHAINS, _ADVISORY],
    )
    found = cursor.fetchone()
    if found is None:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 1)", [_ADVISORY])
    _usual.chain = chain = int(found[0]) if found else 1
    return chain


@cache
def _head_query() -> str:
    quote = connection.ops.quote_name
    return (
        f"SELECT {quote('number')}, {quote('hash')} FROM {quote(Seal._meta.db_table)}"  # noqa: S608
        f" WHERE {quote('chain')} = %s ORDER BY {quote('number')} DESC LIMIT 1"
    )


@cache
def _key(secret: str | bytes) -> bytes:
    return sha256(b"chatops.delivery.chain\n" + force_bytes(secret)).digest()
