"""The pictures of README.md, taken from a demo of its own: `make screenshots`."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page, expect

from tests.pages.browser import signed_in
from tests.service import PASSWORD, ROOT, ServiceProcess

IMAGES = ROOT / "docs" / "images"
TALK_MILLISECONDS = 60_000


async def take(service: ServiceProcess) -> None:
    async with signed_in(service, "admin", width=1360) as page:
        await expect(page.locator("#dashboard")).to_contain_text("4", timeout=TALK_MILLISECONDS)
        await send_notice(page, service)
        await page.goto(f"{service.http}/admin/rooms/room/")
        await page.get_by_role("link", name="operations").first.click()
        await expect(page.locator("#room-panels")).to_contain_text(
            "alice@", timeout=TALK_MILLISECONDS
        )
        await page.locator("#room-panels").evaluate("each => each.scrollIntoView()")
        await page.screenshot(path=IMAGES / "room.png")
        await page.goto(f"{service.http}/admin/delivery/delivery/?q=alice@{service.domain}")
        await page.get_by_role("link", name=re.compile(r"\d\d \w\w\w \d\d:\d\d")).first.click()
        await expect(page.locator("#timeline")).to_contain_text("confirmed")
        await page.screenshot(path=IMAGES / "ledger.png")
        await page.goto(f"{service.http}/admin/")
        await expect(page.locator("#dashboard")).to_contain_text("Fire drill")
        await page.screenshot(path=IMAGES / "overview.png")
    async with signed_in(service, "admin", width=390, dark=True) as page:
        await page.screenshot(path=IMAGES / "overview-narrow-dark.png")


async def send_notice(page: Page, service: ServiceProcess) -> None:
    await page.goto(f"{service.http}/admin/notices/notice/add/")
    await page.fill("input[name=subject]", "Fire drill")
    await page.fill("textarea[name=body]", "At noon, by the north door. Please confirm.")
    await page.click("button[name=_save]")
    await page.get_by_role("button", name="Send now").click()
    await page.get_by_role("button", name="Yes, send it").click()
    await expect(page.locator("#confirmed")).to_contain_text("4/", timeout=TALK_MILLISECONDS)
    await page.screenshot(path=IMAGES / "notice.png")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        service = ServiceProcess(Path(folder) / "data")
        command = [sys.executable, str(ROOT / "manage.py"), "demo"]
        demo = subprocess.Popen(
            command, env=os.environ | service.environment(), stdout=subprocess.PIPE, text=True
        )
        try:
            assert demo.stdout is not None
            assert demo.stdout.readline().startswith("ready")
            service.manage("account", "set-password", "admin", "--password", PASSWORD)
            asyncio.run(take(service))
        finally:
            demo.terminate()
            demo.wait(30)


if __name__ == "__main__":
    main()
