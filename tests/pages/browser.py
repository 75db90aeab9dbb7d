"""Chromium, driven by Playwright, for tests that look at pages as a person does."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright

from tests.service import PASSWORD, ServiceProcess

CHROMIUM = "/usr/bin/chromium"
PICTURES = os.environ.get("PICTURES")  # a folder, for those who want to look
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@asynccontextmanager
async def signed_in(
    service: ServiceProcess, name: str = "root", *, width: int = 1280, dark: bool = False
) -> AsyncIterator[Page]:
    """A page of a member of staff. A script's error, or a failing answer, fails the test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        page = await context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "response",
            lambda answer: (
                problems.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
            ),
        )
        await page.goto(f"{service.http}/admin/")
        await page.fill("input[name=username]", f"{name}@{service.domain}")
        await page.fill("input[name=password]", PASSWORD)
        await page.press("input[name=password]", "Enter")
        await page.wait_for_selector("#dashboard")
        yield page
        await browser.close()
        assert not problems, problems


async def look(page: Page, name: str) -> None:
    """Nothing sticks out of a page, and whoever wants to sees it."""
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), name
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
