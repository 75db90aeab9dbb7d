"""What conversations in rooms are made of: joins, presences, forms."""

import itertools

from tests.conversation import Client, Element

MUC = "http://jabber.org/protocol/muc"
USER = f"{MUC}#user"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
_numbers = itertools.count()


def new_room() -> str:
    return f"room{next(_numbers)}@conference.localhost"


def join(room: str, nick: str, inner: str = "") -> str:
    return f"<presence to='{room}/{nick}'><x xmlns='{MUC}'>{inner}</x></presence>"


def item(affiliation: str, role: str, more: str = "") -> str:
    return f"<item affiliation='{affiliation}' role='{role}' {more}/>"


def seen(room: str, nick: str, item_text: str, *codes: int, type_: str = "-") -> str:
    statuses = "".join(f"<status code='{code}'/>" for code in codes)
    return (
        f"<presence from='{room}/{nick}' type='{type_}'>"
        f"<x xmlns='{USER}'>{item_text}{statuses}</x></presence>"
    )


def refused(condition: str, kind: str = "presence") -> str:
    return f"<{kind} type='error'><error by='*'><{condition} xmlns='{STANZAS}'/></error></{kind}>"


async def enter(client: Client, room: str, nick: str, inner: str = "") -> None:
    """Join, and read up to the subject that ends it."""
    await client.send(join(room, nick, inner))
    await client.wait_for(
        f"<presence from='{room}/{nick}'><x xmlns='{USER}'><status code='110'/></x></presence>"
    )
    await client.wait_for("<message type='groupchat' from='*'><subject/></message>")


async def configure(client: Client, room: str, **fields: str) -> Element:
    inner = "".join(
        f"<field var='muc#roomconfig_{var}'><value>{value}</value></field>"
        for var, value in fields.items()
    )
    return await client.ask(
        f"<iq type='set' id='config' to='{room}'><query xmlns='{MUC}#owner'>"
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
        f"<value>{MUC}#roomconfig</value></field>{inner}</x></query></iq>"
    )


async def admin(client: Client, room: str, item_text: str) -> Element:
    return await client.ask(
        f"<iq type='set' id='admin' to='{room}'><query xmlns='{MUC}#admin'>{item_text}</query></iq>"
    )


async def tea_room(owner: Client, **fields: str) -> str:
    """A room with its owner inside as alice."""
    room = new_room()
    await enter(owner, room, "alice")
    assert (await configure(owner, room, **fields)).get("type") == "result"
    await owner.ask("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
    return room


def condition(answer: Element) -> str:
    """The error's condition, "" where there is none."""
    error = answer.find("{*}error")
    if error is None:
        return ""
    return next(
        child.tag.partition("}")[2] for child in error if child.tag.startswith(f"{{{STANZAS}}}")
    )


async def settled(client: Client) -> None:
    """All that the client has sent is handled; what it was sent meanwhile is dropped."""
    await client.ask(
        "<iq type='get' id='settled' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"
    )


async def info_of(client: Client, to: str, node: str = "") -> Element:
    named = f" node='{node}'" if node else ""
    return await client.ask(
        f"<iq type='get' id='info' to='{to}'>"
        f"<query xmlns='http://jabber.org/protocol/disco#info'{named}/></iq>"
    )
