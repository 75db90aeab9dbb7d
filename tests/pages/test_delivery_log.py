"""The delivery log while somebody looks at it."""

from collections.abc import Callable

import pytest
from playwright.async_api import expect

from tests.conftest import Person
from tests.pages.browser import look, signed_in
from tests.service import PASSWORD, ServiceProcess


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
async def test_a_row_changes_while_one_looks_at_it(
    service: ServiceProcess, alice: Person, bob: Person, width: int, dark: bool
) -> None:
    desk = await alice.online("desk")
    await desk.send(f"<message to='{bob.jid}' type='chat' id='w1'><body>Wait</body></message>")
    await desk.nothing_else()
    async with signed_in(service, width=width, dark=dark) as page:
        await page.goto(f"{service.http}/admin/delivery/delivery/?q={bob.jid}")
        row = page.locator("#result_list tbody tr")
        await expect(row).to_contain_text("queued")
        await page.evaluate("window.notLoadedAgain = true")
        phone = await bob.online("phone")
        await expect(row).to_contain_text("sent")
        await expect(row).to_contain_text("phone")
        await phone.send(
            f"<message to='{desk.jid}'><received xmlns='urn:xmpp:receipts' id='w1'/></message>"
        )
        await expect(row).to_contain_text("confirmed")
        await desk.send(f"<message to='{bob.jid}' type='chat' id='w2'><body>More</body></message>")
        newer = page.get_by_role("link", name="1 newer")
        await expect(newer).to_be_visible()
        assert await page.evaluate("window.notLoadedAgain")
        await look(page, f"delivery-log-{width}")
        await newer.click()
        await expect(row).to_have_count(2)
        await expect(newer).to_have_count(0)


EXPIRE = """
from chatops.delivery import services
from chatops.delivery.models import Delivery, EventKind, State
row = Delivery.objects.get(recipient__username="{name}")
services.close(
    delivery_ids=[row.pk], state=State.EXPIRED, kind=EventKind.EXPIRED, detail="a test"
)
"""


async def test_a_row_follows_what_another_process_does(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    await desk.send(f"<message to='{bob.jid}' type='chat' id='w1'><body>Wait</body></message>")
    await desk.nothing_else()
    async with signed_in(service) as page:
        await page.goto(f"{service.http}/admin/delivery/delivery/?q={bob.jid}")
        row = page.locator("#result_list tbody tr")
        await expect(row).to_contain_text("queued")
        service.manage("shell", "-c", EXPIRE.format(name=bob.name))
        await expect(row).to_contain_text("expired")


async def test_a_page_says_that_it_is_not_live(
    own_service: Callable[..., ServiceProcess],
) -> None:
    service = own_service()
    service.manage("account", "add", "root", "--password", PASSWORD, "--admin")
    async with signed_in(service) as page:
        stale = page.locator(".is-stale")
        await expect(stale).to_have_count(0)
        service.kill()
        await expect(stale).to_have_count(1)
        service.start()
        await expect(stale).to_have_count(0, timeout=40_000)
