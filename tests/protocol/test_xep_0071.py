"""XHTML-IM, XEP-0071: what clients format passes as they wrote it, and is archived so."""

import pytest

from tests.conftest import Person
from tests.conversation import Element, difference, parse

HTML = (
    "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>"
    "<p style='font-weight:bold'>Tea <em>now</em>?</p><script>alert(1)</script></body></html>"
)


def formatted(element: Element) -> bool:
    found = element.find(".//{http://jabber.org/protocol/xhtml-im}html")
    return found is not None and not difference(parse(HTML), found)


@pytest.mark.spec("XEP-0071 §7")
async def test_formatted_text_passes_untouched_and_is_archived(alice: Person, bob: Person) -> None:
    """To make it harmless is for whoever shows it."""
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.send(
        f"<message to='{bob.jid}' type='chat' id='x'><body>Tea now?</body>{HTML}</message>"
    )
    assert formatted(await phone.wait_for("<message id='x'/>"))
    await phone.send("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>")
    assert formatted(await phone.wait_for("<message><result xmlns='urn:xmpp:mam:2'/></message>"))
