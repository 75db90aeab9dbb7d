"""Server acknowledgement ("CRS") is switched on and off for a person in the browser."""

from playwright.async_api import Page, expect

from tests.conftest import Person
from tests.pages.browser import signed_in
from tests.pages.test_people import look
from tests.protocol.acknowledging import chat, late, stored
from tests.service import ServiceProcess


async def flip(page: Page, person: str) -> None:
    await page.goto(person)
    switch = page.locator("input[name=uses_crs]")
    await switch.set_checked(not await switch.is_checked())
    await page.click("[name=_continue]")
    await page.wait_for_selector("text=was changed successfully")


async def test_the_switch_on_a_persons_page_takes_effect_at_once(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await desk.send(chat(bob.jid, "before"))
    await desk.nothing_else()
    async with signed_in(service) as page:
        await page.goto(f"{service.http}/admin/accounts/user/?q={alice.name}")
        await page.click(f"text={alice.jid}")
        person = page.url
        await flip(page, person)
        await look(page, "crs-on")

        await desk.send(chat(bob.jid, "m1"))
        await stored(desk)
        await phone.wait_for("<message id='m1'/>")
        await page.goto(f"{service.http}/admin/delivery/delivery/?q={bob.jid}")
        await page.locator("#result_list time").first.click()
        await late(desk)
        steps = page.locator(".tl-steps")
        await expect(steps).to_contain_text("not confirmed in time its sender was told (CRS)")
        await look(page, "crs-timeline")

        await flip(page, person)
        await desk.send(chat(bob.jid, "after"))
        await phone.wait_for("<message id='after'/>")
        await desk.nothing_else()

        await page.goto(f"{service.http}/admin/audit/entry/?q={alice.name}")
        await page.click("#result_list tbody tr:has-text('account.change') th a")
        await page.wait_for_selector("text=uses_crs")
        await look(page, "crs-audit")
