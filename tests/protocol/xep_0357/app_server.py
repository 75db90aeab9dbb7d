"""An app server and those who enable push notifications with it (XEP-0357), for tests."""

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.managed import STANZAS

PUSH, PUBSUB, DATA = "urn:xmpp:push:0", "http://jabber.org/protocol/pubsub", "jabber:x:data"
OPTIONS = f"{PUBSUB}#publish-options"


def field(var: str, value: str) -> str:
    return f"<field var='{var}'><value>{value}</value></field>"


def form(form_type: str = OPTIONS, type_: str = "submit") -> str:
    fields = field("FORM_TYPE", form_type) + field("secret", "eruio234")
    return f"<x xmlns='{DATA}' type='{type_}'>{fields}</x>"


def enable(app_server: str, node: str = "n1", inner: str = "", to: str = "") -> str:
    addressed = f" to='{to}'" if to else ""
    return (
        f"<iq type='set' id='e'{addressed}>"
        f"<enable xmlns='{PUSH}' jid='{app_server}' node='{node}'>{inner}</enable></iq>"
    )


def disable(app_server: str, node: str | None = None) -> str:
    named = f" node='{node}'" if node is not None else ""
    return f"<iq type='set' id='d'><disable xmlns='{PUSH}' jid='{app_server}'{named}/></iq>"


def message(to: str, id_: str, inner: str = "<body>Tea?</body>", type_: str = "chat") -> str:
    return f"<message to='{to}' type='{type_}' id='{id_}'>{inner}</message>"


async def does(client: Client, request: str) -> None:
    answer = await client.ask(request)
    assert answer.get("type") == "result", answer


async def says(client: Client, text: str) -> None:
    """Send it, and wait until it has gone its way."""
    await client.send(text)
    await client.nothing_more()


def values(notification: Element, form_type: str = "urn:xmpp:push:summary") -> dict[str, str]:
    """The fields of a form in a notification."""
    for x in notification.iter(f"{{{DATA}}}x"):
        found = {
            each.get("var", ""): each.findtext(f"{{{DATA}}}value") or ""
            for each in x.iter(f"{{{DATA}}}field")
        }
        if found.pop("FORM_TYPE") == form_type:
            return found
    return {}


async def hears(app_server: Client, node: str = "n1") -> Element:
    """The next notification; it waits for an answer."""
    return await app_server.expect(
        f"<iq type='set' from='{app_server.domain}' to='{app_server.jid}' id='*'>"
        f"<pubsub xmlns='{PUBSUB}'><publish node='{node}'><item>"
        f"<notification xmlns='{PUSH}'><x xmlns='{DATA}' type='submit'/></notification>"
        "</item></publish></pubsub></iq>"
    )


async def answers(app_server: Client, notification: Element, error: str = "") -> None:
    """A result, or an error as ``type/condition``."""
    type_, _, condition = error.partition("/")
    inner = f"<error type='{type_}'><{condition} xmlns='{STANZAS}'/></error>" if error else ""
    await app_server.send(
        f"<iq type='{'error' if error else 'result'}' id='{notification.get('id')}'"
        f" to='{app_server.domain}'>{inner}</iq>"
    )


async def takes(app_server: Client, node: str = "n1") -> dict[str, str]:
    """The next notification, answered with a result."""
    notification = await hears(app_server, node)
    await answers(app_server, notification)
    return values(notification)


async def absent(person: Person, app_server: Client, inner: str = "") -> str:
    """Somebody whose phone has enabled notifications and gone; the phone's JID."""
    phone = await person.online("phone")
    await does(phone, enable(app_server.jid, inner=inner))
    await phone.close()
    return phone.jid
