"""Contacts by invitation, XEP-0379: the owner's approval was given with the link."""

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.registering import invite
from tests.service import ServiceProcess

pytestmark = pytest.mark.spec("XEP-0379")
ROSTER = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"


async def interested(person: Person) -> Client:
    client = await person.online("desk")
    await client.ask(ROSTER)
    return client


def asks(person: Person, token: str) -> str:
    return (
        f"<presence type='subscribe' to='{person.jid}'>"
        f"<preauth xmlns='urn:xmpp:pars:0' token='{token}'/></presence>"
    )


async def states(client: Client) -> dict[str | None, str | None]:
    answer = await client.ask(ROSTER)
    items = answer.iter("{jabber:iq:roster}item")
    return {item.get("jid"): item.get("subscription") for item in items}


@pytest.mark.spec("XEP-0379 §3.4", "XEP-0379 §3.5", "XEP-0379 §3.6", "RFC 6121 §3.4")
async def test_who_brings_the_token_is_approved_and_asked_in_return(
    service: ServiceProcess, alice: Person, bob: Person, charlie: Person
) -> None:
    token = invite(service, "--contact", alice.jid)
    host, guest = await interested(alice), await interested(bob)
    await guest.send(f"<presence type='subscribed' to='{alice.jid}'/>")  # pre-approval
    await guest.send(asks(alice, token))
    await guest.wait_for(f"<presence type='subscribed' from='{alice.jid}'/>")
    await guest.wait_for(f"<presence type='-' from='{alice.jid}/desk'/>")
    await host.wait_for(f"<presence type='-' from='{bob.jid}/desk'/>")
    assert await states(host) == {bob.jid: "both"}
    assert await states(guest) == {alice.jid: "both"}

    # It was for one: the next one's request waits for an answer.
    other = await interested(charlie)
    await other.send(asks(alice, token))
    await host.wait_for(f"<presence type='subscribe' from='{charlie.jid}'/>")
    assert (await states(other))[alice.jid] == "none"


@pytest.mark.spec("XEP-0379 §3.6", "XEP-0379 §4.1")
async def test_the_host_may_be_away_and_the_guest_decides_about_the_return(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    token = invite(service, "--contact", alice.jid)
    guest = await interested(bob)
    await guest.send(asks(alice, token))
    await guest.wait_for(f"<presence type='subscribed' from='{alice.jid}'/>")
    await guest.wait_for(f"<presence type='subscribe' from='{alice.jid}'/>")
    await guest.send(f"<presence type='subscribed' to='{alice.jid}'/>")
    assert await states(guest) == {alice.jid: "both"}


@pytest.mark.spec("XEP-0379 §4.1", "XEP-0379 §5.2")
async def test_a_token_opens_nobody_elses_roster(
    service: ServiceProcess, alice: Person, bob: Person, charlie: Person
) -> None:
    token = invite(service, "--contact", alice.jid)
    other, guest = await interested(charlie), await interested(bob)
    for bad in (token, "0" * 24, "", "x" * 5000):
        await guest.send(asks(charlie, bad))
        await other.wait_for(f"<presence type='subscribe' from='{bob.jid}'/>")
        await guest.send(f"<presence type='unsubscribe' to='{charlie.jid}'/>")
        await other.wait_for(f"<presence type='unsubscribe' from='{bob.jid}'/>")
    await other.nothing_else()
