"""A message that several devices of its recipient have at once, of which some die."""

import pytest

from tests.conftest import Person
from tests.ledger import becomes
from tests.protocol.devices import Device, comes, has_its_queue, settled
from tests.protocol.managed import got, message, resumed
from tests.service import ServiceProcess

START = "stored, sent phone, sent tablet"
WAYS = {
    "the other confirms": """
        phone dies       | requeued phone   | queued owed, sent tablet owed
        tablet confirms  | confirmed tablet | missed phone, confirmed tablet
        phone gets       | offered phone, sent phone | sent phone owed, confirmed tablet
        phone confirms   | confirmed phone  | confirmed phone, confirmed tablet
        phone comes      |                  | confirmed phone, confirmed tablet
    """,
    "the other confirms by a receipt": """
        phone dies       | requeued phone   | queued owed, sent tablet owed
        tablet receipts  | confirmed tablet | missed phone, confirmed tablet
        pad comes        |                  | missed phone, confirmed tablet
    """,
    "the other dies as well": """
        phone dies       | requeued phone   | queued owed, sent tablet owed
        tablet dies      | requeued tablet  | queued owed
        tablet gets      | retried tablet, sent tablet | sent tablet owed
        pad comes        |                  | sent tablet owed
        tablet dies      | requeued tablet, retried pad, sent pad | sent pad owed
        pad confirms     | confirmed pad    | confirmed pad
        tablet gets      | offered tablet, sent tablet | confirmed pad, sent tablet owed
    """,
    "it comes back while the other has not confirmed": """
        phone dies       | requeued phone   | queued owed, sent tablet owed
        tablet dies      | requeued tablet  | queued owed
        tablet gets      | retried tablet, sent tablet | sent tablet owed
        phone gets       | offered phone, sent phone | sent tablet owed, sent phone owed
        tablet dies      | requeued tablet  | queued owed, sent phone owed
        phone confirms   | confirmed phone  | missed tablet, confirmed phone
    """,
    "it comes back before the other confirms": """
        phone dies       | requeued phone   | queued owed, sent tablet owed
        phone gets       | retried phone, sent phone | sent phone owed, sent tablet owed
        tablet confirms  | confirmed tablet | sent phone owed, confirmed tablet
        phone dies       | missed phone     | missed phone, confirmed tablet
        phone gets       | offered phone, sent phone | sent phone owed, confirmed tablet
    """,
    "a third one comes meanwhile": """
        phone dies       | requeued phone   | queued owed, sent tablet owed
        pad gets         | retried pad, sent pad | sent pad owed, sent tablet owed
        pad confirms     | confirmed pad    | confirmed pad, sent tablet owed
        tablet dies      | missed tablet    | confirmed pad, missed tablet
        tablet gets      | offered tablet, sent tablet | confirmed pad, sent tablet owed
    """,
    "a third one comes meanwhile and dies, then the other": """
        phone dies       | requeued phone   | queued owed, sent tablet owed
        pad gets         | retried pad, sent pad | sent pad owed, sent tablet owed
        tablet dies      | requeued tablet  | sent pad owed, queued owed
        pad dies         | requeued pad     | queued owed
        phone gets       | retried phone, sent phone | sent phone owed
        phone confirms   | confirmed phone  | confirmed phone
        tablet gets      | offered tablet, sent tablet | confirmed phone, sent tablet owed
    """,
    "the other's connection breaks, and is taken up again": """
        phone dies       | requeued phone   | queued owed, sent tablet owed
        tablet breaks    |                  | queued owed, sent tablet owed
        tablet resumes   | confirmed tablet | missed phone, confirmed tablet
        phone gets       | offered phone, sent phone | sent phone owed, confirmed tablet
    """,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.spec("XEP-0198 §5", "XEP-0160 §3")
async def test_one_dies_unconfirmed_and(
    service: ServiceProcess, alice: Person, bob: Person, way: str
) -> None:
    desk = await alice.online("desk")
    phone, _ = await settled(bob, "phone")
    tablet, token = await settled(bob, "tablet", resume="resumes" in WAYS[way])
    devices = {"phone": phone, "tablet": tablet}
    await desk.send(message(bob.jid, "m"))
    for device in (phone, tablet):
        await device.wait_for(got(desk, "m"))
    told = START
    await becomes(service, alice.jid, "m", told, "sent phone owed, sent tablet owed")
    for line in WAYS[way].strip().splitlines():
        who, events, states = (part.strip() for part in line.split("|"))
        name, does = who.split()
        if does in ("comes", "gets"):
            devices[name], _ = await comes(bob, name)
            if does == "gets":
                await devices[name].wait_for(got(desk, "m"))
            else:
                await has_its_queue(bob, devices[name])
                assert "m" not in devices[name].messages
        elif does in ("dies", "breaks"):
            devices[name].dies()
        elif does == "resumes":
            again = Device((await resumed(bob, token, devices[name].came))[0])
            again.came = devices[name].came
            devices[name] = again
        elif does == "receipts":
            await devices[name].client.send(
                f"<message to='{desk.jid}'><received xmlns='urn:xmpp:receipts' id='m'/></message>"
            )
        else:
            if "m" not in devices[name].messages:
                await devices[name].wait_for(got(desk, "m"))
            await devices[name].confirms()
        told = f"{told}, {events}" if events else told
        await becomes(service, alice.jid, "m", told, states)
    for device in devices.values():
        assert device.messages.count("m") <= 1
