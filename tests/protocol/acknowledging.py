"""What clients and the service say to each other by server acknowledgement ("CRS"; docs/crs.md)."""

import json
import re
import xml.etree.ElementTree as ET
from datetime import datetime

from tests.conftest import Person
from tests.conversation import Client, Element, shown

RECEIPTS, OFFLINE, DELAY = "urn:xmpp:receipts", "urn:xmpp:offline", "urn:xmpp:delay"
BODY = "{jabber:client}body"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ON = {"CHATOPS_CRS": "on", "CHATOPS_CRS_TIMEOUT_SECONDS": "2"}


def chat(to: str, id_: str, body: str = "Tea?") -> str:
    return f"<message to='{to}' type='chat' id='{id_}'><body>{body}</body></message>"


def plain(id_: str, inner: str = "", to: str = "localhost") -> str:
    addressed = f" to='{to}'" if to else ""
    return f"<message type='crs' id='{id_}'{addressed}>{inner}</message>"


PLAIN = plain("m1")
WITH_CODE = plain("m1", f"<received xmlns='{RECEIPTS}'>200</received>")
WAITED = plain("m1", f"<offline xmlns='{OFFLINE}'/>")
IN_CHAT = (
    "<message type='chat' id='m1' to='localhost'>"
    f"<received xmlns='{RECEIPTS}' type='200'/></message>"
)
TO_NO_ONE = f"<message type='chat' id='m1'><received xmlns='{RECEIPTS}' type='200'/></message>"
CONFIRMATIONS = [PLAIN, WITH_CODE, WAITED, IN_CHAT, TO_NO_ONE, plain("m1", to="")]


def exactly(element: Element, text: str) -> None:
    """The stanza is that text, no attribute more or less."""
    said = ET.canonicalize(shown(element), rewrite_prefixes=True)
    assert said == ET.canonicalize(text, rewrite_prefixes=True)


async def stored(client: Client, id_: str = "m1") -> datetime:
    """The service says so; returns when."""
    notice = await client.expect(f"<message type='crs' id='{id_}'/>")
    time = json.loads(notice.findtext(BODY) or "")["time"]
    assert MOMENT.fullmatch(time)
    exactly(
        notice,
        f"<message xmlns='jabber:client' type='crs' id='{id_}' from='localhost'>"
        f'<body>{{"time": "{time}", "msgType": "10013"}}</body></message>',
    )
    return datetime.fromisoformat(time)


async def late(client: Client, id_: str = "m1", body: str = "Tea?") -> tuple[datetime, datetime]:
    """The service says so; returns when it was sent, and when that was said."""
    error = await client.expect(f"<message type='error' id='{id_}'/>")
    delay = error.find(f"{{{DELAY}}}delay")
    assert delay is not None
    sent, now = delay.get("stamp", ""), delay.get("current", "")
    assert MOMENT.fullmatch(sent)
    assert MOMENT.fullmatch(now)
    exactly(
        error,
        f"<message xmlns='jabber:client' type='error' id='{id_}' from='localhost'>"
        f"<body>{body}</body>"
        f"<delay xmlns='{DELAY}' current='{now}' stamp='{sent}'>501</delay></message>",
    )
    return datetime.fromisoformat(sent), datetime.fromisoformat(now)


async def comes_back(person: Person, resource: str) -> Client:
    """The same device, after its connection was lost; nothing of what waits is read yet."""
    client = await person.bound(resource)
    await client.send("<presence/>")
    await client.wait_for(f"<presence from='{client.jid}'/>")
    return client
