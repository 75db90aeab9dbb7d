"""An account from its first to its last day, with slixmpp's own plugin for XEP-0077."""

import asyncio
from typing import Any

import pytest
from slixmpp.exceptions import IqError

from tests.conftest import Person
from tests.journeys import PATIENCE, SlixmppClient
from tests.protocol.registering import invite
from tests.service import ServiceProcess


class Newcomer(SlixmppClient):
    """Registers before it logs in, with the code of an invitation."""

    def __init__(self, service: ServiceProcess, name: str, code: str, password: str) -> None:
        super().__init__(service, name, "desk")
        self.password, self.code = password, code
        for plugin in ("xep_0004", "xep_0066", "xep_0077"):
            self.register_plugin(plugin)
        self.errors: list[Any] = []
        self.add_event_handler("register", self._register)

    async def _register(self, offered: Any) -> None:
        fields = offered["register"]["form"].get_fields(use_dict=True)
        answer = self.Iq()
        answer["type"] = "set"
        form = answer["register"]["form"]
        form["type"] = "submit"
        form.add_field(var="FORM_TYPE", ftype="hidden", value="jabber:iq:register")
        for var in fields.keys() - {"FORM_TYPE"}:
            value = {"username": self.boundjid.user, "password": self.password, "token": self.code}
            form.add_field(var=var, value=value[var])
        try:
            await answer.send()
        except IqError as error:
            self.errors.append(error)
            self.disconnect()


@pytest.mark.spec("XEP-0077 §3", "XEP-0004 §3")
async def test_a_client_registers_changes_its_password_and_leaves(
    service: ServiceProcess, alice: Person
) -> None:
    name, old, new = f"newcomer-of-{alice.name}", "kettle-and-cup-7", "cup-and-kettle-8"
    client = await Newcomer(service, name, invite(service), old).come()
    registration = await client.plugin["xep_0077"].get_registration(ifrom=client.boundjid)
    assert registration["register"]["registered"]
    assert registration["register"]["username"] == name
    await client.plugin["xep_0077"].change_password(new)
    await client.leave()

    client = Newcomer(service, name, "", new)
    client.plugin["xep_0077"].create_account = False
    await client.come()
    ended = asyncio.get_running_loop().create_future()
    client.add_event_handler("stream_error", lambda error: ended.set_result(error["condition"]))
    await client.plugin["xep_0077"].cancel_registration()
    assert await asyncio.wait_for(ended, PATIENCE) == "not-authorized"
    await client.leave()


@pytest.mark.spec("XEP-0077 §3.1")
async def test_a_client_without_a_good_code_is_refused(
    service: ServiceProcess, alice: Person
) -> None:
    client = Newcomer(service, f"uninvited-{alice.name}", "0" * 24, "kettle-and-cup-7")
    gone = asyncio.get_running_loop().create_future()
    client.add_event_handler("disconnected", lambda _: gone.done() or gone.set_result(None))
    client.connect("127.0.0.1", service.c2s_port)
    await asyncio.wait_for(gone, PATIENCE)
    assert [error.condition for error in client.errors] == ["item-not-found"]
