"""Anonymous unique occupant identifiers, XEP-0421."""

import pytest

from tests.conftest import Person
from tests.conversation import Element
from tests.protocol.xep_0045.talk import (
    MUC,
    USER,
    enter,
    info_of,
    join,
    settled,
    tea_room,
)

pytestmark = pytest.mark.spec("XEP-0421")

OCCUPANT = "urn:xmpp:occupant-id:0"


def id_in(element: Element) -> str:
    """The only one that there is."""
    (found,) = element.findall(f"{{{OCCUPANT}}}occupant-id")
    return found.get("id", "")


def self_presence(room: str, nick: str) -> str:
    return f"<presence from='{room}/{nick}'><x xmlns='{USER}'><status code='110'/></x></presence>"


@pytest.mark.spec("XEP-0421 §3", "XEP-0421 §4.1")
async def test_somebody_has_one_id_in_a_room_whatever_the_nickname_and_another_elsewhere(
    alice: Person, bob: Person
) -> None:
    owner, guest = await alice.online(), await bob.online()
    tea, milk = await tea_room(owner), await tea_room(owner)
    ids = set()
    for nick in ("bob", "robert"):
        await guest.send(join(tea, nick))
        ids.add(id_in(await guest.wait_for(self_presence(tea, nick))))
        ids.add(id_in(await owner.wait_for(f"<presence from='{tea}/{nick}' type='-'/>")))
        await guest.send(f"<presence to='{tea}/{nick}' type='unavailable'/>")
        ids.add(id_in(await owner.wait_for(f"<presence from='{tea}/{nick}' type='unavailable'/>")))
    assert len(ids) == 1
    await guest.send(join(milk, "bob"))
    other = id_in(await guest.wait_for(self_presence(milk, "bob")))
    assert other not in ids
    assert 0 < len(other) <= 128
    features = {each.get("var") for each in (await info_of(guest, tea)).findall(".//{*}feature")}
    assert OCCUPANT in features


@pytest.mark.spec("XEP-0421 §3.2", "XEP-0421 §4")
async def test_all_that_somebody_says_has_the_id_and_forged_ones_go(
    alice: Person, bob: Person, charlie: Person
) -> None:
    owner, guest, late = await alice.online(), await bob.online(), await charlie.online()
    room = await tea_room(owner, changesubject="1")
    forged = f"<occupant-id xmlns='{OCCUPANT}' id='somebody'/>"
    await guest.send(
        f"<presence to='{room}/bob'><x xmlns='{MUC}'/>{forged}{forged}<show>away</show></presence>"
    )
    own = id_in(await guest.wait_for(self_presence(room, "bob")))
    assert own != "somebody"
    await settled(guest)
    await guest.send(f"<message to='{room}' type='groupchat'><body>Tea?</body>{forged}</message>")
    assert id_in(await owner.wait_for("<message><body>Tea?</body></message>")) == own
    await guest.send(f"<message to='{room}' type='groupchat'><subject>Milk</subject></message>")
    assert id_in(await owner.wait_for("<message><subject>Milk</subject></message>")) == own
    await guest.send(f"<message to='{room}/alice' type='chat'><body>psst</body>{forged}</message>")
    assert id_in(await owner.wait_for("<message><body>psst</body></message>")) == own
    await late.send(join(room, "charlie"))  # the history and the subject have it, too
    assert id_in(await late.wait_for("<message><body>Tea?</body></message>")) == own
    assert id_in(await late.wait_for("<message><subject>Milk</subject></message>")) == own
    await enter(guest, room, "bob")
