"""Server acknowledgement ("CRS") is switched on and off for a person in the browser."""

from chatops.delivery.crs.stanzas import STORED
from tests.conftest import Person
from tests.pages.browser import signed_in
from tests.pages.test_people import look
from tests.service import ServiceProcess


async def test_the_switch_on_a_persons_page_takes_effect_at_once(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await bob.online("phone")

    async def say(id_: str) -> None:
        await desk.send(
            f"<message to='{bob.jid}' type='chat' id='{id_}'><body>Tea?</body></message>"
        )
        await phone.expect(f"<message id='{id_}'/>")

    await say("before")
    async with signed_in(service) as page:
        await page.goto(f"{service.http}/admin/accounts/user/?q={alice.name}")
        await page.click(f"text={alice.jid}")
        person = page.url
        for wanted in (True, False):
            switch = page.locator("input[name=uses_crs]")
            assert await switch.is_checked() is not wanted
            await switch.set_checked(wanted)
            await page.click("button:has-text('Save and continue'), [name=_continue]")
            await page.wait_for_selector("text=was changed successfully")
            await page.goto(person)
            await look(page, f"crs-{wanted}")
            await say(f"{wanted}")
            if wanted:
                notice = await desk.expect("<message type='crs' id='True' from='localhost'/>")
                assert STORED in (notice.findtext("{jabber:client}body") or "")
            await desk.nothing_else()
        await page.goto(f"{service.http}/admin/audit/entry/?q={alice.name}")
        await page.click("#result_list tbody tr:has-text('account.change') th a")
        await page.wait_for_selector("text=uses_crs")
        await look(page, "crs-audit")
