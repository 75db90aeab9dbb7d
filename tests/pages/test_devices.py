"""A person's devices in the browser, while they come, miss messages and are forgotten."""

import pytest
from playwright.async_api import expect

from tests.conftest import Person
from tests.pages.browser import signed_in
from tests.protocol.devices import has_its_queue, settled
from tests.protocol.managed import got, message
from tests.service import ServiceProcess


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
async def test_what_a_device_lacks_is_seen_and_the_device_forgotten(
    service: ServiceProcess, alice: Person, bob: Person, width: int, dark: bool
) -> None:
    desk = await alice.online("desk")
    phone, _ = await settled(bob, "phone")
    await phone.client.close()
    tablet, _ = await settled(bob, "tablet")
    await has_its_queue(bob, tablet)
    await desk.send(message(bob.jid, "m"))
    await tablet.wait_for(got(desk, "m"))
    await tablet.confirms()
    async with signed_in(service, width=width, dark=dark) as page:
        await page.goto(f"{service.http}/admin/accounts/user/?q={bob.name}")
        await page.get_by_role("link", name=bob.jid, exact=True).click()
        await page.get_by_role("link", name="All, and what they have not got").click()
        await page.get_by_role("link", name="phone", exact=True).click()
        lacking = page.get_by_role("region", name="What it has not got")
        await expect(lacking).to_contain_text(alice.jid)
        await expect(lacking).to_contain_text("is offered when the device comes")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await lacking.get_by_role("link", name="Timeline").first.click()
        await expect(page.get_by_role("heading", name="Message", exact=False)).to_be_visible()

        await page.goto(f"{service.http}/admin/accounts/user/?q={bob.name}")
        await page.get_by_role("link", name=bob.jid, exact=True).click()
        await page.get_by_role("link", name="tablet", exact=True).click()
        await page.get_by_label("Why").fill("Lost in a taxi")
        await page.get_by_role("button", name="Forget and log out").click()
        await expect(page.get_by_text("is forgotten, and logged out")).to_be_visible()
        await tablet.client.ended("policy-violation")
        await expect(page.get_by_label("Why")).to_have_count(0)
