"""Headless Chromium at the page: what a person sees and presses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000  # milliseconds until a wait is a failure; nothing is timed by it


class Desk:
    """One open page, spoken to in its own words."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.log = page.get_by_role("log")

    async def say(self, words: str) -> None:
        await self.page.get_by_role("textbox", name="Message").fill(words)
        await self.page.keyboard.press("Enter")

    async def press(self, label: str) -> None:
        """Press the newest button whose label contains `label`."""
        await self.log.get_by_role("button", name=label).last.click()

    async def see(self, words: str) -> None:
        """Wait until the newest message with `words` is on the page."""
        await self.log.get_by_text(words).last.wait_for(state="visible")

    async def text(self) -> str:
        return str(await self.log.inner_text())


@asynccontextmanager
async def chromium(path: str, **options: Any) -> AsyncIterator[Any]:
    """A browser context; options as Playwright's `new_context` takes them."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        context = await browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        try:
            yield context
        finally:
            await context.close()
            await browser.close()
