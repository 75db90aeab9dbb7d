"""From the invitation in the console to the first message, in two browsers and a client."""

from tests.conftest import Person, connect
from tests.pages.browser import signed_in
from tests.service import ServiceProcess

NEW = "kettle-and-cup-7"


async def test_an_invited_person_joins_writes_and_leaves(
    service: ServiceProcess, alice: Person
) -> None:
    name = f"joiner-of-{alice.name}"
    async with signed_in(service) as console:
        await console.goto(f"{service.http}/admin/accounts/invitation/add/")
        await console.fill("[name=note]", f"For {name}")
        await console.fill("[name=contact_name]", alice.jid)
        await console.click("[name=_save]")
        link = await console.get_attribute("#invitation-link", "href") or ""

        browser = console.context.browser
        assert browser is not None
        guest = await browser.new_context(viewport={"width": 390, "height": 800})
        page = await guest.new_page()
        await page.goto(link)
        await page.wait_for_selector("text=invites you")
        await page.fill("[name=username]", name)
        await page.fill("[name=password]", NEW)
        await page.fill("[name=again]", NEW + "!")
        await page.click("text=Make my account")
        await page.wait_for_selector("text=The two passwords differ")
        assert await page.input_value("[name=username]") == name
        await page.fill("[name=password]", NEW)
        await page.fill("[name=again]", NEW)
        await page.click("text=Make my account")
        await page.wait_for_selector(f".pu-jid:has-text('{name}@{service.domain}')")
        for address in ("/account/welcome/", "/account/", "/account/remove/"):
            await page.goto(service.http + address)
            wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not wide, address

        host = await alice.online("desk")
        client = await connect(service)
        await client.open()
        await client.authenticate(name, NEW)
        await client.bind("phone")
        await client.send(
            f"<message to='{alice.jid}' type='chat'><body>I am here.</body></message>"
        )
        await host.wait_for("<message><body>I am here.</body></message>")
        await page.goto(f"{service.http}/account/")
        await page.wait_for_selector("li:has-text('phone') .co-good")

        await page.goto(f"{service.http}/account/remove/")
        await page.fill("[name=password]", NEW)
        await page.check("[name=sure]")
        await page.click("text=Remove it")
        await page.wait_for_selector("text=Your account is removed")
        await client.ended("not-authorized")
        await client.hang_up()
        await guest.close()

        await console.reload()
        await console.wait_for_selector(f"td:has-text('{name}@{service.domain}')")
