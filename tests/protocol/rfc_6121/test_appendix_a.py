"""RFC 6121 appendix A over the wire: nine states, four stanzas, and both sides of each.

What is expected is what the tables say of the sender's side and, where the stanza goes on, of the
other's: which has the mirrored state, so that all rows of both tables come up that can.
"""

import asyncio
from dataclasses import dataclass

import pytest

from chatops.contacts.subscriptions import Kind, State
from tests.conftest import Person
from tests.contacts.appendix_a import STATES, received, sent
from tests.conversation import Client, Element
from tests.protocol.rfc_6121.test_delivery import heard
from tests.protocol.rfc_6121.test_presence import ROSTER, with_roster


def mirrored(state: State) -> State:
    """How the contact stands with somebody who stands with it like that."""
    return State(state.from_, state.to, state.pending_in, state.pending_out)


@dataclass
class Side:
    """One of the two, and what should come of it all."""

    person: Person
    client: Client
    state: State
    shows: frozenset[tuple[str, str]] = frozenset()  # type and sender of presence that comes
    pushed: bool = False

    def becomes(self, state: State) -> None:
        self.pushed = visible(state) != visible(self.state)
        self.state = state

    def is_shown(self, type_: str, sender: str) -> None:
        self.shows |= {(type_, sender)}

    async def say(self, kind: Kind, to: Person) -> None:
        await self.client.send(f"<presence type='{kind}' to='{to.jid}'/>")
        await heard(self.client)


def visible(state: State) -> tuple[str, str | None, str | None]:
    """The roster item's subscription, ask and approved."""
    subscription = {(True, True): "both", (True, False): "to", (False, True): "from"}.get(
        (state.to, state.from_), "none"
    )
    asks, approved = state.pending_out, state.approved
    return subscription, "subscribe" if asks else None, "true" if approved else None


async def come_to(state: State, one: Side, other: Side) -> None:
    """By what people say to each other."""
    for sees, asking, answering in ((state.to, one, other), (state.from_, other, one)):
        if sees:
            await asking.say(Kind.SUBSCRIBE, answering.person)
            await answering.say(Kind.SUBSCRIBED, asking.person)
    for asks, asking, answering in (
        (state.pending_out, one, other),
        (state.pending_in, other, one),
    ):
        if asks:
            await asking.say(Kind.SUBSCRIBE, answering.person)
    one.state, other.state = state, mirrored(state)


def expect(kind: Kind, sender: Side, hearer: Side) -> None:
    """What the tables, and sections 3.1.5 to 3.3.3, say will come of it."""
    saw, was_seen = sender.state.to, sender.state.from_
    passes, after = sent(sender.state, kind)
    sender.becomes(after)
    if kind is Kind.UNSUBSCRIBED and was_seen:
        hearer.is_shown("unavailable", sender.client.jid)
    if kind is Kind.SUBSCRIBED and passes:
        hearer.is_shown("available", sender.client.jid)
    if not passes:
        return
    granted = kind is Kind.SUBSCRIBE and hearer.state.from_
    shown, after = received(hearer.state, kind)
    hearer.becomes(after)
    if shown:
        hearer.is_shown(kind, sender.client.bare)
    if granted:
        sender.is_shown("available", hearer.client.jid)
    if kind is Kind.UNSUBSCRIBE and saw:
        sender.is_shown("unavailable", hearer.client.jid)


async def check(side: Side, other: Side, came: list[Element]) -> None:
    presence = {
        (each.get("type", "available"), each.get("from"))
        for each in came
        if each.tag.endswith("}presence")
    }
    assert presence == side.shows
    pushes = [each for each in came if each.tag.endswith("}iq")]
    assert len(pushes) == side.pushed
    answer = await side.client.ask(f"<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>")
    for item in [*answer[0], *(push[0][0] for push in pushes)]:
        assert item.get("jid") == other.person.jid
        assert (item.get("subscription"), item.get("ask"), item.get("approved")) == visible(
            side.state
        )
    if not len(answer[0]):
        assert visible(side.state) == visible(State())


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("name", STATES)
@pytest.mark.spec(
    "RFC 6121 Appendix A.2",
    "RFC 6121 Appendix A.3",
    "RFC 6121 §3.1",
    "RFC 6121 §3.2",
    "RFC 6121 §3.3",
)
async def test_each_stanza_in_each_state_does_what_the_tables_say(
    name: str, kind: Kind, alice: Person, bob: Person
) -> None:
    one = Side(alice, await with_roster(alice, "desk"), State())
    other = Side(bob, await with_roster(bob, "phone"), State())
    await come_to(STATES[name], one, other)
    await asyncio.gather(*(heard(side.client) for side in (one, other)))
    expect(kind, one, other)
    await one.client.send(f"<presence type='{kind}' to='{bob.jid}'/>")
    mine = await heard(one.client)
    theirs = await heard(other.client)
    await check(one, other, mine)
    await check(other, one, theirs)
