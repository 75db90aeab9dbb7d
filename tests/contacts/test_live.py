"""What an administrator changes in the browser is on people's devices at once."""

import asyncio
import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import pytest

from tests.conftest import Person
from tests.protocol.rfc_6121.test_presence import ROSTER, befriend, with_roster
from tests.service import PASSWORD, ServiceProcess


class Browser:
    """Reads pages and sends forms, as the service's administrator."""

    def __init__(self, service: ServiceProcess) -> None:
        self._base = f"{service.http}/admin"
        self._jar = CookieJar()
        processor = urllib.request.HTTPCookieProcessor(self._jar)
        self._opener = urllib.request.build_opener(processor)

    async def log_in(self) -> None:
        await self.get("/login/")
        await self.post("/login/", username="root", password=PASSWORD)

    async def get(self, path: str) -> str:
        return await asyncio.to_thread(self._open, path, None)

    async def post(self, path: str, **fields: str) -> str:
        token = next(cookie.value for cookie in self._jar if cookie.name == "csrftoken")
        data = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token or ""})
        return await asyncio.to_thread(self._open, path, data.encode())

    def _open(self, path: str, data: bytes | None) -> str:
        with self._opener.open(self._base + path, data, timeout=20) as answer:
            return str(answer.read().decode())


@pytest.fixture
async def browser(service: ServiceProcess) -> Browser:
    made = Browser(service)
    await made.log_in()
    return made


async def test_a_request_answered_in_the_browser_joins_two_clients(
    browser: Browser, alice: Person, bob: Person
) -> None:
    desk, phone = await with_roster(alice, "desk"), await with_roster(bob, "phone")
    await desk.send(f"<presence type='subscribe' to='{bob.jid}'/>")
    await phone.expect(f"<presence type='subscribe' from='{alice.jid}'/>")
    listed = await browser.get(f"/contacts/subscriptionrequest/?q={alice.jid}")
    found = re.search(r"subscriptionrequest/(\d+)/change", listed)
    assert found is not None
    await browser.post(f"/contacts/subscriptionrequest/{found[1]}/do/accept/")
    await phone.expect(
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='{alice.jid}' subscription='from'/>"
        "</query></iq>"
    )
    await desk.wait_for(
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='{bob.jid}' subscription='none'"
        " ask='subscribe'/></query></iq>"
    )
    await desk.expect_all(
        f"<presence type='subscribed' from='{bob.jid}' to='{alice.jid}'/>",
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='{bob.jid}' subscription='to' ask='-'/>"
        "</query></iq>",
        f"<presence from='{bob.jid}/phone' type='-'/>",
    )


async def test_a_contact_changed_and_removed_in_the_browser_is_pushed(
    browser: Browser, alice: Person, bob: Person
) -> None:
    await befriend(alice, bob)
    desk, phone = await with_roster(alice, "desk"), await with_roster(bob, "phone")
    await desk.wait_for(f"<presence from='{bob.jid}/phone'/>")
    listed = await browser.get(f"/contacts/rosteritem/?q={bob.jid}")
    found = re.search(r"rosteritem/(\d+)/change", listed)
    assert found is not None
    page = f"/contacts/rosteritem/{found[1]}"
    await browser.post(f"{page}/change/", name="Bobby", group_lines="Tea")
    await desk.expect(
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='{bob.jid}' name='Bobby'"
        " subscription='both'><group>Tea</group></item></query></iq>"
    )
    await browser.post(f"{page}/delete/", post="yes")
    await desk.expect_all(
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='{bob.jid}' subscription='remove'/>"
        "</query></iq>",
        f"<presence type='unavailable' from='{bob.jid}/phone'/>",
    )
    for pattern in (
        f"<presence type='unavailable' from='{alice.jid}/desk'/>",
        f"<presence type='unsubscribed' from='{alice.jid}'/>",
    ):
        await phone.wait_for(pattern)


async def test_a_command_reaches_the_clients_too(alice: Person) -> None:
    desk = await with_roster(alice, "desk")
    alice.service.manage(
        "shell",
        "-c",
        "from chatops.accounts.services import find;"
        "from chatops.audit.services import Actor;"
        "from chatops.contacts.services import set_item;"
        f"set_item(find('{alice.name}'), jid='tea@shop.example', name='', groups=[],"
        " by=Actor.command('a test'))",
    )
    await desk.expect(
        f"<iq type='set'><query xmlns='{ROSTER}'><item jid='tea@shop.example'/></query></iq>"
    )
