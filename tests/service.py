"""The service as a process of its own, for tests that talk to it."""

import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60
PASSWORD = "secret-of-the-tests"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def doors(port: int) -> str:
    """That port on both loopback addresses."""
    return f"127.0.0.1:{port}, [::1]:{port}"


@dataclass
class ServiceProcess:
    """`manage.py serve` on ports and in a folder of its own; `start`, `kill`, `stop`."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    domain: str = "localhost"

    def __post_init__(self) -> None:
        self.http_port, self.c2s_port, self.tls_port = (free_port() for _ in range(3))
        self.process: subprocess.Popen[str] | None = None
        self.ready = ""

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def websocket(self) -> str:
        return self.websocket_at("127.0.0.1")

    def websocket_at(self, host: str) -> str:
        name = f"[{host}]" if ":" in host else host
        return f"ws://{name}:{self.http_port}/xmpp-websocket"

    @property
    def log(self) -> str:
        return (self.data / "log").read_text()

    def environment(self) -> dict[str, str]:
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("CHATOPS_")},
            "CHATOPS_DATA": str(self.data),
            "CHATOPS_DOMAIN": self.domain,
            "CHATOPS_HTTP": doors(self.http_port),
            "CHATOPS_C2S": doors(self.c2s_port),
            "CHATOPS_C2S_TLS": doors(self.tls_port),
            "CHATOPS_SCRAM_ITERATIONS": "4096",
            "CHATOPS_CONTACT_ABUSE": "mailto:abuse@localhost xmpp:root@localhost",
            "CHATOPS_CRS_TIMEOUT_SECONDS": "2",
            "CHATOPS_PUSH_GRACE_SECONDS": "1",
            "CHATOPS_PUSH_RETRY_SECONDS": "1",
            "PYTHONUNBUFFERED": "1",
            **self.settings,
        }

    def manage(self, *words: str, text: str | None = None) -> str:
        """Run a management command beside it; returns what it printed."""
        done = subprocess.run(
            [sys.executable, ROOT / "manage.py", *words],
            env=self.environment(),
            cwd=ROOT,
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout

    def start(self) -> Self:
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, ROOT / "manage.py", "serve"],
                env=self.environment(),
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        watchdog = threading.Timer(READY_SECONDS, self.process.kill)
        watchdog.start()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        watchdog.cancel()
        if not line.startswith("ready"):
            self.kill()
            raise RuntimeError(f"the service did not start:\n{self.log}")
        self.ready = line
        return self

    def kill(self) -> None:
        """As a power failure would."""
        self._end(signal.SIGKILL, 10)

    def stop(self) -> None:
        """As an operator would; ten seconds are the promise."""
        self._end(signal.SIGTERM, 10)

    def _end(self, number: int, seconds: float) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()
