"""``manage.py account add|invite|set-password|remove|list|import``."""

import getpass
import io
import json
import secrets
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from chatops.accounts import services
from chatops.accounts.imports import import_accounts
from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.xmpp.errors import Refused

BY = Actor.command("manage.py account")
PARTLY = 3  # exit code of an import that took some lines and not others


class Command(BaseCommand):
    help = "Manage the accounts of this service."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="make an account")
        add.add_argument("address", help="name or name@domain")
        _add_password_options(add)
        add.add_argument("--admin", action="store_true", help="may do everything in the console")
        add.add_argument("--name", default="", help="as others see it")
        guest = verbs.add_parser("invite", help="make an invitation and print its links")
        guest.add_argument("--username", default="", help="for an account of that name only")
        guest.add_argument("--contact", default="", help="whose contact the newcomer becomes")
        guest.add_argument("--uses", type=int, default=1, help="how many may use it")
        guest.add_argument("--days", type=int, default=settings.CHATOPS_INVITATION_DAYS)
        guest.add_argument("--note", default="", help="for administrators")
        change = verbs.add_parser("set-password", help="change a password")
        change.add_argument("address")
        _add_password_options(change)
        remove = verbs.add_parser("remove", help="remove an account and all that belongs to it")
        remove.add_argument("address")
        show = verbs.add_parser("list", help="list the accounts")
        show.add_argument("--format", choices=("text", "json"), default="text")
        bring = verbs.add_parser("import", help="add accounts from a CSV of jid,password[,name]")
        bring.add_argument("file", type=Path, help="- for standard input")
        bring.add_argument("--dry-run", action="store_true", help="only say what would happen")

    def handle(self, *args: Any, **options: Any) -> None:
        verb = getattr(self, "do_" + options["verb"].replace("-", "_"))
        try:
            verb(options)
        except Refused as error:
            raise CommandError(error.sentence) from error

    def do_add(self, options: dict[str, Any]) -> None:
        password = self._password(options)
        user = services.add_account(
            options["address"],
            password=password,
            by=BY,
            is_admin=options["admin"],
            name=options["name"],
        )
        self.stdout.write(f"Added {user.jid}.")
        self._tell_generated(options, password)

    def do_invite(self, options: dict[str, Any]) -> None:
        invitation = services.invite(
            by=BY,
            username=options["username"],
            contact=services.find(options["contact"]) if options["contact"] else None,
            most_uses=options["uses"],
            use_by=timezone.now() + timedelta(days=options["days"]),
            note=options["note"],
        )
        self.stdout.write(services.page_of(invitation))
        self.stdout.write(services.uri_of(invitation))

    def do_set_password(self, options: dict[str, Any]) -> None:
        user = services.find(options["address"])
        password = self._password(options)
        services.set_password(user, password=password, by=BY)
        self.stdout.write(f"Changed the password of {user.jid}.")
        self._tell_generated(options, password)

    def do_remove(self, options: dict[str, Any]) -> None:
        user = services.find(options["address"])
        services.remove_account(user, by=BY)
        self.stdout.write(f"Removed {options['address']}.")

    def do_list(self, options: dict[str, Any]) -> None:
        users = User.objects.defer("password").iterator()
        if options["format"] == "json":
            rows = [
                {
                    "jid": user.jid,
                    "name": user.name,
                    "administrator": user.is_superuser,
                    "suspended": not user.is_active,
                }
                for user in users
            ]
            self.stdout.write(json.dumps(rows, indent=2))
            return
        for user in users:
            marks = [
                *(["administrator"] if user.is_superuser else []),
                *([] if user.is_active else ["suspended"]),
            ]
            self.stdout.write(user.jid + (f"  ({', '.join(marks)})" if marks else ""))

    def do_import(self, options: dict[str, Any]) -> None:
        file: Path = options["file"]
        try:
            text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"Cannot read {file}: {error}.") from error
        lines = io.StringIO(text, newline="")  # a quoted field may hold line breaks
        report = import_accounts(lines, by=BY, dry_run=options["dry_run"])
        for number, sentence in report.errors:
            self.stderr.write(f"line {number}: {sentence}")
        verb = "would be added" if options["dry_run"] else "added"
        self.stdout.write(
            f"{report.added} {verb}, {report.there_already} there already, "
            f"{len(report.errors)} with errors."
        )
        if report.errors:
            raise CommandError("Some lines were not taken; see above.", returncode=PARTLY)

    def _tell_generated(self, options: dict[str, Any], password: str) -> None:
        if options["generate"]:
            self.stdout.write(f"Password: {password}")

    def _password(self, options: dict[str, Any]) -> str:
        if options["password"] is not None:
            return str(options["password"])
        if options["generate"]:
            return secrets.token_urlsafe(12)
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\r\n")
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != password:
            raise CommandError("The two passwords differ.")
        return password


def _add_password_options(parser: CommandParser) -> None:
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--password", help="asked for, or read from standard input, when left out")
    one.add_argument("--generate", action="store_true", help="make one up and print it once")
