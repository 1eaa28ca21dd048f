"""Pictures of a desk, a channel and its record: `python -m tests.support.group_pictures FOLDER`.

The real process trades the simulated market; a group on Telegram and a channel of a Discord server
are one desk of three people, and what it trades is published on both platforms. Telegram and
Discord are the stand-ins of the tests, and what they received is drawn as their clients show it.
"""

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import CHROMIUMS
from tests.support import chat_pictures as drawn
from tests.support.chromium import chromium
from tests.support.discord_person import DiscordPerson
from tests.support.discord_server import TOKEN as DISCORD_TOKEN
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ANNOUNCEMENT, Channel
from tests.support.running import DIP, market_at, running
from tests.support.telegram_person import Person
from tests.support.telegram_server import TOKEN, Limits, TelegramServer

SENTENCE = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, 50% at 1R, rest at 2R, risk 1%"
ANN, BOB = 42, 43
ANN_THERE, CAL_THERE = 9_000_000_042, 9_000_000_044
GROUP, SIGNALS = -1_001_000_000_500, -1_001_000_000_777
SHOWN = 5  # closed signals in the picture of the record
LONG = 900  # seconds that they may take
SHARP = {"device_scale_factor": 2, "viewport": {"width": 600, "height": 800}, "locale": "en-GB"}


@dataclass
class Town:
    """Everybody and every place of the pictures."""

    telegram: TelegramServer
    discord: DiscordServer
    room: Channel
    news: Channel

    def __post_init__(self) -> None:
        self.ann = Person(self.telegram, ANN, "Ann")
        self.bob = InGroup(self.telegram, BOB, "Bob")
        self.ann_here = InGroup(self.telegram, ANN, "Ann")
        self.ann_dm = DiscordPerson(self.discord, ANN_THERE, "Ann")
        self.ann_there = self.ann_dm.at(self.room)
        self.cal = DiscordPerson(self.discord, CAL_THERE, "Cal").at(self.room)


class InGroup(Person):
    """A person as they speak and tap in the group."""

    @property
    def chat(self) -> int:
        return GROUP


def build_town(telegram: TelegramServer, discord: DiscordServer) -> Town:
    telegram.limits = Limits()
    telegram.group(GROUP, "Dip Crew")
    telegram.channel(SIGNALS, "Dip Signals", "dip_signals")
    telegram.promote(SIGNALS, ANN, "creator")
    guild = discord.guild("Traders", owner=ANN_THERE)
    room = discord.channel(guild, "dip-crew")
    news = discord.channel(guild, "dip-signals", ANNOUNCEMENT)
    for number, name in ((ANN_THERE, "Ann"), (CAL_THERE, "Cal")):
        discord.join(guild, number, name)
    return Town(telegram, discord, room, news)


async def gather_desk(town: Town) -> None:
    """Ann's group becomes a desk; Bob and Cal join from either platform; 2 of 3 approve."""
    await town.ann.ask("/start", "Welcome, Ann")
    code = await _code(town.ann, "/link")
    await town.ann_dm.ask(f"/link {code}", "Linked")
    opened = await town.ann_here.ask("/desk", "is a desk now")
    await town.bob.press(opened, "Join")
    wish = await town.ann_here.see("Bob")
    await town.ann_here.press(await town.ann_here.offered("Approver", wish.id - 1), "Approver")
    link = await _code(town.ann_here, "/desk link")
    await town.ann_there.ask(f"/desk link {link}", "stands here too")
    shown = await town.ann_there.ask("/desk", "Rule:")
    await town.cal.press(await town.ann_there.offered("Join", shown.id - 1), "Join")
    asked = await town.ann_there.offered("Trader")
    await town.ann_there.press(asked, "Trader")
    await town.ann_there.see("Cal is a trader")
    await town.ann_here.ask("/desk rule 2 of 3", "2 of 3")


async def _code(person: Person, words: str) -> str:
    said = await person.ask(words, "/link")
    found = re.search(r"link ([A-Z2-9]{6,12})", said.text)
    assert found, said.text
    return found[1]


async def trade(town: Town) -> None:
    """The desk's strategy, published; its proposal up to the first of two votes."""
    await town.ann_here.ask(f"/new {SENTENCE}", "entry long")
    await town.ann_here.press(await town.ann_here.offered("Activate"), "Activate")
    await town.ann_here.ask("/publish 1 @dip_signals", "published")
    await town.ann_there.ask(f"/publish 1 <#{town.news.id}>", "published")
    card = await town.bob.offered("Approve")
    await town.bob.press(card, "Approve")
    await town.bob.wait(lambda one: one.id == card.id and "Bob" in one.text, "Bob's vote")
    await town.cal.wait(lambda one: "Bob" in one.text and "Expires" in one.text, "it there")


async def finish(town: Town) -> None:
    """The second vote, from the other platform; then whatever the market does."""
    card = await town.cal.offered("Approve")
    await town.cal.press(card, "Approve")
    await town.cal.see("Filled LONG")
    await town.cal.see("Closed LONG")


async def go_on(town: Town) -> None:
    """Without asking, until the record has something to show."""
    asked = await town.ann_here.ask("/autonomy 1 autopilot", "without your tap")
    await town.ann_here.press(await town.ann_here.offered("Yes", asked.id - 1), "Yes")
    await town.telegram.wait_for(lambda: _closed(town) >= SHOWN, LONG)


def _closed(town: Town) -> int:
    return sum("Closed at" in one.text for one in town.discord.messages(town.news)) // 2


# --- drawing --------------------------------------------------------------------------------------


async def shoot(town: Town, folder: Path) -> None:
    path = next(filter(None, map(shutil.which, CHROMIUMS)))
    async with chromium(path, **SHARP) as context:
        await gather_desk(town)
        await _draw(context, town, folder / "setup", last=99)
        await trade(town)
        await _draw(context, town, folder / "desk", last=1)
        await finish(town)
        await _draw(context, town, folder / "desk-after", last=4)
        await _channels(context, town, folder)
        await go_on(town)
        await town.ann.ask("/record @dip_signals", "Dip Signals")
        await town.ann_dm.ask(f"/record <#{town.news.id}>", "dip-signals")
        await _record(context, town, folder)


async def _draw(context: Any, town: Town, file: Path, last: int) -> None:
    here = town.telegram.messages(GROUP)[-last:]
    there = town.discord.messages(town.room)[-last:]
    await _both(context, file, ("Dip Crew", here), ("#dip-crew", there))


async def _channels(context: Any, town: Town, folder: Path) -> None:
    here, there = town.telegram.messages(SIGNALS), town.discord.messages(town.news)
    await _both(context, folder / "signal", ("Dip Signals", here), ("#dip-signals", there))


async def _record(context: Any, town: Town, folder: Path) -> None:
    here, there = town.ann.messages[-1:], town.ann_dm.messages[-1:]
    await _both(context, folder / "record", ("Parley", here), ("Parley", there))


async def _both(
    context: Any, file: Path, here: tuple[str, Sequence[Any]], there: tuple[str, Sequence[Any]]
) -> None:
    await drawn.draw(context, drawn.of_telegram(*here), file.with_name(f"telegram-{file.name}.png"))
    await drawn.draw(context, drawn.of_discord(*there), file.with_name(f"discord-{file.name}.png"))


async def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    async with TelegramServer() as telegram, DiscordServer() as discord:
        town = build_town(telegram, discord)
        settings = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": telegram.url,
            "DISCORD_BOT_TOKEN": DISCORD_TOKEN,
            "DISCORD_API_URL": discord.url,
            "PARLEY_ADMINS": f"telegram:{ANN}",
            "PARLEY_SPEED": "120",
            "PARLEY_PRICE_TOLERANCE": "1",
            "PARLEY_MAX_SLIPPAGE_PERCENT": "100",
        }
        with tempfile.TemporaryDirectory() as home:
            await market_at(Path(home), DIP)
            async with running(Path(home), **settings):
                await shoot(town, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
