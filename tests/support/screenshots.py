"""Pictures of the real desk for the README: `python -m tests.support.screenshots FOLDER`.

The day on the simulated market is always the same one, so that the pictures change only where the
page or the cards do.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.conftest import CHROMIUMS
from tests.support.chromium import Desk as Page
from tests.support.chromium import chromium
from tests.support.running import DIP, Running, market_at, running

SENTENCE = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R, risk 1%"
HERE = {"locale": "en-GB", "timezone_id": "UTC"}
WIDE = {"viewport": {"width": 1120, "height": 1180}, "color_scheme": "dark", **HERE}
PHONE = {
    **HERE,
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "color_scheme": "light",
    "has_touch": True,
    "is_mobile": True,
}
ENTRANCE = 600
"""Milliseconds that a message takes to move in."""


async def shoot(desk: Running, folder: Path) -> None:
    path = next(filter(None, map(shutil.which, CHROMIUMS)))
    async with chromium(path, **WIDE) as context:
        page = await _open(context, desk)
        await page.see("Welcome")
        await page.say(SENTENCE)
        await page.log.get_by_role("button", name="Activate").wait_for()
        await _card(page, "entry long", folder / "card-draft.png")
        await page.press("Activate")
        await page.log.get_by_role("button", name="Approve").wait_for()
        await _card(page, "Expires in", folder / "card-proposal.png")
        await _whole(page, folder / "page-wide.png")
        async with chromium(path, **PHONE) as small:
            await _whole(await _open(small, desk), folder / "page-phone.png")
        await page.press("Approve")
        await page.see("Filled LONG")
        await page.say("/status")
        await page.see("Status at")
        await _whole(page, folder / "page-status.png")
        await page.see("Closed LONG")
        await _card(page, "Closed LONG", folder / "card-closed.png")


async def _open(context: Any, desk: Running) -> Page:
    page = await context.new_page()
    await page.goto(desk.address)
    return Page(page)


async def _card(page: Page, words: str, file: Path) -> None:
    """The newest message with these words, alone."""
    await _settled(page)
    card = page.log.get_by_role("article").filter(has_text=words).last
    await card.locator(".bubble").screenshot(path=file)


async def _whole(page: Page, file: Path) -> None:
    await _settled(page)
    await page.page.screenshot(path=file)


async def _settled(page: Page) -> None:
    """Pictures are drawn and nothing moves."""
    for picture in await page.log.get_by_role("img").all():
        await picture.evaluate("image => image.decode()")
    await page.page.wait_for_timeout(ENTRANCE)


async def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        await market_at(Path(home), DIP)
        async with running(Path(home), PARLEY_SPEED="120") as desk:
            await shoot(desk, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
