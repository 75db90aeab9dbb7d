"""Who gets a stanza for a local user: all of RFC 6121 section 8.5 as one table.

Where the RFC leaves a choice, this is the service's:

- Messages to nobody, and messages of type normal or groupchat to a device that is gone, come back
  with an error (8.5.1, 8.5.3.2.1: ignored, or an error); headlines and errors are ignored.
- A message for an account goes to all devices whose priority is not negative, rather than to the
  most available one (8.5.2.1.1).
- What finds no device of such priority waits (8.5.2.1.1, 8.5.2.2.1: stored, or an error).
- A probe of somebody who may not see the presence is answered by "unsubscribed" (4.3.2, 8.5.1),
  which the asker's own side does not show, because there is no subscription.
- Requests to a device come to it from everybody who knows its address (8.5.4), or, where it is set
  so, from those who see its presence; for all others there is no such device then (8.5.3.1).
- A presence error for the account goes to its available devices.
"""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element
from tests.protocol.rfc_6121.test_presence import befriend
from tests.service import ServiceProcess

# Who is there: resource, and the priority of its presence; None for no presence at all.
NOBODY = None  # not even an account
DEVICES: dict[str, dict[str, int | None] | None] = {
    "no account": NOBODY,
    "none": {},
    "connected": {"lurker": None},
    "negative": {"hidden": -1},
    "one": {"phone": 0},
    "several": {"phone": 5, "tablet": 0, "hidden": -1, "lurker": None},
}
# The device that a full address names, where it is there.
MATCHED = {"connected": "lurker", "negative": "hidden", "one": "phone", "several": "tablet"}

# What comes of it:
#   d  the addressed device gets it       m  all devices with a priority of 0 or more get it
#   a  all available devices get it       k  it is kept for whoever comes
#   e  service-unavailable                -  nothing
COLUMNS = {
    "message": "normal chat groupchat headline error",
    "presence": "available unavailable subscribed unsubscribe unsubscribed probe error subscribe",
    "iq": "get set result error",
}
TABLE = """
no account  bare     e e e - -    - - - - - - - -     e e - -
no account  gone     e e e - -    - - - - - - - -     e e - -
none        bare     k k e - -    - - - - - - - k     e e - -
none        gone     e k e - -    - - - - - - - k     e e - -
connected   bare     k k e - -    - - - - - - - k     e e - -
connected   gone     e k e - -    - - - - - - - k     e e - -
connected   matched  d d d d d    d d - - - - d k     d d d d
negative    bare     k k e - -    a a - - - - a ak    e e - -
negative    gone     e k e - -    - - - - - - - ak    e e - -
negative    matched  d d d d d    d d - - - - d ak    d d d d
one         bare     m m e m -    a a - - - - a ak    e e - -
one         gone     e m e - -    - - - - - - - ak    e e - -
one         matched  d d d d d    d d - - - - d ak    d d d d
several     bare     m m e m -    a a - - - - a ak    e e - -
several     gone     e m e - -    - - - - - - - ak    e e - -
several     matched  d d d d d    d d - - - - d ak    d d d d
"""


@dataclass(frozen=True)
class Row:
    state: str
    address: str
    outcomes: dict[tuple[str, str], str]  # by kind and type of stanza

    @classmethod
    def read(cls, line: str) -> "Row":
        words = line.replace("no account", "no_account").split()
        stanzas = [(kind, type_) for kind, types in COLUMNS.items() for type_ in types.split()]
        outcomes = dict(zip(stanzas, words[2:], strict=True))
        return cls(words[0].replace("_", " "), words[1], outcomes)

    def __str__(self) -> str:
        return f"{self.state}-{self.address}"


ROWS = [Row.read(line) for line in TABLE.strip().splitlines()]


def written(kind: str, type_: str, to: str) -> str:
    inner = {
        "message": f"<body>{type_}</body>",
        "presence": "",
        "iq": "<x xmlns='urn:nobody-knows'/>",
    }[kind]
    said = "" if type_ == "available" else f" type='{type_}'"
    return f"<{kind} to='{to}' id='{kind} {type_}'{said}>{inner}</{kind}>"


async def until(client: Client, end: str) -> list[Element]:
    """Everything that comes before what has that id."""
    found = []
    while (element := await client.next()).get("id") != end:
        found.append(element)
    return found


async def heard(client: Client) -> list[Element]:
    """Everything that has come by now."""
    ping = f"<iq type='get' id='now' to='{client.domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
    await client.send(ping)
    return await until(client, "now")


def ours(elements: list[Element], to: str, sender: Client) -> set[tuple[str, str]]:
    """Kind and type of those of the sender's stanzas that are there, as they were sent."""
    found = set()
    for element in elements:
        kind, _, type_ = element.get("id", "").partition(" ")
        if (kind, type_) not in ROWS[0].outcomes:
            continue
        is_request = type_ == "subscribe"
        assert element.get("type", "available") == type_
        assert element.get("from") == (sender.bare if is_request else sender.jid)
        assert element.get("to") == (to.partition("/")[0] if is_request else to)
        found.add((kind, type_))
    return found


def refused(elements: list[Element]) -> set[tuple[str, str]]:
    """Those that came back as they should: service-unavailable."""
    found = set()
    for element in elements:
        kind, _, type_ = element.get("id", "").partition(" ")
        error = element.find("{jabber:client}error")
        assert element.get("type") == "error"
        assert error is not None
        assert (error.get("type"), error[0].tag.rpartition("}")[2]) == (
            "cancel",
            "service-unavailable",
        )
        found.add((kind, type_))
    return found


async def devices_of(person: Person, wanted: dict[str, int | None]) -> dict[str, Client]:
    clients = {}
    for resource, priority in wanted.items():
        clients[resource] = await person.bound(resource)
        if priority is not None:
            await clients[resource].appear(priority)
    return clients


@pytest.mark.spec(
    "RFC 6121 §8.5.1", "RFC 6121 §8.5.2", "RFC 6121 §8.5.3", "RFC 6121 §8.5.4", "RFC 6120 §10.5"
)
@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_each_stanza_goes_where_the_table_says(row: Row, alice: Person, bob: Person) -> None:
    wanted = DEVICES[row.state]
    desk = await alice.online("desk")
    clients = await devices_of(bob, wanted or {})
    to = bob.jid if wanted is not None else f"nobody-of-that-name@{desk.domain}"
    if row.address != "bare":
        to += f"/{MATCHED[row.state] if row.address == 'matched' else 'gone'}"
    await asyncio.gather(*(heard(client) for client in clients.values()))

    for kind, type_ in row.outcomes:
        await desk.send(written(kind, type_, to))
    came_back = refused(await heard(desk))
    # Behind all that goes to the account, also where a device is still being handed its queue.
    await desk.send(f"<message to='{bob.jid}' type='chat' id='end'><body>end</body></message>")
    assert came_back == {each for each, outcome in row.outcomes.items() if outcome == "e"}

    for resource, client in clients.items():
        priority = (wanted or {})[resource]
        mine = {
            "d": to.endswith(f"/{resource}"),
            "m": priority is not None and priority >= 0,
            "a": priority is not None,
        }
        expected = {
            each
            for each, outcome in row.outcomes.items()
            if any(mine.get(letter) for letter in outcome)
        }
        came = await (until(client, "end") if mine["m"] else heard(client))
        assert ours(came, to, desk) == expected, resource

    if wanted is not None:
        late = await bob.bound("late")
        await late.send("<presence/>")
        kept = {each for each, outcome in row.outcomes.items() if "k" in outcome}
        came = await heard(late)
        # What is new comes behind what has waited.
        await desk.send(f"<message to='{bob.jid}' id='new'><body>new</body></message>")
        came += await until(late, "new")
        assert ours(came, to, desk) == kept


@pytest.mark.spec("RFC 6121 §8.5.3.1", "RFC 6121 §8.5.2.1.3")
async def test_where_it_is_set_requests_come_to_devices_from_who_sees_them(
    own_service: Callable[..., ServiceProcess],
) -> None:
    """By a subscription, by directed presence, or because it is one's own."""
    names = ("alice", "bob", "charlie")
    service = own_service(*names, CHATOPS_DEVICE_REQUESTS="contacts")
    alice, bob, charlie = people = [Person(service, name) for name in names]
    try:
        await requests_come_from_who_sees_them(alice, bob, charlie)
    finally:
        for client in itertools.chain(*(each.clients for each in people)):
            await client.hang_up()


async def requests_come_from_who_sees_them(alice: Person, bob: Person, charlie: Person) -> None:
    await befriend(alice, bob)
    phone, pad = await bob.bound("phone"), await bob.online("pad")
    desk, stranger = await alice.online("desk"), await charlie.online("away")

    async def asks(asker: Client) -> bool:
        for type_ in ("get", "set"):
            await asker.send(written("iq", type_, phone.jid))
        answers = refused([each for each in await heard(asker) if each.tag.endswith("}iq")])
        came = ours(await heard(phone), phone.jid, asker)
        assert len(answers) + len(came) == 2
        return len(came) == 2

    assert [await asks(each) for each in (desk, pad, stranger)] == [True, True, False]
    await phone.send(f"<presence to='{charlie.jid}'/>")
    await heard(phone)
    assert await asks(stranger)
    await phone.send(f"<presence type='unavailable' to='{charlie.jid}'/>")
    await heard(phone)
    assert not await asks(stranger)
