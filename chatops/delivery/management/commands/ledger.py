"""``manage.py ledger verify``."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime

from chatops.core.ids import first_at
from chatops.delivery.verifying import verify

WRONG = 1  # exit code


class Command(BaseCommand):
    help = "Verify the delivery ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("verify", help="find what was changed, removed or inserted")
        check.add_argument("--since", type=moment, help="a day or a time, in UTC; all by default")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, "do_" + options["verb"])(options)

    def do_verify(self, options: dict[str, Any]) -> None:
        since = options["since"]
        watch = self._watch if self.stderr.isatty() else _nobody
        report = verify(since=first_at(since) if since else 0, watch=watch)
        if self.stderr.isatty():
            self.stderr.write("\r" + " " * 40 + "\r", ending="")
        for finding in report.findings:
            self.stdout.write(finding.sentence)
        if report.found > len(report.findings):
            self.stdout.write(f"… and {report.found - len(report.findings):,} more.")
        for chain, (number, digest) in report.heads.items():
            self.stdout.write(f"Chain {chain} ends with seal {number}: {digest}")
        looked = f"{report.events:,} events in {report.seals:,} seals"
        if report.found:
            raise CommandError(f"{looked}: {report.found:,} wrong.", returncode=WRONG)
        self.stdout.write(f"{looked}: nothing was changed, removed or inserted.")

    def _watch(self, done: int) -> None:
        self.stderr.write(f"\r{done:,} events", ending="")


def _nobody(done: int) -> None:
    """Not a terminal: no progress."""


def moment(text: str) -> datetime:
    """A day, or a day and a time, in UTC where it does not say."""
    try:
        found = parse_datetime(text)
        if found is None and (day := parse_date(text)) is not None:
            found = datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError as error:
        raise CommandError(f"{text} is no moment: {error}.") from error
    if found is None:
        raise CommandError(f"{text} is no moment: write 2026-01-31 or 2026-01-31T12:00.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
