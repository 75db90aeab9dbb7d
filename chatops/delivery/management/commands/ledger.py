"""``manage.py ledger verify|export|key|anchor|begin-anew``."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime

from chatops.audit.services import Actor
from chatops.core.ids import first_at
from chatops.delivery.anchors import as_json, begin_anew, note_heads
from chatops.delivery.exporting import ExportQuery, export
from chatops.delivery.keys import fingerprint, public_key
from chatops.delivery.watching import examine
from chatops.xmpp.errors import Refused

BY = Actor.command("manage.py ledger")
WRONG = 1  # exit code


class Command(BaseCommand):
    help = "Verify the delivery ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("verify", help="find what was changed, removed or inserted")
        check.add_argument("--since", type=moment, help="a day or a time, in UTC; all by default")
        out = verbs.add_parser("export", help="write a file that proves itself to others")
        out.add_argument("--from", dest="since", type=moment, help="a day or a time, in UTC")
        out.add_argument("--to", dest="until", type=moment, help="a time, or a day, not included")
        out.add_argument("--message", type=int, help="its id")
        out.add_argument("--recipient", default="", help="an account's address")
        out.add_argument("-o", dest="file", type=Path, required=True, help="FILE.zip")
        verbs.add_parser("anchor", help="sign where the chains end now, and note it")
        anew = verbs.add_parser("begin-anew", help="put anchors aside that no longer fit")
        anew.add_argument("--reason", required=True, help="for the audit trail")
        verbs.add_parser("key", help="show the public key of anchors and exports")

    def handle(self, *args: Any, **options: Any) -> None:
        verb = getattr(self, "do_" + options["verb"].replace("-", "_"))
        try:
            verb(options)
        except Refused as error:
            raise CommandError(error.sentence) from error

    def do_verify(self, options: dict[str, Any]) -> None:
        since = options["since"]
        since_id = first_at(since) if since else 0
        _, report = examine(by=BY, since=since_id, watch=self._watching())
        self._end_watch()
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

    def do_export(self, options: dict[str, Any]) -> None:
        query = ExportQuery(
            options["since"], options["until"], options["message"], options["recipient"]
        )
        file: Path = options["file"]
        try:
            with file.open("wb") as out:
                done = export(query=query, out=out, by=BY, watch=self._watching())
        except OSError as error:
            raise CommandError(f"Cannot write {file}: {error}.") from error
        self._end_watch()
        self.stdout.write(f"{done.events:,} events, proven by {done.seals:,} seals, in {file}.")
        if done.unproven:
            raise CommandError(
                f"{done.unproven:,} of them were changed or inserted, so it will not verify.",
                returncode=WRONG,
            )

    def do_anchor(self, options: dict[str, Any]) -> None:
        for anchor in note_heads():
            self.stdout.write(json.dumps(as_json(anchor)))

    def do_begin_anew(self, options: dict[str, Any]) -> None:
        anchors = begin_anew(by=BY, reason=options["reason"])
        self.stdout.write(f"The old anchors are put aside; {len(anchors)} chains are noted anew.")

    def do_key(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{public_key().hex()}\nfingerprint {fingerprint(public_key())}")

    def _watching(self) -> Callable[[int], None]:
        """Progress, for who looks at a terminal."""
        return self._watch if self.stderr.isatty() else _nobody

    def _watch(self, done: int) -> None:
        self.stderr.write(f"\r{done:,} events", ending="")

    def _end_watch(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r" + " " * 40 + "\r", ending="")


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
