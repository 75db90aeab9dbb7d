"""Registration with an invitation, XEP-0445, and what it brings (XEP-0401, XEP-0379)."""

import asyncio

import pytest

from tests.conftest import Person
from tests.conversation import Client
from tests.protocol.registering import (
    DONE,
    FORMS,
    NEW,
    REGISTER,
    asking,
    filled,
    invite,
    logged_in,
    plain,
    refused,
    stranger,
)
from tests.service import ServiceProcess

pytestmark = pytest.mark.spec("XEP-0445")


async def show(client: Client, token: str, answer: str = "<iq type='result' id='pa'/>") -> None:
    await client.send(
        f"<iq type='set' id='pa' to='localhost'>"
        f"<preauth xmlns='urn:xmpp:pars:0' token='{token}'/></iq>"
    )
    await client.expect(answer)


@pytest.mark.spec("XEP-0445 §3", "XEP-0445 §4", "XEP-0077 §3.1")
async def test_an_invitation_opens_the_door(service: ServiceProcess, alice: Person) -> None:
    name = f"guest-of-{alice.name}"
    token = invite(service)
    client = await stranger(service)
    assert client.features.find("{urn:xmpp:ibr-token:0}register") is not None
    await client.send(asking())
    await client.expect(
        f"<iq type='result' id='ask'><query xmlns='{REGISTER}'><instructions>*</instructions>"
        f"<x xmlns='{FORMS}'><field var='token'><required/></field></x>"
        f"<x xmlns='jabber:x:oob'><url>{service.http}/register/</url></x></query></iq>"
    )
    await client.send(plain(name))
    await client.expect(refused("forbidden", "auth"))
    await show(client, "0" * 24, refused("item-not-found", "cancel", "pa"))
    await show(client, "", refused("bad-request", "modify", "pa"))
    await show(client, token.upper())
    await client.send(asking())
    await client.expect(
        f"<iq type='result' id='ask'><query xmlns='{REGISTER}'><username/><password/></query></iq>"
    )
    await client.send(plain(name))
    await client.expect(DONE)
    await client.authenticate(name, NEW)
    # It was for one.
    other = await stranger(service)
    await show(other, token, refused("item-not-found", "cancel", "pa"))


@pytest.mark.spec("XEP-0445 §4")
async def test_a_failure_costs_nothing_and_one_of_two_gets_the_place(
    service: ServiceProcess, alice: Person
) -> None:
    token = invite(service)
    one, other = await stranger(service), await stranger(service)
    for client in (one, other):
        await show(client, token)
        await client.send(plain("x", "short"))
        await client.expect(refused("not-acceptable", "modify"))
    await asyncio.gather(
        one.send(plain(f"one-{alice.name}")), other.send(plain(f"other-{alice.name}"))
    )
    answers = [await client.wait_for("<iq id='make'/>") for client in (one, other)]
    assert sorted(answer.get("type", "") for answer in answers) == ["error", "result"]
    refusal = next(answer for answer in answers if answer.get("type") == "error")
    assert refusal.find(".//{*}item-not-found") is not None


@pytest.mark.spec("XEP-0445 §2.1", "XEP-0445 §5")
async def test_a_name_is_kept_for_who_is_invited(service: ServiceProcess, alice: Person) -> None:
    name = f"kept-{alice.name}"
    token = invite(service, "--username", name)
    stranger_ = await stranger(service)
    await show(stranger_, invite(service))
    await stranger_.send(plain(name))
    await stranger_.expect(refused("conflict", "cancel"))
    client = await stranger(service)
    await show(client, token)
    await client.send(asking())
    await client.expect(
        f"<iq type='result' id='ask'><query xmlns='{REGISTER}'><username>{name}</username>"
        f"<x xmlns='{FORMS}'><field var='username'><value>{name}</value></field></x></query></iq>"
    )
    await client.send(plain("another"))
    await client.expect(refused("not-acceptable", "modify"))
    await client.send(plain(name))
    await client.expect(DONE)


@pytest.mark.spec("XEP-0401 §4.3.2", "XEP-0445 §2.3")
async def test_inviter_and_guest_see_each_other(service: ServiceProcess, alice: Person) -> None:
    host = await alice.online("desk")
    await host.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
    token = invite(service, "--contact", alice.jid)
    name = f"friend-of-{alice.name}"
    client = await stranger(service)
    await client.send(filled(username=name, password=NEW, token=token))  # the code, typed in
    await client.expect(DONE)
    await host.wait_for(
        "<iq type='set'><query xmlns='jabber:iq:roster'>"
        f"<item jid='{name}@localhost' subscription='both'/></query></iq>"
    )
    guest = await logged_in(service, name)
    roster = await guest.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
    items = [
        (item.get("jid"), item.get("subscription"))
        for item in roster.iter("{jabber:iq:roster}item")
    ]
    assert items == [(alice.jid, "both")]
    await guest.send("<presence/>")
    await host.wait_for(f"<presence from='{name}@localhost/desk' type='-'/>")
    await guest.wait_for(f"<presence from='{alice.jid}/desk' type='-'/>")
