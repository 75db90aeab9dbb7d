"""Retraction (XEP-0424), correction (XEP-0308), hints (XEP-0334): what storage makes of them."""

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element

MAM = "urn:xmpp:mam:2"
RETRACT = "urn:xmpp:message-retract:1"
HINTS = "urn:xmpp:hints"


def said(to: str, id_: str, more: str = "", body: str = "Tea?") -> str:
    text = f"<body>{body}</body>" if body else ""
    return f"<message to='{to}' type='chat' id='{id_}'>{text}{more}</message>"


def retraction(to: str, id_: str, target: str) -> str:
    return said(to, id_, f"<retract xmlns='{RETRACT}' id='{target}'/><store xmlns='{HINTS}'/>", "")


async def archived(client: Client) -> list[Element]:
    """The messages of the client's archive."""
    await client.send(f"<iq type='set' id='mam'><query xmlns='{MAM}'/></iq>")
    found = []
    while (element := await client.next()).tag != "{jabber:client}iq":
        message = element.find(f".//{{{MAM}}}result//{{jabber:client}}message")
        if message is not None:
            found.append(message)
    return found


def text_of(message: Element) -> str | None:
    return message.findtext("{jabber:client}body")


@pytest.mark.spec("XEP-0424 §4", "XEP-0424 §5")
async def test_a_retracted_message_is_a_tombstone_in_both_archives(
    alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.send(said(bob.jid, "m1"))
    await phone.expect("<message id='m1'><body>Tea?</body></message>")
    await desk.send(retraction(bob.jid, "r1", "m1"))
    await phone.expect(f"<message id='r1'><retract xmlns='{RETRACT}' id='m1'/></message>")
    await desk.nothing_else()
    for client in (desk, phone):
        buried, retracted = await archived(client)
        assert text_of(buried) is None
        left = buried.find(f"{{{RETRACT}}}retracted")
        assert left is not None
        assert left.get("id") == "r1"
        assert left.get("stamp")
        assert retracted.find(f"{{{RETRACT}}}retract") is not None


@pytest.mark.spec("XEP-0424 §4")
async def test_what_waits_for_the_absent_is_retracted_too(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(said(bob.jid, "m1", body="a secret"))
    await desk.send(retraction(bob.jid, "r1", "m1"))
    await desk.nothing_else()
    phone = await bob.bound("phone")
    await phone.send("<presence/>")
    late = await phone.wait_for(f"<message id='m1'><retracted xmlns='{RETRACT}'/></message>")
    assert text_of(late) is None
    await phone.expect(f"<message id='r1'><retract xmlns='{RETRACT}' id='m1'/></message>")


@pytest.mark.spec("XEP-0424 §7")
async def test_nobody_retracts_what_another_said(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.send(said(bob.jid, "m1"))
    await phone.wait_for("<message id='m1'/>")
    await phone.send(retraction(alice.jid, "r1", "m1"))
    await desk.wait_for("<message id='r1'/>")
    kept, _ = await archived(desk)
    assert text_of(kept) == "Tea?"


@pytest.mark.spec("XEP-0308 §3")
async def test_a_correction_passes_and_both_are_kept(alice: Person, bob: Person) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    replace = "<replace xmlns='urn:xmpp:message-correct:0' id='m1'/>"
    await desk.send(said(bob.jid, "m1", body="Tee?"))
    await desk.send(said(bob.jid, "m2", replace, body="Tea?"))
    await phone.wait_for("<message id='m1'/>")
    await phone.expect(f"<message id='m2'><body>Tea?</body>{replace}</message>")
    assert [text_of(each) for each in await archived(phone)] == ["Tee?", "Tea?"]


# (hint, what is kept of a message with a body, what of one without)
@pytest.mark.spec("XEP-0334 §4")
@pytest.mark.parametrize(
    ("hint", "with_body", "without_body"),
    [
        ("no-permanent-store", False, False),
        ("no-store", False, False),
        ("store", True, True),
    ],
)
async def test_archives_heed_hints(
    alice: Person, bob: Person, hint: str, with_body: bool, without_body: bool
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    element = f"<{hint} xmlns='{HINTS}'/>"
    await desk.send(said(bob.jid, "m1", element))
    await desk.send(said(bob.jid, "m2", element + "<mood xmlns='urn:x:mood'/>", body=""))
    await phone.wait_for("<message id='m2'/>")
    expected = ["m1"] * with_body + ["m2"] * without_body
    assert [each.get("id") for each in await archived(phone)] == expected


@pytest.mark.spec("XEP-0334 §4.1", "XEP-0334 §4.2")
async def test_the_queue_keeps_what_may_wait_for_a_while(alice: Person, bob: Person) -> None:
    desk = await alice.online("desk")
    await desk.send(said(bob.jid, "never", f"<no-store xmlns='{HINTS}'/>"))
    await desk.send(said(bob.jid, "waits", f"<no-permanent-store xmlns='{HINTS}'/>"))
    await desk.nothing_else()
    phone = await bob.bound("phone")
    await phone.send("<presence/>")
    await phone.wait_for("<message id='waits'/>")
    await phone.nothing_else()
    assert await archived(phone) == []
