"""Anchors: where each chain ended at a time, signed, and noted beside the database too.

Who has the database and the service's secret can make a chain anew, and who has the database alone
can cut its end off. What was noted elsewhere before that does not fit any more.
"""

import json
import logging
import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from chatops.audit.services import Actor, record
from chatops.core.ids import first_at, moment_of, new_id
from chatops.delivery.findings import Report, What
from chatops.delivery.keys import is_signed, public_key, sign
from chatops.delivery.models import Anchor, Seal
from chatops.delivery.verifying import heads

logger = logging.getLogger(__name__)

FORMAT = "chatops-anchor-1"
NAME = "ledger-anchors.jsonl"
AT_ONCE = 500
EARLIER = timedelta(days=1)


def anchor_file() -> Path:
    return Path(settings.CHATOPS_DATA) / NAME


def text_of(anchor: Anchor) -> bytes:
    """What is signed."""
    lines = (FORMAT, anchor.chain, anchor.number, anchor.pk, bytes(anchor.hash).hex())
    return "\n".join(map(str, lines)).encode()


def as_json(anchor: Anchor) -> dict[str, Any]:
    return {
        "id": str(anchor.pk),
        "chain": anchor.chain,
        "number": anchor.number,
        "hash": bytes(anchor.hash).hex(),
        "key": bytes(anchor.key).hex(),
        "signature": bytes(anchor.signature).hex(),
    }


def note_heads() -> list[Anchor]:
    """Sign where the chains end now, where that is not noted yet.

    First in the file, then in the log, which may go to another machine, and then in the database.
    """
    mine = Anchor.objects.filter(key=public_key())
    noted = dict(mine.values_list("chain").annotate(Max("number")))
    made = []
    for chain, (number, seal_hash) in heads().items():
        if noted.get(chain) == number:
            continue
        anchor = Anchor(id=new_id(), chain=chain, number=number, hash=bytes.fromhex(seal_hash))
        anchor.key, anchor.signature = public_key(), sign(text_of(anchor))
        made.append(anchor)
    if made:
        _write(made)
        for anchor in made:
            logger.info("ledger: chain %d has %d: %s", *_told(anchor))
        Anchor.objects.bulk_create(made)
    return made


def begin_anew(*, by: Actor, reason: str) -> list[Anchor]:
    """Put the anchors aside that no longer fit, because a backup was restored or a key was lost."""
    file = anchor_file()
    with transaction.atomic():
        record(by, "ledger.begin_anew", "the delivery ledger", reason=reason)
        Anchor.objects.all().delete()
    if file.exists():
        file.rename(file.with_suffix(f".{new_id()}.old"))
    return note_heads()


def check(report: Report) -> None:
    """Whether the chains still contain all that was noted of them, from a day before its start on.

    From earlier, because it is the end of a chain that is cut off.
    """
    since = report.since and first_at(moment_of(report.since) - EARLIER)
    cut: dict[int, Anchor] = {}  # by chain, the last that is beyond its end
    for source in (_from_file(report), _from_database(since)):
        for part in _parts(anchor for anchor in source if anchor.pk >= since):
            report.anchors += len(part)
            _compare(part, report, cut)
    for chain, anchor in cut.items():
        end, _ = report.heads.get(chain, (0, ""))
        report.seal(What.CUT, chain, end, anchor.pk, noted=anchor.number)


def _compare(anchors: list[Anchor], report: Report, cut: dict[int, Anchor]) -> None:
    wanted = {(anchor.chain, anchor.number) for anchor in anchors}
    hashes: dict[tuple[int, int], bytes] = {}
    for chain in {chain for chain, _ in wanted}:
        numbers = [number for each, number in wanted if each == chain]
        seals = Seal.objects.filter(chain=chain, number__in=numbers)
        hashes |= {
            (chain, number): bytes(made) for number, made in seals.values_list("number", "hash")
        }
    for anchor in anchors:
        found = hashes.get((anchor.chain, anchor.number))
        if not is_signed(text_of(anchor), bytes(anchor.signature), bytes(anchor.key)):
            report.anchor(
                f"What was noted of chain {anchor.chain}, seal {anchor.number}, was changed."
            )
        elif found is None and anchor.number > report.heads.get(anchor.chain, (0, ""))[0]:
            if anchor.chain not in cut or cut[anchor.chain].number < anchor.number:
                cut[anchor.chain] = anchor
        elif found != bytes(anchor.hash):
            report.seal(What.REPLACED, anchor.chain, anchor.number, anchor.pk)


def _from_database(since: int) -> Iterator[Anchor]:
    return Anchor.objects.filter(pk__gte=since).order_by("pk").iterator(AT_ONCE)


def _from_file(report: Report) -> Iterator[Anchor]:
    """What was noted by this node, or by whichever shares its data folder."""
    file = anchor_file()
    if not file.exists():
        if Anchor.objects.filter(key=public_key()).exists():
            report.anchor(f"{file.name}, where the heads of the chains were noted, is gone.")
        return
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield _read(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError):
                report.anchor(f"Line {number} of {file.name} was changed.")


def _read(fields: dict[str, Any]) -> Anchor:
    key = bytes.fromhex(fields["key"])
    if key != public_key():
        raise ValueError("Somebody else's key.")
    return Anchor(
        id=int(fields["id"]),
        chain=int(fields["chain"]),
        number=int(fields["number"]),
        hash=bytes.fromhex(fields["hash"]),
        key=key,
        signature=bytes.fromhex(fields["signature"]),
    )


def _parts(anchors: Iterable[Anchor]) -> Iterator[list[Anchor]]:
    part: list[Anchor] = []
    for anchor in anchors:
        part.append(anchor)
        if len(part) == AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _write(anchors: Iterable[Anchor]) -> None:
    lines = "".join(json.dumps(as_json(anchor)) + "\n" for anchor in anchors)
    handle = os.open(anchor_file(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())


def _told(anchor: Anchor) -> tuple[int, int, str]:
    return anchor.chain, anchor.number, bytes(anchor.hash).hex()
