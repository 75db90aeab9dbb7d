"""``manage.py notice send --to all --subject … TEXT``."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatops.audit.services import Actor
from chatops.notices import services
from chatops.notices.models import Audience, Notice
from chatops.rooms.models import Room
from chatops.xmpp.errors import Refused

BY = Actor.command("manage.py notice")


class Command(BaseCommand):
    help = "Send a notice; the running service delivers it."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        send = verbs.add_parser("send", help="send a notice now")
        send.add_argument(
            "--to",
            default="all",
            help="all, room:NAME, a file with one address a line, or addresses with commas",
        )
        send.add_argument("--subject", default="")
        send.add_argument("--no-receipt", action="store_true", help="do not ask for receipts")
        send.add_argument("text")

    def handle(self, *args: Any, **options: Any) -> None:
        notice = Notice(
            subject=options["subject"],
            body=options["text"],
            wants_receipt=not options["no_receipt"],
            **self._audience(options["to"]),
        )
        notice.save()
        try:
            services.start(notice, by=BY)
        except Refused as error:
            notice.delete()
            raise CommandError(error.sentence) from error
        count = services.progress(notice)["total"]
        self.stdout.write(f"Notice {notice.pk} is on its way to {count} people.")

    def _audience(self, to: str) -> dict[str, Any]:
        if to == "all":
            return {"audience": Audience.ALL}
        if to == "online":
            raise CommandError("Who is online is known to the service: use its notice page.")
        if to.startswith("room:"):
            room = Room.objects.filter(localpart=to.removeprefix("room:")).first()
            if room is None:
                raise CommandError(f"There is no room {to.removeprefix('room:')}.")
            return {"audience": Audience.ROOM, "room": room}
        file = Path(to)
        text = file.read_text() if file.is_file() else to
        return {"audience": Audience.LIST, "addresses": text}
