"""Chat states, XEP-0085: passed, never stored, never held for the absent."""

import pytest

from tests.conftest import Person

STATES = ("active", "composing", "paused", "inactive", "gone")
NS = "http://jabber.org/protocol/chatstates"

pytestmark = pytest.mark.spec("XEP-0085")


@pytest.mark.spec("XEP-0085 §2")
async def test_each_state_passes(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    for state in STATES:
        await desk.send(
            f"<message to='{phone.jid}' type='chat'><{state} xmlns='{NS}'/>"
            "<thread>t</thread></message>"
        )
        await phone.expect(
            f"<message from='{desk.jid}' type='chat'><{state} xmlns='{NS}'/></message>"
        )


@pytest.mark.spec("XEP-0160 §3")
async def test_a_state_alone_is_kept_nowhere(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    for state in STATES:
        await desk.send(f"<message to='{bob.jid}' type='chat'><{state} xmlns='{NS}'/></message>")
    await desk.send(
        f"<message to='{bob.jid}' type='chat' id='m1'><body>Tea?</body>"
        f"<active xmlns='{NS}'/></message>"
    )
    await desk.nothing_else()
    phone = await bob.bound("phone")
    await phone.send("<presence/>")
    await phone.wait_for(f"<message id='m1'><active xmlns='{NS}'/></message>")
    await phone.nothing_else()
    answer = await phone.ask("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>")
    count = answer.find(".//{http://jabber.org/protocol/rsm}count")
    assert count is not None
    assert count.text == "1"
