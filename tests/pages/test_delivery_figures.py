"""Figures and exports of the delivery log, as an administrator sees and fetches them."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.conftest import Person
from tests.pages.browser import signed_in
from tests.service import ServiceProcess

RECEIVED = "<received xmlns='urn:xmpp:receipts' id='f1'/>"
ROLL_UP = "from chatops.delivery.figures import roll_up; roll_up()"


async def confirmed(alice: Person, bob: Person) -> None:
    """One message that has arrived, and one that waits."""
    desk, phone = await alice.online("desk"), await bob.online("phone")
    request = "<request xmlns='urn:xmpp:receipts'/>"
    await desk.send(
        f"<message to='{bob.jid}' type='chat' id='f1'><body>Tea?</body>{request}</message>"
    )
    await phone.expect("<message><body>Tea?</body></message>")
    await phone.send(f"<message to='{desk.jid}'>{RECEIVED}</message>")
    await desk.expect(f"<message>{RECEIVED}</message>")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
async def test_what_was_delivered_is_seen_in_the_charts(
    service: ServiceProcess, alice: Person, bob: Person, width: int, dark: bool
) -> None:
    await confirmed(alice, bob)
    service.manage("shell", "-c", ROLL_UP)
    async with signed_in(service, width=width, dark=dark) as page:
        await page.goto(f"{service.http}/admin/figures/")
        await expect(page.locator("rect.is-delivered").last).to_be_visible()
        await expect(page.locator("line.is-p99")).not_to_have_count(0)
        await page.get_by_text("As a table").click()
        await expect(page.locator(".fg-table tbody tr").first).to_contain_text("%")
        await page.get_by_role("link", name="Last 7 days").click()
        await expect(page.locator("rect.is-delivered").last).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_from_the_log_to_the_downloaded_file(
    service: ServiceProcess, alice: Person, bob: Person, tmp_path: Path
) -> None:
    await confirmed(alice, bob)
    async with signed_in(service) as page:
        await page.goto(f"{service.http}/admin/delivery/delivery/?q={bob.jid}")
        await expect(page.locator("#result_list")).to_contain_text("confirmed")
        await page.get_by_role("button", name="Export as JSON").click()
        row = page.locator("#result_list tbody tr").first
        await expect(row).to_contain_text(f"search: {bob.jid}")
        async with page.expect_download() as downloading:  # the link comes by itself
            await row.get_by_role("link", name="Download").click()
        file = tmp_path / "log.json"
        await (await downloading.value).save_as(file)
        (exported,) = json.loads(file.read_text())
        assert (exported["sender"], exported["state"]) == (f"{alice.jid}/desk", "confirmed")
        await row.get_by_role("button", name="Remove").click()
        await expect(page.get_by_text("The export is removed.")).to_be_visible()
