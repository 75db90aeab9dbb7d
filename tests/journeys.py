"""A slixmpp client as a person's program uses it: everything by its plugins, nothing by hand."""

import asyncio
import ssl
from typing import Any

import slixmpp

from tests.service import PASSWORD, ServiceProcess

PATIENCE = 20


class SlixmppClient(slixmpp.ClientXMPP):  # type: ignore[misc]
    """Logs in over STARTTLS, answers receipts, and keeps what it gets."""

    def __init__(self, service: ServiceProcess, name: str, resource: str) -> None:
        super().__init__(f"{name}@{service.domain}/{resource}", PASSWORD)
        for plugin in ("xep_0030", "xep_0045", "xep_0184", "xep_0198", "xep_0199", "xep_0280"):
            self.register_plugin(plugin)
        self.plugin["xep_0184"].auto_ack = True
        self.ssl_context = ssl.create_default_context()
        self.ssl_context.check_hostname = False
        self.ssl_context.verify_mode = ssl.CERT_NONE
        self.inbox: asyncio.Queue[Any] = asyncio.Queue()
        self.receipts: asyncio.Queue[Any] = asyncio.Queue()
        self.add_event_handler("session_start", self._started)
        self.add_event_handler("message", self.inbox.put_nowait)
        self.add_event_handler("receipt_received", self.receipts.put_nowait)
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._port = service.c2s_port

    async def _started(self, _: object) -> None:
        await self.get_roster()
        self.send_presence()
        if not self._ready.done():
            self._ready.set_result(None)

    async def come(self) -> "SlixmppClient":
        self.connect("127.0.0.1", self._port)
        await asyncio.wait_for(self._ready, PATIENCE)
        return self

    async def next_message(self, body: str) -> Any:
        """The message with that body; what came before it is dropped."""
        async with asyncio.timeout(PATIENCE):
            while (message := await self.inbox.get())["body"] != body:
                pass
            return message

    async def leave(self) -> None:
        await self.disconnect()
