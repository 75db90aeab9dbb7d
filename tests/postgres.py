"""A PostgreSQL of a test's own, in a temporary folder: started, stopped, gone."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.service import free_port

OWNER = "postgres"  # it does not run as root


def folder_of_programs() -> Path | None:
    """Where Debian keeps those of the newest version, or wherever the PATH has them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return None if initdb is None else Path(initdb).parent


class Postgres:
    """`start` and `stop` as often as wanted; the data stay."""

    def __init__(self) -> None:
        programs = folder_of_programs()
        if programs is None:
            raise RuntimeError("PostgreSQL is missing: apt-get install postgresql")
        # Not in pytest's folders, which are closed to the owner of the database.
        self._folder = Path(tempfile.mkdtemp(prefix="chatops-postgres-"))
        self._programs, self._data, self.port = programs, self._folder / "data", free_port()
        if os.geteuid() == 0:
            shutil.chown(self._folder, OWNER)
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "chatops", "-N", "-E", "UTF8")
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "chatops", "chatops")

    @property
    def url(self) -> str:
        return f"postgres://chatops@127.0.0.1:{self.port}/chatops"

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
            " -c shared_buffers=32MB -c max_connections=60"
        )
        log = self._folder / "log"
        self._run("pg_ctl", "-D", self._data, "-l", log, "-o", options, "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """ "immediate" is a crash."""
        self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    def remove(self) -> None:
        """Stop it, if it runs, and leave nothing behind."""
        with contextlib.suppress(RuntimeError):
            self.stop("immediate")
        shutil.rmtree(self._folder)

    def _run(self, program: str, *words: str | Path) -> None:
        command: list[str | Path] = [self._programs / program, *words]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--init-groups", *command]
        done = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode:
            raise RuntimeError(done.stdout)
