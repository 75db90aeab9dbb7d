"""``manage.py demo``: a service with people, rooms and history in it, and clients that talk."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from chatops.console.demo import clients
from chatops.console.demo.prepare import ADMIN, prepare


class Command(BaseCommand):
    help = "Run the service with demo data; DEMO=0 leaves the demo's clients out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", nargs="?", choices=("all", "clients"), default="all")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["part"] == "clients":
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(clients.run())
            return
        settings.CHATOPS_DATA.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0, interactive=False)
        password = prepare()
        service = subprocess.Popen(
            [sys.executable, sys.argv[0], "serve"], stdout=subprocess.PIPE, text=True
        )
        talkers: list[subprocess.Popen[bytes]] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stop(service, talkers))
        self._tell_when_ready(service, talkers, password)
        code = service.wait()
        for process in talkers:  # also where the service ended by itself
            process.terminate()
            process.wait()
        sys.exit(code)

    def _tell_when_ready(
        self,
        service: subprocess.Popen[str],
        talkers: list[subprocess.Popen[bytes]],
        password: str,
    ) -> None:
        assert service.stdout is not None  # noqa: S101 - it is a pipe
        line = service.stdout.readline()
        if not line.startswith("ready"):
            return
        self.stdout.write(line.strip())
        self.stdout.write(f"Console: {settings.CHATOPS_PUBLIC_URL}/  user: {ADMIN}")
        if password:
            self.stdout.write(f"Password: {password}   (shown this once)")
        else:
            self.stdout.write(
                f"The password was shown at the first start; a new one: "
                f"manage.py account set-password {ADMIN} --generate"
            )
        self.stdout.write(f"Clients: name@{settings.CHATOPS_DOMAIN}, server {settings.CHATOPS_C2S}")
        self.stdout.write("Ctrl-C stops everything.")
        self.stdout.flush()
        if os.environ.get("DEMO", "1") != "0":
            talkers.append(subprocess.Popen([sys.executable, sys.argv[0], "demo", "clients"]))
        threading.Thread(target=service.stdout.read, daemon=True).start()

    def _stop(self, service: subprocess.Popen[str], talkers: list[subprocess.Popen[bytes]]) -> None:
        for process in talkers:
            process.terminate()
        service.terminate()
