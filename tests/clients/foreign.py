"""Clients that are programs of their own: lines in, lines out (`tests/clients/js/lines.js`)."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.service import PASSWORD, ROOT, ServiceProcess

HERE = Path(__file__).parent
JS = HERE / "js"
PYTHON_PACKAGES = ROOT / ".clients" / "python"
SYSTEM_PYTHON = "/usr/bin/python3"
PATIENCE = 30


@cache
def why_no_node() -> str:
    """What is missing; '' where nothing is."""
    if shutil.which("node") is None:
        return "Node.js is not installed: apt-get install nodejs npm, then make clients."
    if not (JS / "node_modules").is_dir():
        return "The clients' packages are not installed: make clients."
    return ""


@cache
def why_no_nbxmpp() -> str:
    look = "import gi; gi.require_version('Soup', '3.0'); import nbxmpp.client"
    try:
        found = subprocess.run(
            [SYSTEM_PYTHON, "-c", look],
            env={"PYTHONPATH": str(PYTHON_PACKAGES)},
            capture_output=True,
            check=False,
        )
    except OSError:
        return "There is no system Python."
    if found.returncode:
        return (
            "nbxmpp or its libraries are not installed: "
            "apt-get install python3-gi gir1.2-soup-3.0 glib-networking, then make clients."
        )
    return ""


class Foreign:
    """A client's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, *words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words).encode() + b"\n")
        await self._process.stdin.drain()

    async def heard(self, what: str) -> list[str]:
        """The words of the next line that begins so; a failure fails."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while line := (await self._process.stdout.readline()).decode():
                word, *rest = line.rstrip("\n").split(" ")
                if word == what:
                    return rest
                assert word != "failed", line
        raise AssertionError(f"it ended and said nothing of {what}")

    async def gone(self) -> int:
        return await asyncio.wait_for(self._process.wait(), PATIENCE)


@asynccontextmanager
async def running(
    program: str, service: ServiceProcess, address: str, name: str
) -> AsyncIterator[Foreign]:
    """Log that person in with "xmppjs", "strophe" or "nbxmpp"."""
    if program == "nbxmpp":
        missing, command = why_no_nbxmpp(), [SYSTEM_PYTHON, str(HERE / "python/nbxmpp_client.py")]
    else:
        missing, command = why_no_node(), ["node", str(JS / f"{program}.js")]
    if missing:
        pytest.skip(missing)
    process = await asyncio.create_subprocess_exec(
        *command,
        address,
        service.domain,
        name,
        PASSWORD,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ
        | {
            "PYTHONPATH": str(PYTHON_PACKAGES),
            "NODE_EXTRA_CA_CERTS": str(service.data / "certificate.pem"),
        },
    )
    try:
        yield Foreign(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
