"""What the tests of registration say, and services where people may register."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bosh import BoshWire
from tests.conversation import Client, FrameWire, Wire
from tests.service import PASSWORD, ServiceProcess

REGISTER = "jabber:iq:register"
FORMS = "jabber:x:data"
NEW = "kettle-and-cup-7"

opened: list[Client] = []


@contextmanager
def a_service(data: Path, **settings: str) -> Iterator[ServiceProcess]:
    """One that a module's tests share."""
    process = ServiceProcess(data, settings)
    process.data.mkdir()
    process.manage("migrate", "-v0")
    process.manage("account", "add", "root", "--password", PASSWORD, "--admin")
    process.start()
    yield process
    process.stop()
    assert "Traceback" not in process.log, process.log[-5000:]


async def stranger(
    service: ServiceProcess, address: str = "127.0.0.1", *, door: str = "tcp"
) -> Client:
    """A stream that nobody has logged in on, from that loopback address."""
    client = Client(await _wire(service, address, door), service.domain)
    opened.append(client)
    await client.open()
    return client


async def _wire(service: ServiceProcess, address: str, door: str) -> Wire:
    if door == "websocket":
        return await FrameWire.connect_to(service.websocket)
    if door == "bosh":
        return BoshWire("127.0.0.1", service.http_port)
    context, port = None, service.c2s_port
    if door == "tls":
        context, port = ssl.create_default_context(), service.tls_port
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return Wire(
        *await asyncio.open_connection("127.0.0.1", port, ssl=context, local_addr=(address, 0))
    )


async def logged_in(service: ServiceProcess, name: str, password: str = NEW) -> Client:
    client = await stranger(service)
    await client.authenticate(name, password)
    await client.bind("desk")
    return client


def invite(service: ServiceProcess, *options: str) -> str:
    """The token of a new invitation."""
    page, uri = service.manage("account", "invite", *options).split()
    token = uri.partition("preauth=")[2].partition(";")[0]
    assert page == f"{service.http}/invite/{token}/"
    return token


def asking() -> str:
    return f"<iq type='get' id='ask'><query xmlns='{REGISTER}'/></iq>"


def plain(name: str, password: str = NEW) -> str:
    return (
        f"<iq type='set' id='make'><query xmlns='{REGISTER}'>"
        f"<username>{name}</username><password>{password}</password></query></iq>"
    )


def filled(**fields: str) -> str:
    given = "".join(
        f"<field var='{name}'><value>{value}</value></field>" for name, value in fields.items()
    )
    return (
        f"<iq type='set' id='make'><query xmlns='{REGISTER}'><x xmlns='{FORMS}' type='submit'>"
        f"<field var='FORM_TYPE'><value>{REGISTER}</value></field>{given}</x></query></iq>"
    )


def refused(condition: str, type_: str, id_: str = "make") -> str:
    return (
        f"<iq type='error' id='{id_}'><error type='{type_}'>"
        f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    )


DONE = "<iq type='result' id='make'/>"
