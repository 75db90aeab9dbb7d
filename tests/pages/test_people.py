"""Vcards, blocking, privacy lists, reports and failed logins, in the browser and in clients."""

import base64
import io

import pytest
from PIL import Image

from tests.conftest import Person, connect
from tests.conversation import Mismatch
from tests.pages.browser import look, signed_in
from tests.service import PASSWORD, ServiceProcess

BLOCKING, PRIVACY = "urn:xmpp:blocking", "jabber:iq:privacy"


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (48, 64), colour).save(out, "PNG")
    return out.getvalue()


async def test_a_vcard_is_written_by_the_client_and_seen_and_cleared_in_the_browser(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    photo = base64.b64encode(picture("orange")).decode()
    await desk.ask(
        "<iq type='set' id='v'><vCard xmlns='vcard-temp'><FN>Alice &lt;b&gt;A.&lt;/b&gt;</FN>"
        f"<PHOTO><TYPE>image/png</TYPE><BINVAL>{photo}</BINVAL></PHOTO></vCard></iq>"
    )
    await desk.nothing_more()
    async with signed_in(service) as page:
        await page.goto(f"{service.http}/admin/accounts/user/?q={alice.name}")
        await page.click(f"text={alice.jid}")
        assert await page.input_value("form[action$='card/'] [name=name]") == "Alice <b>A.</b>"
        shown = page.locator("section .co-photo")
        assert await shown.evaluate("image => image.complete && image.naturalWidth > 0")
        await look(page, "person")
        await page.check("text=Remove the photo")
        await page.click("text=Save the vCard")
        await shown.wait_for(state="detached")
    await desk.wait_for(
        f"<presence from='{desk.jid}'><x xmlns='vcard-temp:x:update'><photo/></x></presence>"
    )
    card = await desk.ask("<iq type='get' id='w'><vCard xmlns='vcard-temp'/></iq>")
    assert card.find(".//{vcard-temp}PHOTO") is None
    assert card.find(".//{vcard-temp}FN") is not None


async def test_blocking_is_one_in_the_client_and_in_the_browser(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    await desk.ask(f"<iq type='get' id='l'><blocklist xmlns='{BLOCKING}'/></iq>")
    await desk.ask(
        f"<iq type='set' id='b'><block xmlns='{BLOCKING}'><item jid='{bob.jid}'>"
        "<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'>"
        f"<text>Sells &lt;tea&gt; to {alice.name}</text></report></item></block></iq>"
    )
    async with signed_in(service) as page:
        await page.goto(f"{service.http}/admin/contacts/blocked/?q={alice.name}")
        await page.wait_for_selector(f"text={bob.jid}")
        await look(page, "blocked")
        await page.goto(f"{service.http}/admin/contacts/report/?q={alice.name}")
        await page.click(f"text={bob.jid}")
        await page.wait_for_selector(f"text=Sells <tea> to {alice.name}")
        await look(page, "report")
        await page.click("button:has-text('handled')")
        await page.wait_for_selector(f"text=The report about {bob.jid} is handled")
        await page.goto(f"{service.http}/admin/contacts/blocked/add/?person={alice.name}")
        await page.fill("[name=address]", "no address@")
        await page.click("[name=_save]")
        await page.wait_for_selector("text=That is not an address")
        await page.fill("[name=address]", "spam.example.org")
        await page.click("[name=_save]")
        await page.wait_for_selector("text=spam.example.org")
        await desk.wait_for(
            f"<iq type='set'><block xmlns='{BLOCKING}'><item jid='spam.example.org'/></block></iq>"
        )


async def test_a_privacy_list_is_one_in_the_client_and_in_the_browser(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk, other = await alice.online("desk"), await bob.online("phone")
    await desk.ask(
        f"<iq type='set' id='p'><query xmlns='{PRIVACY}'><list name='quiet'>"
        f"<item type='jid' value='{bob.jid}' action='deny' order='1'><message/></item>"
        "</list></query></iq>"
    )
    await desk.ask(
        f"<iq type='set' id='a'><query xmlns='{PRIVACY}'><active name='quiet'/></query></iq>"
    )
    await other.send(f"<message to='{alice.jid}' type='chat' id='no'><body>Hello?</body></message>")
    await other.wait_for("<message type='error' id='no'/>")
    async with signed_in(service) as page:
        await page.goto(f"{service.http}/admin/contacts/privacylist/?q={alice.name}")
        await page.click("th a:has-text('quiet')")
        await look(page, "privacy-list")
        await page.check("[name=rules-0-allows]")
        await page.click("[name=_save]")
        await desk.wait_for(
            f"<iq type='set'><query xmlns='{PRIVACY}'><list name='quiet'/></query></iq>"
        )
    await other.send(f"<message to='{alice.jid}' type='chat' id='yes'><body>Now?</body></message>")
    await desk.wait_for(f"<message from='{other.jid}' id='yes'/>")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
async def test_failed_logins_are_listed(
    service: ServiceProcess, alice: Person, width: int, dark: bool
) -> None:
    client = await connect(service)
    await client.open()
    for _ in range(2):
        with pytest.raises(Mismatch):
            await client.authenticate(alice.name, "wrong")
    await client.hang_up()
    await (await alice.online()).nothing_else()
    async with signed_in(service, width=width, dark=dark) as page:
        address = f"{service.http}/admin/accounts/failedlogin/?q={alice.name}"
        await page.goto(address)
        while not await page.locator(
            f"td:has-text('{alice.jid}'), th:has-text('{alice.jid}')"
        ).count():
            await page.goto(address)
        assert "SCRAM-SHA-256" in await page.inner_text("#result_list")
        await look(page, f"failed-{width}")
        await page.goto(f"{service.http}/admin/limits/")
        await page.wait_for_selector("text=CHATOPS_AUTH_LOCK_SECONDS")
        await look(page, f"limits-{width}")


async def test_ones_own_card_is_changed_in_the_browser(
    service: ServiceProcess, alice: Person
) -> None:
    desk = await alice.online("desk")
    async with signed_in(service) as console:
        browser = console.context.browser
        assert browser is not None
        guest = await browser.new_context(viewport={"width": 390, "height": 800})
        page = await guest.new_page()
        await page.goto(f"{service.http}/account/login/?next=/account/card/")
        await page.fill("[name=username]", alice.name)
        await page.fill("[name=password]", PASSWORD)
        await page.press("[name=password]", "Enter")
        await page.fill("[name=name]", "Alice in the garden")
        await look(page, "card")
        async with page.expect_navigation():
            await page.click("button:has-text('Save')")
        await guest.close()
    card = await desk.ask("<iq type='get' id='w'><vCard xmlns='vcard-temp'/></iq>")
    assert card.findtext(".//{vcard-temp}FN") == "Alice in the garden"
