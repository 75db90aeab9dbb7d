"""A message's timeline follows what happens to it while somebody looks."""

import pytest
from playwright.async_api import expect

from tests.conftest import Person
from tests.pages.browser import signed_in
from tests.service import ServiceProcess


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
async def test_a_waiting_message_is_seen_to_arrive(
    service: ServiceProcess, alice: Person, bob: Person, width: int, dark: bool
) -> None:
    desk = await alice.online("desk")
    await desk.send(
        f"<message to='{bob.jid}' type='chat' id='w1'><body>Wait for me</body>"
        "<request xmlns='urn:xmpp:receipts'/></message>"
    )
    await desk.nothing_else()
    async with signed_in(service, width=width, dark=dark) as page:
        await page.goto(f"{service.http}/admin/delivery/delivery/?q={bob.jid}")
        await expect(page.locator("#result_list")).to_contain_text("queued")
        await page.locator("#result_list time").first.click()
        lane = page.get_by_role("region", name=f"{bob.jid} on", exact=False)
        await expect(lane).to_contain_text("waits in the offline queue")
        await page.evaluate("window.notLoadedAgain = true")

        phone = await bob.online("phone")
        await expect(lane).to_contain_text("was written to the connection")
        await phone.send(
            f"<message to='{desk.jid}'><received xmlns='urn:xmpp:receipts' id='w1'/></message>"
        )
        await expect(lane).to_contain_text("by receipt")
        await expect(lane).to_contain_text("phone confirmed it")
        await expect(page.locator(".tl-track circle.co-good").last).to_be_visible()
        assert await page.evaluate("window.notLoadedAgain")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


GIVE_UP = """
from chatops.delivery import retries
from chatops.delivery.models import Delivery
rows = list(Delivery.objects.filter(recipient__username="{name}"))
retries.give_up(rows, detail="the connection was lost")
"""


async def test_a_dead_letter_is_offered_again_where_one_reads_why(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    await desk.send(f"<message to='{bob.jid}' type='chat' id='d1'><body>Tea?</body></message>")
    await desk.nothing_else()
    service.manage("shell", "-c", GIVE_UP.format(name=bob.name))
    async with signed_in(service) as page:
        await page.goto(f"{service.http}/admin/delivery/delivery/?q={bob.jid}")
        await page.locator("#result_list time").first.click()
        lane = page.get_by_role("region", name=f"{bob.jid} on", exact=False)
        await expect(lane).to_contain_text("because the connection was lost: it was given up")
        await lane.get_by_label("Why").fill("His phone is repaired")
        await lane.get_by_role("button", name="Offer again").click()
        await expect(page.get_by_text("It is offered again.")).to_be_visible()
        await expect(lane).to_contain_text("waits in the offline queue")
        phone = await bob.online("phone")
        await phone.wait_for("<message><body>Tea?</body></message>")
        await expect(lane).to_contain_text("was written to the connection")
