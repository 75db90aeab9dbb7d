"""The service in the foreground: pages, doors and jobs in one process."""

import asyncio
import contextlib
import gc
import resource
import signal
import socket
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
import uvloop
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from OpenSSL import SSL

from chatops.bridge.doors.bosh.door import bosh_door
from chatops.bridge.doors.tcp import TcpDoors
from chatops.bridge.jobs import EmbeddedJobs
from chatops.bridge.running import Service
from chatops.core.addresses import BadAddress, listen, name_of

DRAIN_SECONDS = 5
COLLECTOR = (50_000, 20, 100)  # gc.set_threshold
KEEP_ALIVE_SECONDS = 75  # between two requests of a client that speaks BOSH, or of a browser


def _calm_collector() -> None:
    """Search for cycles less often: what lives long here is much, and almost nothing is a cycle.

    Measured: as Python has it, more than a quarter of a busy service's time went into looking
    through the ledger's memory of the last messages (373 µs of CPU a message, 268 with this).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR)


class Pages(uvicorn.Server):
    """uvicorn, whose signals are ours."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.listening.set()


class Command(BaseCommand):
    help = "Run the service: pages, XMPP doors and jobs. SIGTERM ends it within ten seconds."

    def handle(self, *args: Any, **options: Any) -> None:
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        # COMPAT: WhiteNoise 6.12 hands Django's ASGI handler files as synchronous iterators.
        warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume")
        call_command("migrate", verbosity=0, interactive=False)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        uvloop.run(self._serve())

    async def _serve(self) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        async with contextlib.AsyncExitStack() as stack:
            service = Service()
            await service.start()
            stack.push_async_callback(service.stop)
            if not settings.CHATOPS_REDIS_URL:
                jobs = EmbeddedJobs()
                jobs.start()
                stack.push_async_callback(asyncio.to_thread, jobs.stop)
            pages = await stack.enter_async_context(self._pages())
            doors = await self._open_doors(service)
            stack.push_async_callback(doors.close, DRAIN_SECONDS)
            stack.callback(bosh_door.shut_down)
            stack.callback(service.dismiss)
            _calm_collector()
            self.stdout.write(" ".join(["ready", *pages, *doors.addresses]))
            self.stdout.flush()
            await stopping.wait()

    async def _open_doors(self, service: Service) -> TcpDoors:
        doors = TcpDoors(service)
        try:
            await doors.open()
        except OSError as error:
            raise CommandError(f"Cannot open the XMPP door {error.strerror or error}.") from error
        except BadAddress as error:
            raise CommandError(str(error)) from error
        except (ValueError, SSL.Error) as error:
            raise CommandError(
                f"The certificate of CHATOPS_TLS_CERTIFICATE and its key cannot be used: {error}."
            ) from error
        return doors

    @contextlib.asynccontextmanager
    async def _pages(self) -> AsyncIterator[list[str]]:
        """HTTP, with WebSocket and BOSH in it; yields the addresses."""
        config = uvicorn.Config(
            "chatops.asgi:application",
            loop="none",
            lifespan="off",
            ws="websockets-sansio",
            # Larger frames are refused by the stream itself, with a stream error.
            ws_max_size=4 * settings.CHATOPS_MAX_STANZA_BYTES,
            ws_ping_interval=None,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=settings.BEHIND_TLS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=2,
        )
        try:
            listeners = listen(settings.CHATOPS_HTTP)
        except OSError as error:
            raise CommandError(f"Cannot open the pages' address {error.strerror}.") from error
        except BadAddress as error:
            raise CommandError(str(error)) from error
        if not listeners:
            yield []
            return
        server = Pages(config)
        running = asyncio.create_task(server.serve(sockets=listeners))
        listening = asyncio.create_task(server.listening.wait())
        await asyncio.wait([listening, running], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            listening.cancel()
            raise CommandError(f"The pages cannot be served: {running.exception()}.")
        try:
            yield [f"http://{name_of(listener)}/" for listener in listeners]
        finally:
            server.should_exit = True
            await asyncio.wait([running], timeout=DRAIN_SECONDS)
