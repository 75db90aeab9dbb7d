"""``manage.py notice send --to all --subject … TEXT``."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatops.audit.services import Actor
from chatops.notices import services
from chatops.notices.models import Audience, Notice
from chatops.rooms.models import Room
from chatops.xmpp.errors import Refused

NAME = "manage.py notice"
BY = Actor.command(NAME)
ANSWER_SECONDS = 10  # for the service to start a notice to those who are online
POLL_SECONDS = 0.2


class Command(BaseCommand):
    help = "Send a notice; the running service delivers it."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        send = verbs.add_parser("send", help="send a notice now")
        send.add_argument(
            "--to",
            default="all",
            help="all, online, room:NAME, a file of addresses, or addresses with commas",
        )
        send.add_argument("--subject", default="")
        send.add_argument("--no-receipt", action="store_true", help="do not ask for receipts")
        send.add_argument(
            "--lifetime-days", type=int, metavar="DAYS", help="then it is given up; 0: never"
        )
        send.add_argument(
            "--attempts",
            type=int,
            metavar="NUMBER",
            help="so often it is sent to devices that do not confirm it; 0: without a limit",
        )
        send.add_argument(
            "--wait",
            type=float,
            metavar="SECONDS",
            help="stay until all have confirmed, but not longer, and say how far it came",
        )
        send.add_argument("text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            notice = services.compose(
                by=BY,
                subject=options["subject"],
                body=options["text"],
                wants_receipt=not options["no_receipt"],
                lifetime_days=options["lifetime_days"],
                attempts=options["attempts"],
                **_audience(options["to"]),
            )
        except Refused as error:
            raise CommandError(error.sentence) from error
        self._start(notice)
        count = services.progress(notice)["total"]
        people = "1 person" if count == 1 else f"{count} people"
        self.stdout.write(f"Notice {notice.pk} is on its way to {people}.")
        if options["wait"] is not None:
            self._wait(notice, options["wait"])

    def _start(self, notice: Notice) -> None:
        """The draft does not stay where it cannot be sent."""
        try:
            if notice.audience == Audience.ONLINE:
                services.ask_to_start(notice, command=NAME)
                self._wait_for_the_service(notice)
            else:
                services.start(notice, by=BY)
        except Refused as error:
            services.remove(notice, by=BY)
            raise CommandError(error.sentence) from error

    def _wait_for_the_service(self, notice: Notice) -> None:
        end = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < end:
            state = Notice.objects.filter(pk=notice.pk).values_list("state", flat=True).first()
            if state is None:
                raise CommandError("Nobody is online.")
            if state != Notice.State.DRAFT:
                return
            time.sleep(POLL_SECONDS)
        try:
            services.remove(notice, by=BY)
        except services.AlreadyStarted:  # at the last moment
            return
        raise CommandError("The service does not answer, so nothing was sent: is it running?")

    def _wait(self, notice: Notice, seconds: float) -> None:
        end = time.monotonic() + seconds
        counts = services.progress(notice)
        while time.monotonic() < end and counts["confirmed"] < counts["total"]:
            time.sleep(POLL_SECONDS)
            notice.refresh_from_db()
            counts = services.progress(notice)
        self.stdout.write(
            f"{counts['confirmed']} of {counts['total']} have confirmed it;"
            f" it waits for {counts['queued'] + counts['waiting']} to come online."
        )


def _audience(to: str) -> dict[str, Any]:
    if to in (Audience.ALL, Audience.ONLINE):
        return {"audience": to}
    if to.startswith("room:"):
        room = Room.objects.filter(localpart=to.removeprefix("room:")).first()
        if room is None:
            raise CommandError(f"There is no room {to.removeprefix('room:')}.")
        return {"audience": Audience.ROOM, "room": room}
    return {"audience": Audience.LIST, "addresses": to if "," in to else _from_file(to)}


def _from_file(name: str) -> str:
    """What stands in the file; the name itself, an address, where there is none."""
    file = Path(name)
    try:
        return file.read_text(encoding="utf-8") if file.is_file() else name
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: it must be a text file in UTF-8.") from error
