"""Accounts from a CSV file: jid,password[,name], thousands in seconds."""

import csv
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from django.db import transaction

from chatops.accounts import services
from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.xmpp.errors import Refused

BATCH = 500


@dataclass
class Report:
    """What became of the lines; errors by line number."""

    added: int = 0
    there_already: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)


def import_accounts(lines: Iterable[str], *, by: Actor, dry_run: bool = False) -> Report:
    """Add the accounts; one that exists is left as it is. Bad lines do not stop the others."""
    report = Report()
    rows = _rows(lines)
    with ThreadPoolExecutor() as hashing:  # PBKDF2 lets other threads run meanwhile
        while batch := list(islice(rows, BATCH)):
            _import_batch(batch, hashing, report, by=by, dry_run=dry_run)
    return report


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(csv.reader(lines), start=1):
        cells = [cell.strip() for cell in row]
        if any(cells) and not (number == 1 and cells[0].lower() in ("jid", "username")):
            yield number, cells


def _import_batch(
    batch: list[tuple[int, list[str]]],
    hashing: ThreadPoolExecutor,
    report: Report,
    *,
    by: Actor,
    dry_run: bool,
) -> None:
    wanted: list[tuple[int, str, str, str]] = []
    names: set[str] = set()
    for number, cells in batch:
        try:
            username = services.localpart(cells[0])
        except Refused as error:
            report.errors.append((number, error.sentence))
            continue
        if len(cells) < 2 or not cells[1]:
            report.errors.append((number, "A password is missing."))
        elif username in names:
            report.there_already += 1
        else:
            names.add(username)
            wanted.append((number, username, cells[1], cells[2] if len(cells) > 2 else ""))
    there = set(User.objects.filter(username__in=names).values_list("username", flat=True))
    report.there_already += len(there)
    fresh = [row for row in wanted if row[1] not in there]
    if dry_run:
        report.added += len(fresh)
        return
    encoded = list(hashing.map(_hash, (password for _, _, password, _ in fresh)))
    with transaction.atomic():
        for (number, username, password, name), record in zip(fresh, encoded, strict=True):
            if isinstance(record, Refused):
                report.errors.append((number, record.sentence))
                continue
            try:
                with transaction.atomic():
                    services.add_account(
                        username, password=password, by=by, name=name, encoded=record
                    )
            except Refused as error:
                report.errors.append((number, error.sentence))
            else:
                report.added += 1


def _hash(password: str) -> str | Refused:
    try:
        return services.hash_password(password)
    except Refused as error:
        return error
