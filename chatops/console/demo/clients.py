"""The demo's clients: slixmpp programs over TCP that talk in a room and answer what they get."""

import asyncio
import json
import logging
import random
import ssl
from typing import Any

import slixmpp
from django.conf import settings

from chatops.console.demo.cast import ANSWERS, LINES, TALKERS
from chatops.console.demo.prepare import passwords_file
from chatops.core.addresses import WILDCARDS, read_addresses

logger = logging.getLogger(__name__)

TALK_SECONDS = (6.0, 25.0)
chance = random.Random()  # noqa: S311 - small talk needs no secrets


class DemoClient(slixmpp.ClientXMPP):  # type: ignore[misc]
    """Joins a room, says something now and then, answers, and confirms what it got."""

    def __init__(self, name: str, password: str, room: str) -> None:
        super().__init__(f"{name}@{settings.CHATOPS_DOMAIN}/demo", password)
        self.nick, self.room = name, room
        for plugin in ("xep_0030", "xep_0045", "xep_0184", "xep_0198", "xep_0199", "xep_0333"):
            self.register_plugin(plugin)
        self.plugin["xep_0184"].auto_ack = True
        # The certificate of a first start is self-signed, and the service is on this machine.
        self.ssl_context = ssl.create_default_context()
        self.ssl_context.check_hostname = False
        self.ssl_context.verify_mode = ssl.CERT_NONE
        self.add_event_handler("session_start", self._started)
        self.add_event_handler("message", self._answer)
        self.add_event_handler("disconnected", self._come_back)

    async def _started(self, _: object) -> None:
        await self.get_roster()
        self.send_presence()
        self.plugin["xep_0045"].join_muc(self.room, self.nick)

    async def _answer(self, message: Any) -> None:
        if message["type"] not in ("chat", "normal") or not message["body"]:
            return
        if message["body"] in ANSWERS or message["from"].bare == self.boundjid.domain:
            return  # an answer needs no answer, and nobody reads one to a notice
        await asyncio.sleep(chance.uniform(1, 4))
        self.plugin["xep_0333"].send_marker(message["from"], message["id"], "displayed")
        self.send_message(
            mto=message["from"],
            mtype="chat",
            mbody=chance.choice(ANSWERS),
        )

    async def _come_back(self, _: object) -> None:
        await asyncio.sleep(chance.uniform(1, 3))
        self.go()

    def go(self) -> None:
        door = read_addresses(settings.CHATOPS_C2S)[0]
        self.connect("127.0.0.1" if door.host in WILDCARDS else door.host, door.port)

    async def talk(self, others: list[str]) -> None:
        """For ever: mostly in the room, sometimes to one person with a receipt asked for."""
        while True:
            await asyncio.sleep(chance.uniform(*TALK_SECONDS))
            if not self.is_connected():
                continue
            if chance.random() < 0.6:
                self.send_message(mto=self.room, mbody=chance.choice(LINES), mtype="groupchat")
            else:
                message = self.make_message(
                    mto=f"{chance.choice(others)}@{settings.CHATOPS_DOMAIN}",
                    mbody=chance.choice(LINES),
                    mtype="chat",
                )
                message["request_receipt"] = True
                message.enable("markable")
                message.send()


async def run() -> None:
    """All of them, until the process ends."""
    passwords = json.loads(await asyncio.to_thread(passwords_file().read_text))
    room = f"operations@conference.{settings.CHATOPS_DOMAIN}"
    clients = [DemoClient(name, passwords[name], room) for name in TALKERS]
    for client in clients:
        client.go()
    # Some of whom they write to are never there: their messages wait in the queue.
    names = list(passwords)
    await asyncio.gather(
        *(client.talk([name for name in names if name != client.nick]) for client in clients)
    )
