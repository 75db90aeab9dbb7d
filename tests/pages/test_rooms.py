"""Rooms in the browser, with clients inside that see at once what is done to them."""

import itertools
import os
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.conftest import Person
from tests.conversation import Client
from tests.journeys import SlixmppClient
from tests.pages.browser import signed_in
from tests.protocol.xep_0045.talk import USER, enter, join
from tests.service import ServiceProcess

PICTURES = os.environ.get("PICTURES")  # a folder, for those who want to look
_numbers = itertools.count()


async def look(page: Page, name: str) -> None:
    """Nothing sticks out of a page, wide or narrow; whoever wants to sees it."""
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 900})
        assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), name
        for scheme in ("light", "dark") if PICTURES else ():
            dark = "true" if scheme == "dark" else "false"
            await page.evaluate(f"document.documentElement.classList.toggle('dark', {dark})")
            file = Path(PICTURES or "") / f"{name}-{width}-{scheme}.png"
            await page.screenshot(path=file, full_page=True)
    await page.evaluate("document.documentElement.classList.remove('dark')")
    await page.set_viewport_size({"width": 1280, "height": 900})


def new_name(person: Person) -> str:
    return f"web{next(_numbers)}-{person.name}"


async def make(page: Page, service: ServiceProcess, localpart: str, **fields: str) -> str:
    """A room by the page; returns its address."""
    await page.goto(f"{service.http}/admin/rooms/room/add/")
    await page.fill("input[name=localpart]", localpart)
    for field, value in fields.items():
        await page.fill(f"[name={field}]", value)
    await page.click("button[name=_continue]")
    await expect(page.locator("#room-inside")).to_contain_text("Nobody is inside")
    return f"{localpart}@conference.{service.domain}"


async def told(client: Client, words: str, service: ServiceProcess) -> None:
    """The service's own message about a room, which asks for a receipt, and gets it."""
    message = await client.wait_for(
        f"<message from='{service.domain}'><body>{words}</body>"
        "<request xmlns='urn:xmpp:receipts'/></message>"
    )
    await client.send(
        f"<message to='{service.domain}'>"
        f"<received xmlns='urn:xmpp:receipts' id='{message.get('id')}'/></message>"
    )


async def change(page: Page, nick: str, role: str, reason: str) -> None:
    await page.get_by_label(f"Role of {nick}").select_option(role)
    await page.get_by_label(f"Reason for {nick}", exact=True).fill(reason)
    await page.get_by_role("row", name=nick).get_by_role("button", name="Apply").click()


@pytest.mark.spec("XEP-0045 §8.3", "XEP-0045 §9.1", "XEP-0045 §10.2.1")
async def test_a_room_is_made_from_a_template_and_run_from_its_page(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await SlixmppClient(service, bob.name, "pad").come()
    name = new_name(alice)
    room = f"{name}@conference.{service.domain}"
    async with signed_in(service) as page:
        await page.goto(f"{service.http}/admin/rooms/room/add/")
        await look(page, "add")
        await page.get_by_role("link", name="Announcement room").click()
        await expect(page.locator("input[name=is_moderated]")).to_be_checked()
        await page.fill("input[name=localpart]", name)
        await page.fill("input[name=name]", "News")
        await page.fill("textarea[name=members]", f"{alice.name} nobody@elsewhere.example")
        await page.click("button[name=_continue]")
        link = f"xmpp:{room}?join"
        await told(desk, f"root has made you member of the room News: {link}", service)

        # Both come in; the list counts them, and the page shows how: with voice, by which program.
        await page.goto(f"{service.http}/admin/rooms/room/?q={name}")
        number = page.locator("[id^=inside-]")
        await expect(number).to_have_text("nobody")
        await enter(desk, room, "alice")
        await expect(number).to_have_text("1")
        await phone.plugin["xep_0045"].join_muc_wait(room, "bob", maxstanzas=0)
        await expect(number).to_have_text("2")
        await page.get_by_role("link", name=name).click()
        inside = page.locator("#room-inside")
        await expect(inside).to_contain_text(f"{bob.jid}")
        await expect(inside.get_by_role("row", name="bob")).to_contain_text("visitor")
        await expect(inside.get_by_role("row", name="alice")).to_contain_text("desk")
        await look(page, "room-full")

        # What is done to them says by whom and why; options come with their codes.
        await change(page, "bob", "participant", "Speak up")
        await desk.wait_for(
            f"<presence from='{room}/bob'><x xmlns='{USER}'><item role='participant'>"
            "<actor nick='root'/><reason>Speak up</reason></item></x></presence>"
        )
        await page.select_option("select[name=who_sees_jids]", "anyone")
        await page.uncheck("input[name=is_logged]", force=True)
        await page.click("button[name=_continue]")
        await desk.wait_for(
            f"<message from='{room}' type='groupchat'><x xmlns='{USER}'>"
            "<status code='171'/><status code='172'/></x></message>"
        )
        await change(page, "bob", "ban", "Too loud")
        await desk.wait_for(
            f"<presence from='{room}/bob' type='unavailable'><x xmlns='{USER}'>"
            "<item affiliation='outcast' role='none'><actor nick='root'/>"
            "<reason>Too loud</reason></item><status code='301'/></x></presence>"
        )
        await page.get_by_label("Reason for archiving").fill("Over")
        await page.get_by_role("button", name="Archive", exact=True).click()
        await desk.wait_for(
            f"<presence from='{room}/alice' type='unavailable'><x xmlns='{USER}'>"
            "<status code='110'/><status code='307'/></x></presence>"
        )
        await expect(page.locator("#room-others")).to_contain_text("nobody enters")
        await look(page, "room-archived")
        await desk.send(join(room, "alice"))
        await desk.wait_for(f"<presence from='{room}/alice' type='error'/>")

        # The message to the new member is in the delivery log, and confirmed.
        await page.goto(f"{service.http}/admin/delivery/delivery/?q={alice.jid}")
        await expect(page.locator("#result_list")).to_contain_text("confirmed")
    await phone.leave()


async def test_two_administrators_do_not_overwrite_each_other(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    async with signed_in(service) as one:
        await make(one, service, new_name(alice), name="Tea", members=alice.name)
        other = await one.context.new_page()
        await other.goto(one.url)
        await one.fill("#id_name", "Coffee")
        await one.click("button[name=_continue]")

        # The other one is told while looking, and again when saving the same.
        news = other.locator("#room-others")
        await expect(news).to_contain_text("changed Name from “Tea” to “Coffee”")
        await look(other, "room-meanwhile")
        await other.fill("#id_name", "Milk")
        await other.fill("textarea[name=description]", "Hot drinks")
        await other.click("button[name=_continue]")
        await expect(other.locator("body")).to_contain_text("Nothing is saved yet: meanwhile")
        await look(other, "room-conflict")
        await other.click("button[name=_continue]")
        await expect(other.locator("#id_name")).to_have_value("Milk")

        # An affiliation that is another one by now is not taken away unseen.
        await other.goto(one.url)
        await one.get_by_label(f"Affiliation of {alice.jid}").select_option("none")
        row = other.get_by_role("row", name=alice.jid)
        await other.get_by_label(f"Affiliation of {alice.jid}").select_option("admin")
        await row.get_by_role("button", name="Change").click()
        await expect(row).to_contain_text("admin")
        row = one.get_by_role("row", name=alice.jid)
        await row.get_by_role("button", name="Change").click()
        await expect(one.locator("body")).to_contain_text(f"{alice.jid} has admin now, not member")


async def test_rooms_and_members_come_from_tables_and_are_seen_first(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    desk = await alice.online("desk")
    first, second = new_name(alice), new_name(alice)
    async with signed_in(service) as page:
        await page.goto(f"{service.http}/admin/rooms/room/table/rooms/")
        await look(page, "table-empty")
        await page.fill(
            "textarea[name=text]",
            "address,Name,Members only,owner\n"
            f"{first},Tea,yes,{alice.name}\n{second},Milk,perhaps,",
        )
        await page.get_by_role("button", name="Show what it would do").click()
        preview = page.locator("section", has_text="What would be done")
        await expect(preview).to_contain_text("write yes or no, not “perhaps”")
        await look(page, "table-wrong")
        text = await page.input_value("textarea[name=text]:visible")
        await page.fill("textarea[name=text]:visible", text.replace("perhaps", "no"))
        await page.get_by_role("button", name="Show what it would do").click()
        await expect(preview).to_contain_text("2 new")
        await look(page, "table-right")
        await page.get_by_role("button", name="Do it").click()
        await expect(page.locator("body")).to_contain_text("Done: 2 new, 0 changed.")
        await desk.wait_for(f"<message from='{service.domain}'><body>*</body></message>")

        # Somebody inside is banned by a table, and sees it at once.
        room = f"{second}@conference.{service.domain}"
        await enter(desk, room, "alice")
        await page.goto(f"{service.http}/admin/rooms/room/table/members/")
        await page.fill(
            "textarea[name=text]",
            f"room,person,affiliation,reason\n{second},{alice.name},outcast,Noise\n"
            f"{second},{bob.name},owner,\n",
        )
        await page.get_by_role("button", name="Show what it would do").click()
        await page.get_by_role("button", name="Do it").click()
        await desk.wait_for(
            f"<presence from='{room}/alice' type='unavailable'><x xmlns='{USER}'>"
            "<item><reason>Noise</reason></item><status code='301'/></x></presence>"
        )

        # Both are in the list, by search; many are destroyed with one reason.
        await page.goto(f"{service.http}/admin/rooms/room/?q={alice.name}")
        await expect(page.locator("#result_list")).to_contain_text(first)
        await look(page, "list")
        for each in (first, second):
            await page.get_by_role("row", name=each).locator("input[type=checkbox]").check()
        await page.select_option("select[name=action]", "destroy_many")
        await page.get_by_role("button", name="Run").click()
        await look(page, "bulk")
        await page.get_by_label("Reason, shown to those inside").fill("Moved")
        await page.get_by_role("button", name="Yes, destroy").click()
        await expect(page.locator("body")).to_contain_text("Destroy: done for 2 rooms.")
        await page.goto(f"{service.http}/admin/rooms/roompolicy/")
        await look(page, "rules")
        await page.goto(f"{service.http}/admin/rooms/template/")
        await look(page, "templates")
