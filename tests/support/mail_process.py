"""A small bot of its own process: Telegram, inbox, outbox and a real database, and a router that
only echoes. Tests kill it: `python -m tests.support.mail_process TELEGRAM_URL DATABASE_URL`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agents.domain.mail import OutboxItem
from bot.connectors.clocks import RealClock
from bot.inbox import Clerk
from bot.outbox import Postman
from bot.platforms.telegram import TelegramPlatform
from handlers.chat import Button, Incoming, Picture, Reply, reply_from_json, text
from storage.database import Database, open_database
from tests.support.telegram_server import TOKEN

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)


@dataclass
class Bot:
    database: Database
    platform: TelegramPlatform
    postman: Postman
    clerk: Clerk


async def route(incoming: Incoming) -> Sequence[Reply]:
    """`card 7` shows a card, a tap settles it, `long` is a long text, all else is echoed."""
    if incoming.tap:
        return [Reply(text(f"Approved {incoming.tap.id}"), card=_card(incoming.tap.id), edits=True)]
    said = incoming.text or ""
    if said.startswith("card "):
        number = int(said.removeprefix("card "))
        rows = ((Button("✅ Approve", "approve", number, 1),),)
        chart = Picture("proposal", {"id": number})
        return [Reply(text(f"Buy {number}?"), rows, chart, card=_card(number))]
    return [Reply(text("x" * 5000 if said == "long" else f"you said {said}"))]


def _card(number: int) -> str:
    return f"proposal:{number}"


async def _render(item: OutboxItem) -> Reply:
    return reply_from_json(item.facts)


async def _draw(picture: Picture, owner_id: int) -> bytes:
    return PNG


async def _owner(incoming: Incoming, *, personal: bool) -> int:
    return 1


@asynccontextmanager
async def mail_bot(telegram_url: str, database_url: str) -> AsyncIterator[Bot]:
    """Running: it polls, handles and delivers."""
    clock = RealClock()
    database = await open_database(database_url)
    platform = TelegramPlatform(TOKEN, telegram_url)
    platforms = {platform.name: platform}
    postman = Postman(database.outbox, platforms, _render, _draw, clock, lease=0)
    clerk = Clerk(
        database.inbox,
        database.outbox,
        database.transactions,
        route,
        _owner,
        platforms,
        clock,
        answered=postman.wake,
        lease=0,
    )
    await postman.start()
    await clerk.start()
    await platform.start(clerk.receive)
    try:
        yield Bot(database, platform, postman, clerk)
    finally:
        await clerk.stop()
        await postman.stop()
        await platform.stop()
        await database.close()


async def main(telegram_url: str, database_url: str) -> None:
    async with mail_bot(telegram_url, database_url):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
