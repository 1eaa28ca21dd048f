"""The main job on Discord once more, over simcord: a stand-in that others wrote, from the same
handlers, over SQLite, inbox, cycle and outbox. See tests/handlers/test_story.py."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import discord
import simcord

from agents.domain.position import PositionState
from agents.domain.user import Identity
from bot.platforms.discord import DiscordPlatform
from handlers.chat import Glance, Incoming
from handlers.router import Router
from storage.database import Database, open_database
from tests.handlers.test_story import FIVE, SENTENCE, House, build, falling
from tests.support.clock import ManualClock
from tests.support.discord_markdown import read_markdown


@dataclass
class Story:
    """A desk, Discord, and Ann in her direct messages. `processes` are the machine, of which the
    last one runs."""

    memory: Database
    clock: ManualClock = field(default_factory=ManualClock)
    seconds: float = 0.0
    processes: list[House] = field(default_factory=list)
    ann: Any = None
    env: Any = None

    @property
    def house(self) -> House:
        return self.processes[-1]

    async def client(self, person: int) -> discord.Client:
        """A new process: nothing is kept but the database."""

        def speak(router: Router) -> DiscordPlatform:
            return DiscordPlatform(
                "token", commands=router.menu(), forms=router.forms(), suggest=router.suggest
            )

        who = Identity("discord", str(person))
        house = await build(self.memory, self.clock, speak, who, lambda: self.seconds)
        self.processes.append(house)
        return house.platform.bot(self.receive)

    async def receive(self, incoming: Incoming) -> Glance:
        """Discord's clock there is not the desk's."""
        return await self.house.clerk.receive(replace(incoming, sent_at=self.clock.wall()))

    async def answered(self) -> None:
        """Everything that came is dealt with, and everything to tell is told."""
        await self.house.clerk.round()
        await self.house.execution.exits.idle()
        await self.house.execution.orders.idle()
        idle = 0
        while idle < 2:
            idle = 0 if await self.house.postman.round() else idle + 1
            self.seconds += 10  # so that no limit holds anything back

    # --- Ann ----------------------------------------------------------------------------------

    async def say(self, words: str) -> None:
        await self.ann.send_dm(words)
        await self.answered()

    async def run(self, name: str, text: str = "") -> str:
        """A slash command; what its response says."""
        asked = await self.ann.slash(name, **({"text": text} if text else {}))
        assert asked.deferred
        await self.answered()
        assert asked.response is not None, f"/{name} was not answered"
        return read(asked.response.message)

    async def press(self, label: str) -> Any:
        for message in reversed(self.messages()):
            for row in message.components:
                for button in getattr(row, "children", ()):
                    if label in (button.label or ""):
                        tapped = await self.ann.click(message, label=button.label)
                        assert tapped.acknowledged
                        await self.answered()
                        return tapped
        raise AssertionError(f"no button {label!r} stands")

    def messages(self) -> list[discord.Message]:
        found: list[discord.Message] = self.ann.dm_channel.history()
        return [message for message in found if message.author.bot]

    def shown(self, words: str) -> discord.Message:
        """The newest message that says so."""
        said = [message for message in self.messages() if words in read(message)]
        assert said, f"nobody said {words!r}: {[read(one) for one in self.messages()]}"
        return said[-1]

    # --- the market ---------------------------------------------------------------------------

    async def tick(self, price: str) -> None:
        self.house.market.tick(price)
        await self.answered()

    async def candle(self, price: str) -> None:
        """A 5m candle closes low enough for the strategy."""
        self.clock.advance(FIVE.seconds)
        falling(self.house.market, self.clock)
        self.house.market.tick(price, after=0)
        await self.house.cycle.run(FIVE, FIVE.floor(self.clock.now()))
        await self.answered()


def read(message: discord.Message) -> str:
    """What a person reads."""
    parts = [message.content, *(embed.description or "" for embed in message.embeds)]
    return "".join(text for _, text in read_markdown("\n".join(filter(None, parts))))


def labels(message: discord.Message) -> list[str]:
    return [one.label for row in message.components for one in getattr(row, "children", ())]


@asynccontextmanager
async def told(folder: Path) -> AsyncIterator[Story]:
    clock = ManualClock()
    memory = await open_database(f"sqlite://{folder}/parley.db", wall=clock.wall)
    story = Story(memory, clock)
    try:
        async with simcord.run(await story.client(0)) as env:
            story.env, story.ann = env, env.create_user("ann", global_name="Ann")
            await restarted(story)  # with Ann as its operator
            yield story
    finally:
        await memory.close()


async def test_from_the_first_word_to_a_closed_trade(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        await activated(story)
        await traded(story)
        await looked_at(story)
        await panicked(story)


async def activated(story: Story) -> None:
    assert (await story.run("start")).count("\n") == 3
    await story.say(SENTENCE)
    card = story.shown("RSI(14) is below 35")
    assert labels(card) == ["▶️ Activate", "✏️ Edit", "🗑 Discard"]
    opened = await story.press("Edit")
    await story.ann.submit_modal(opened, {"answer": "call it Dips"})
    await story.answered()
    assert "Dips" in read(story.messages()[-1])
    await story.press("Activate")
    assert "🟢 Active" in read(story.shown("RSI(14) is below 35"))
    falling(story.house.market, story.clock)
    story.clock.advance(1)
    assert "✅ rsi(14)" in await story.run("status")


async def traded(story: Story) -> None:
    await story.candle("60020")
    card = story.shown("LONG BTC/USDT")
    assert card.embeds[0].image.url
    assert labels(card)[:3] == ["✅ Approve", "❌ Veto", "✂️ Half size"]
    await restarted(story)
    story.house.market.tick("60020", after=0)
    await story.press("Approve")
    assert "✅ Approved" in read(story.shown("Confidence"))
    assert labels(story.shown("Confidence")) == []
    await story.tick("60020")
    filled = story.shown("Filled LONG BTC/USDT")
    assert filled.reference and filled.reference.message_id == card.id
    assert "filled at" in read(story.shown("Confidence"))
    assert (await proposed(story, "close", "bt"))[0]["name"].startswith("#1 LONG BTC/USDT")
    assert [row["value"] for row in await proposed(story, "pause", "di")] == ["1"]
    await story.tick("61500")
    await story.tick("61500")
    closed = story.shown("Closed LONG BTC/USDT")
    assert closed.reference and closed.reference.message_id == card.id
    assert closed.embeds[0].image.url and "P&L +" in read(closed)


async def restarted(story: Story) -> None:
    """Another process takes over; what stands in the chat stays as it is."""
    await story.env.restart_bot(await story.client(story.ann.id))


async def proposed(story: Story, command: str, typed: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await story.ann.autocomplete(command, "text", typed)
    return found


EVERY = {
    "profit": "Realised",
    "trades": "BTC/USDT",
    "daily": "By day",
    "balance": "USDT",
    "performance": "Win rate",
    "costs": "paper fill costs",
    "settings": "Time zone: UTC",
    "help": "/panic",
    "proposals": "LONG BTC/USDT",
    "strategies": "Strategies (1)",
    "strategies 1": "RSI(14) is below 35",
    "pause 1": "paused",
    "resume 1": "active",
    "close BTC": "no open positions",
    "cancel": "nothing to cancel",
    "chart BTC 5m": "BTC/USDT · 5m",
    "new Short ETH on 5m when rsi(14) > 70, stop 1%": "rsi(14) > 70",
}
"""Each command's response is its answer: nobody is left with a bot that thinks."""


async def looked_at(story: Story) -> None:
    assert "proposed a long: rsi(14) < 35" in await story.run("why")
    assert "✅ rsi(14)" in await story.run("why", "1")
    await story.say("what is my balance?")
    assert "Since the start: +" in read(story.shown("Account"))
    for command, words in EVERY.items():
        name, _, rest = command.partition(" ")
        assert words in await story.run(name, rest), command


async def panicked(story: Story) -> None:
    """A second trade, and the end of everything."""
    await story.candle("60000")
    await story.press("Approve")
    await story.tick("60000")
    assert "Stop everything?" in await story.run("panic")
    await story.press("Yes, stop everything")
    await story.tick("60000")
    await story.house.execution.panic.go_on()
    await story.answered()
    assert "Panic over: everything is flat" in read(story.messages()[-1])
    positions = await story.memory.positions.of(1)
    assert [one.state for one in positions] == [PositionState.CLOSED] * 2
    assert len(await story.memory.proposals.of(1)) == 2
