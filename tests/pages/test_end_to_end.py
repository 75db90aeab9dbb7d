"""The administrator's main job, from the browser to real clients and back into the ledger."""

import itertools
import re

from playwright.async_api import Page, expect

from tests.conftest import Person
from tests.journeys import SlixmppClient
from tests.pages.browser import signed_in
from tests.service import ServiceProcess

_numbers = itertools.count()


async def make_room(page: Page, service: ServiceProcess, name: str) -> None:
    await page.goto(f"{service.http}/admin/rooms/room/add/")
    await page.fill("input[name=localpart]", name)
    await page.fill("input[name=name]", "Tea room")
    await page.click("button[name=_continue]")
    await expect(page.locator("#room-panels")).to_contain_text("Nobody is inside")


async def test_a_room_is_made_people_talk_the_ledger_knows_and_a_notice_reaches_all(
    service: ServiceProcess, alice: Person, bob: Person, charlie: Person
) -> None:
    room = f"tea{next(_numbers)}-{alice.name}"
    address = f"{room}@conference.{service.domain}"
    async with signed_in(service) as page:
        await make_room(page, service, room)

        # Two clients come in, one over TCP, one over WebSocket, and talk; the page sees them.
        desk = await SlixmppClient(service, alice.name, "desk").come()
        phone = await bob.online("phone", door="websocket")
        await desk.plugin["xep_0045"].join_muc_wait(address, "alice", maxstanzas=0)
        await phone.send(
            f"<presence to='{address}/bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
        await phone.wait_for(f"<message from='{address}' type='groupchat'><subject/></message>")
        panels = page.locator("#room-panels")
        await expect(panels).to_contain_text(alice.jid)
        await expect(panels).to_contain_text(bob.jid)
        await phone.send(f"<message to='{address}' type='groupchat'><body>Tea?</body></message>")
        await desk.next_message("Tea?")
        desk.send_message(mto=address, mbody="With milk.", mtype="groupchat")
        await phone.wait_for(f"<message from='{address}/alice'><body>With milk.</body></message>")

        # A message between two people, and its receipt, stand in the ledger.
        words = f"Are you there, {alice.name}?"
        await phone.send(
            f"<message to='{alice.jid}' type='chat' id='q1'><body>{words}</body>"
            "<request xmlns='urn:xmpp:receipts'/></message>"
        )
        await desk.next_message(words)
        await phone.wait_for(
            f"<message from='{alice.jid}/desk'>"
            "<received xmlns='urn:xmpp:receipts' id='q1'/></message>"
        )
        await page.goto(f"{service.http}/admin/delivery/delivery/?q={alice.jid}")
        await page.get_by_role("link", name=re.compile(r"\d\d \w\w\w \d\d:\d\d")).first.click()
        timeline = page.locator("#timeline")
        for word in (words, "accepted", "stored", "sent", "confirmed", "by receipt", "desk"):
            await expect(timeline).to_contain_text(word)

        # A notice reaches both, and the absent third at his login; the page follows.
        await page.goto(f"{service.http}/admin/notices/notice/add/")
        await page.fill("input[name=subject]", "Fire drill")
        await page.fill("textarea[name=body]", f"At noon, {room}.")
        await page.select_option("select[name=audience]", "list")
        await page.fill("textarea[name=addresses]", f"{alice.jid}\n{bob.jid}\n{charlie.jid}")
        await page.click("button[name=_save]")
        await expect(page.locator("#people")).to_have_text("3")
        await page.get_by_role("button", name="Send now to 3").click()
        await page.get_by_role("button", name="Yes, send it").click()
        confirmed = page.locator("#confirmed")
        await desk.next_message(f"At noon, {room}.")
        notice = await phone.wait_for(
            f"<message from='{service.domain}'><subject>Fire drill</subject>"
            f"<body>At noon, {room}.</body><request xmlns='urn:xmpp:receipts'/></message>"
        )
        await expect(confirmed).to_have_text("1/3")
        await phone.send(
            f"<message to='{service.domain}'>"
            f"<received xmlns='urn:xmpp:receipts' id='{notice.get('id')}'/></message>"
        )
        await expect(confirmed).to_have_text("2/3")
        third = await SlixmppClient(service, charlie.name, "pad").come()
        await third.next_message(f"At noon, {room}.")
        await expect(confirmed).to_have_text("3/3", timeout=10_000)
        await page.goto(f"{service.http}/admin/")
        await expect(page.locator("#dashboard")).to_contain_text("3/3 confirmed")
        for client in (desk, third):
            await client.leave()


async def test_what_is_changed_in_the_browser_is_seen_inside_at_once(
    service: ServiceProcess, alice: Person
) -> None:
    room = f"live{next(_numbers)}-{alice.name}"
    address = f"{room}@conference.{service.domain}"
    user = "http://jabber.org/protocol/muc#user"
    async with signed_in(service, width=390, dark=True) as page:
        await make_room(page, service, room)
        client = await alice.online("desk")
        await client.send(
            f"<presence to='{address}/alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
        await client.wait_for("<message type='groupchat'><subject/></message>")
        await page.get_by_label("Subject", exact=True).fill("Tea at five")
        await page.get_by_role("button", name="Set", exact=True).click()
        await client.wait_for(f"<message from='{address}'><subject>Tea at five</subject></message>")
        await page.get_by_label("Say as the service").fill("Hello from the console")
        await page.get_by_role("button", name="Say it").click()
        await client.wait_for(
            f"<message from='{address}'><body>Hello from the console</body></message>"
        )
        await page.check("input[name=is_moderated]", force=True)
        await page.click("button[name=_continue]")
        await client.wait_for(
            f"<message from='{address}'><x xmlns='{user}'><status code='104'/></x></message>"
        )
        await page.get_by_label("Role of alice").select_option("none")
        await page.get_by_role("button", name="Apply").click()
        await client.wait_for(
            f"<presence from='{address}/alice' type='unavailable'><x xmlns='{user}'>"
            "<status code='307'/></x></presence>"
        )
        await expect(page.locator("#room-panels")).to_contain_text("Nobody is inside")


async def test_somebody_is_logged_out_and_suspended_from_the_browser(
    service: ServiceProcess, alice: Person
) -> None:
    client = await alice.online("desk")
    async with signed_in(service) as page:
        await page.goto(f"{service.http}/admin/accounts/user/?q={alice.name}")
        await page.get_by_role("link", name=alice.jid, exact=True).click()
        sessions = page.locator("section", has_text="Online now")
        await expect(sessions).to_contain_text("desk")
        await page.get_by_role("button", name="Log out everywhere").click()
        await page.get_by_role("button", name="Yes, log out").click()
        await client.ended("policy-violation")
        await page.get_by_label("Reason", exact=True).fill("holiday")
        await page.get_by_role("button", name="Suspend and log out").click()
        await expect(page.locator("body")).to_contain_text("is suspended")
        refused = await alice.connect()
        await refused.sasl("auth", f"n,,n={alice.name},r=abc".encode(), "SCRAM-SHA-256")
        await refused.next()
        await page.get_by_role("button", name="End the suspension").click()
        await expect(page.locator("body")).to_contain_text("may log in again")
    await alice.online("desk")


async def test_a_subject_that_xml_cannot_carry_keeps_nobody_out(
    service: ServiceProcess, alice: Person
) -> None:
    room = f"odd{next(_numbers)}-{alice.name}"
    async with signed_in(service) as page:
        await make_room(page, service, room)
        await page.get_by_label("Subject", exact=True).fill("Tea\x0bat\x01 five")
        await page.get_by_role("button", name="Set", exact=True).click()
        await expect(page.get_by_label("Subject", exact=True)).to_have_value(re.compile("five"))
    client = await alice.online("desk")
    await client.send(
        f"<presence to='{room}@conference.{service.domain}/alice'>"
        "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
    )
    message = await client.wait_for("<message type='groupchat'><subject/></message>")
    assert "five" in (message.findtext("{*}subject") or "")
