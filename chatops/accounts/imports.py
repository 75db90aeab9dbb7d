"""Accounts from a CSV file: jid,password[,name], thousands in seconds."""

import csv
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from django.db import IntegrityError, transaction

from chatops.accounts import services
from chatops.accounts.models import User
from chatops.audit.services import Actor, record_each
from chatops.xmpp.errors import Refused

BATCH = 500
HEADINGS = ("jid", "username", "address")


@dataclass
class Report:
    """What became of the lines; errors by line number."""

    added: int = 0
    there_already: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is an account, as it would be saved."""

    number: int
    user: User
    password: str


def import_accounts(lines: Iterable[str], *, by: Actor, dry_run: bool = False) -> Report:
    """Add the accounts; one that exists is left as it is. Bad lines do not stop the others."""
    report = Report()
    rows = _rows(lines, report)
    with ThreadPoolExecutor() as hashing:  # PBKDF2 lets other threads run meanwhile
        while batch := list(islice(rows, BATCH)):
            fresh = _new_ones(batch, report)
            if dry_run:
                report.added += len(fresh)
            else:
                _store(_hashed(fresh, hashing, report), report, by)
    report.errors.sort()
    return report


def _rows(lines: Iterable[str], report: Report) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines)
    first = True
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            report.errors.append((reader.line_num, f"This is not CSV: {error}."))
            continue
        heading, first = first and bool(cells) and cells[0].strip().lower() in HEADINGS, False
        if any(cells) and not heading:
            yield reader.line_num, cells


def _new_ones(batch: list[tuple[int, list[str]]], report: Report) -> list[Line]:
    """The lines that are accounts and not there yet."""
    wanted: dict[str, Line] = {}
    for number, cells in batch:
        name = cells[2].strip() if len(cells) > 2 else ""
        password = cells[1] if len(cells) > 1 else ""
        try:
            user = services.new_user(cells[0].strip(), name=name)
        except Refused as refusal:
            report.errors.append((number, refusal.sentence))
            continue
        if not password:
            report.errors.append((number, "A password is missing."))
        elif user.username in wanted:
            report.there_already += 1
        else:
            wanted[user.username] = Line(number, user, password)
    there = User.objects.filter(username__in=wanted).values_list("username", flat=True)
    for username in there:
        del wanted[username]
        report.there_already += 1
    return list(wanted.values())


def _hashed(lines: list[Line], hashing: ThreadPoolExecutor, report: Report) -> list[Line]:
    """The lines with their records made; without those whose password cannot be used."""
    good: list[Line] = []
    outcomes = hashing.map(_hash, (line.password for line in lines))
    for line, outcome in zip(lines, outcomes, strict=True):
        if isinstance(outcome, Refused):
            report.errors.append((line.number, outcome.sentence))
        else:
            line.user.password = outcome
            good.append(line)
    return good


def _hash(password: str) -> str | Refused:
    try:
        return services.hash_password(password)
    except Refused as refusal:
        return refusal


def _store(lines: list[Line], report: Report, by: Actor) -> None:
    """All of them in one short transaction: a running service waits for the same lock."""
    users = [line.user for line in lines]
    try:
        with transaction.atomic():
            User.objects.bulk_create(users)
            record_each(by, "account.add", users, imported=True)
    except IntegrityError:  # one of them was made while the others were hashed
        _store_one_by_one(lines, report, by)
    else:
        report.added += len(lines)


def _store_one_by_one(lines: list[Line], report: Report, by: Actor) -> None:
    for line in lines:
        user = line.user
        try:
            services.add_account(
                user.username,
                password=line.password,
                by=by,
                name=user.name,
                encoded=user.password,
            )
        except services.AlreadyThere:
            report.there_already += 1
        else:
            report.added += 1
