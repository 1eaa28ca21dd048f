"""The main job as a newcomer lives it: one command, one page, no key and no token."""

from pathlib import Path
from typing import Any

import aiohttp

from tests.support.chromium import Desk as Page
from tests.support.chromium import chromium
from tests.support.ledger import check_books, rows
from tests.support.running import DIP, UNHURRIED, Running, market_at, running

SENTENCE = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R, risk 1%"


async def test_the_main_job_on_the_page(tmp_path: Path, chromium_path: str) -> None:
    await market_at(tmp_path, DIP)
    async with (
        running(tmp_path, **UNHURRIED) as desk,
        chromium(chromium_path, viewport={"width": 1000, "height": 900}) as context,
    ):
        page = await opened(context, desk)
        await drafted(page)
        await page.page.reload()
        await page.see("entry long: rsi(14) < 35")
        await page.press("Activate")
        await page.see("Active. I look at every 5m close")
        await approved(page)
        await restarted(page, desk)
        await page.see("Closed LONG BTC/USDT")
        await told_the_truth(page, desk)
        assert await desk.terminate() == 0
        check_books(desk.database)
        assert "Traceback" not in desk.log and " error " not in desk.log


async def opened(context: Any, desk: Running) -> Page:
    """The empty page, which greets; a fault of its script joins the log."""
    raw = await context.new_page()
    raw.on("pageerror", lambda error: desk.lines.append(f"Traceback of the page: {error}"))
    page = Page(raw)
    await raw.goto(desk.address)
    await page.see("Welcome")
    await raw.locator("#status", has_text="Simulated market").wait_for()
    for example in ("Buy BTC", "Short SOL", "Long ETH"):
        await page.log.get_by_role("button", name=example).wait_for()
    return page


async def drafted(page: Page) -> None:
    await page.say(SENTENCE)
    for understood in ("entry long: rsi(14) < 35", "stop: 1%", "target: 2R", "Risk 1% a trade"):
        await page.see(understood)
    for label in ("Activate", "Edit", "Discard"):
        await page.log.get_by_role("button", name=label).wait_for()


async def approved(page: Page) -> None:
    """The card, its chart, and a tap; another one for each time that the price moved away."""
    await page.log.get_by_role("button", name="Approve").last.wait_for()
    chart = page.log.get_by_role("img").last
    await chart.wait_for()
    assert await chart.evaluate("image => image.decode().then(() => image.naturalWidth)") > 500
    filled = page.log.get_by_text("Filled LONG BTC/USDT")
    while not await filled.count():
        await page.press("Approve")
        answered = page.log.get_by_text("filled at").or_(page.log.get_by_text("Not traded"))
        await answered.last.wait_for()
        if await page.log.get_by_text("filled at").count():
            await filled.last.wait_for()


async def restarted(page: Page, desk: Running) -> None:
    """A restart in the middle of the trade; the open page finds the new process by itself."""
    assert await desk.terminate() == 0
    await page.page.get_by_text("reconnecting").first.wait_for()
    await desk.start()
    await page.say("/status")
    await page.see("Status at")
    await page.see("Filled LONG BTC/USDT")


async def told_the_truth(page: Page, desk: Running) -> None:
    """What the page says of the trade is what is stored."""
    [position] = rows(desk.database, "SELECT * FROM positions ORDER BY id LIMIT 1")
    assert position["state"] == "closed"
    await page.say("/trades")
    await page.see("Trades (1)")
    text = await page.text()
    assert "P&L +" in text and "R" in text
    assert text.count("Welcome") == 1 and text.count("Closed LONG BTC/USDT") == 1
    await page.say("/costs")
    await page.see("Each paper fill costs")
    async with aiohttp.ClientSession() as stranger, stranger.get(desk.root) as answer:
        assert answer.status == 403
