"""Clients with stream management (XEP-0198), for tests that look at acknowledgements."""

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.service import PASSWORD

SM = "urn:xmpp:sm:3"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


def failed(condition: str, h: str = "-") -> str:
    """The pattern of a refusal."""
    return f"<failed xmlns='{SM}' h='{h}'><{condition} xmlns='{STANZAS}'/></failed>"


def message(to: str, body: str, type_: str = "chat") -> str:
    return f"<message to='{to}' type='{type_}' id='{body}'><body>{body}</body></message>"


def got(sender: Client, body: str) -> str:
    return f"<message from='{sender.jid}' id='{body}'><body>{body}</body></message>"


async def managed(
    person: Person, resource: str, *, resume: bool = True, door: str = "tcp"
) -> tuple[Client, str]:
    """Bound, not available; and what its session is resumed with."""
    client = await person.bound(resource, door=door)
    await client.send(f"<enable xmlns='{SM}' resume='{'true' if resume else 'false'}'/>")
    enabled = await client.expect(f"<enabled xmlns='{SM}'/>")
    return client, enabled.get("id") or ""


async def logged_in(person: Person, door: str = "tcp") -> Client:
    """Authenticated, nothing bound."""
    client = await person.connect(door)
    await client.authenticate(person.name, PASSWORD)
    return client


async def resumed(person: Person, token: str, h: int, door: str = "tcp") -> tuple[Client, Element]:
    """A session taken up on a new connection; the answer has the service's own count."""
    client = await logged_in(person, door)
    await client.send(f"<resume xmlns='{SM}' previd='{token}' h='{h}'/>")
    return client, await client.expect(f"<resumed xmlns='{SM}' previd='{token}' h='*'/>")


async def acknowledged(client: Client) -> int:
    """What the service says to be handled of what the client sent."""
    await client.send(f"<r xmlns='{SM}'/>")
    return int((await client.wait_for(f"<a xmlns='{SM}' h='*'/>")).get("h", ""))


async def bodies(client: Client, count: int) -> list[str]:
    """Of the next so many messages; the rest is dropped."""
    found: list[str] = []
    while len(found) < count:
        element = await client.next()
        if element.tag.endswith("}message"):
            found.append(element.findtext("{jabber:client}body") or "")
    return found
