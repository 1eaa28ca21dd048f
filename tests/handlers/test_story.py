"""From the first word to a closed trade: the conversation over SQLite, inbox, cycle and outbox."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from agents.cycle import Cycle
from agents.decision.sight import Sights
from agents.decision.words import read
from agents.domain.ladder import Ladder
from agents.domain.mail import OutboxItem
from agents.domain.market import Candle, Candles, Timeframe
from agents.domain.position import PositionState
from agents.domain.risk import Costs, Limits, TapRules
from agents.domain.strategy import Mode, StrategyState
from agents.domain.user import Identity, Place
from agents.execution.bounds.modes import Modes
from agents.execution.brokers.paper import PaperBroker
from agents.execution.desk import Desk as Execution
from agents.execution.desk import open_desk
from agents.extraction.history import Frames
from agents.signals.desk import SignalDesk
from agents.signals.reading import read_signal
from agents.watch import Watch
from bot.inbox import Clerk
from bot.outbox import Postman
from handlers.chat import Button, Incoming, Reply, Tap
from handlers.desk import Desk
from handlers.model_keys import ModelKeys
from handlers.notices import Notices
from handlers.pictures import Pictures
from handlers.router import Router
from storage.database import Database, open_database
from tests.support.clock import ManualClock
from tests.support.market import ScriptedMarket
from tests.support.platform import MemoryPlatform, Standing
from tests.support.town import Town
from tests.support.vaults import VAULT

ADA, HOME = Identity("chatter", "ada"), Place("chatter", "home")
FIVE = Timeframe.parse("5m")
SENTENCE = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R, risk 1%"


@dataclass
class House:
    """The machine around the conversation, as the app joins it."""

    memory: Database
    clock: ManualClock
    market: ScriptedMarket
    execution: Execution
    cycle: Cycle
    clerk: Clerk
    postman: Postman
    platform: Any
    said: int = 0

    async def say(self, text: str) -> None:
        await self._receive(text=text)

    async def press(self, label: str) -> None:
        standing, button = self.button(label)
        tap = Tap.parse(button.data)
        await self._receive(tap=tap, tap_data=button.data, message_id=standing.id)

    async def _receive(self, **what: object) -> None:
        self.said += 1
        update = Incoming(
            f"u{self.said}",
            HOME,
            ADA,
            "Ada",
            self.clock.wall(),
            **what,  # type: ignore[arg-type]
        )
        await self.clerk.receive(update)
        await self.clerk.round()
        await self.deliver()

    async def deliver(self) -> None:
        await self.execution.exits.idle()
        await self.execution.orders.idle()
        while await self.postman.round():
            continue

    async def tick(self, price: str) -> None:
        self.market.tick(price)
        await self.deliver()

    def button(self, label: str) -> tuple[Standing, Button]:
        """The newest button with that label that still stands."""
        found = [
            (standing, button)
            for standing in self.platform.messages.values()
            for row in standing.message.rows
            for button in row
            if label in button.label
        ]
        assert found, f"no {label!r} stands"
        return found[-1]

    def standing(self, text: str) -> Standing:
        found = [one for one in self.platform.messages.values() if text in one.text]
        assert found, f"nobody said {text!r}: {self.platform.texts()}"
        return found[-1]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = ManualClock()
    memory = await open_database(f"sqlite://{tmp_path}/parley.db", wall=clock.wall)
    try:
        yield await build(memory, clock)
    finally:
        await memory.close()


def chatter(router: Router) -> MemoryPlatform:
    return MemoryPlatform("chatter")


async def build(
    memory: Database,
    clock: ManualClock,
    speak: Callable[[Router], Any] = chatter,
    operator: Identity = ADA,
    elapsed: Callable[[], float] = monotonic,
) -> House:
    """On the platform that `speak` makes; `elapsed` is the clock of its limits."""
    market = ScriptedMarket(clock)
    limits, rules, costs = Limits(), TapRules(), Costs()
    broker = PaperBroker(Mode.PAPER, market, costs)
    execution = open_desk(memory, market, clock, {Mode.PAPER: broker})
    sights = Sights(Frames(market))

    async def reader(user_id: int, sentence: str):
        return read(sentence, await market.universe())

    desk = Desk(
        clock=clock,
        market=market,
        memory=memory,
        approvals=execution.approvals,
        hands=execution.hands,
        panic=execution.panic,
        accounts=execution.accounts,
        bounding=execution.bounding,
        watch=Watch(sights, clock),
        read=reader,
        health=lambda: (),
        limits=limits,
        tap_rules=rules,
        costs=costs,
        keys=ModelKeys(memory, VAULT),
        people=Town(),
        signals=SignalDesk(
            *(memory, market, clock, sights, execution.proposer, execution.hands, read_signal)
        ),
        modes=Modes(
            *(memory, clock, execution.approvals, Ladder(), nothing_free, frozenset({Mode.PAPER}))
        ),
        operators=(operator,),
    )
    router = Router(desk)
    notices, platform = Notices(desk), speak(router)
    platforms = {platform.name: platform}

    async def render(item: OutboxItem) -> Reply | None:
        return await notices.render(item.kind, item.facts, item.owner_id)

    clerk = Clerk(
        *(memory.inbox, memory.outbox, memory.transactions, router.handle, router.owner_of),
        platforms,
        clock,
        glance=router.glance,
    )
    postman = Postman(memory.outbox, platforms, render, Pictures(desk), clock, elapsed=elapsed)
    cycle = Cycle(memory, market, clock, sights, execution.proposer, execution.hands)
    return House(memory, clock, market, execution, cycle, clerk, postman, platform)


async def nothing_free(owner_id: int) -> None:
    """No exchange is connected."""


def falling(market: ScriptedMarket, clock: ManualClock, last: float = 60_000) -> None:
    """Candles of an hour-long fall that ends at `last`, so that RSI is low."""
    candles, now = Candles("BTC/USDT", FIVE), FIVE.floor(clock.now())
    for index in range(300):
        ago = 300 - index
        close = last + max(0, ago - 1) * (60 if ago < 25 else 2) + (ago % 2) * 12
        opened = now - FIVE.length * ago
        candles.append(
            Candle("BTC/USDT", FIVE, opened, close + 10, close + 15, close - 5, close, 9)
        )
    market.candles["BTC/USDT", "5m"] = candles


async def test_from_the_first_word_to_a_closed_trade(house: House) -> None:
    await house.say("/start")
    assert house.platform.texts()[0].count("\n") == 3

    await house.say(SENTENCE)
    card = house.standing("RSI(14) is below 35")
    assert card.buttons == ["▶️ Activate", "✏️ Edit", "🗑 Discard"]
    await house.press("Activate")
    assert "🟢 Active" in card.text
    [strategy] = await house.memory.strategies.active()
    assert strategy.state is StrategyState.ACTIVE

    falling(house.market, house.clock)
    house.clock.advance(1)
    await house.say("/status")
    assert "✅ rsi(14)" in house.standing("Status at").text

    house.clock.advance(299)
    falling(house.market, house.clock)
    house.market.tick("60020", after=0)
    await house.cycle.run(FIVE, FIVE.floor(house.clock.now()))
    await house.deliver()
    proposal = house.standing("📄 Paper · LONG BTC/USDT")
    assert proposal.message.picture
    assert proposal.buttons == [
        *("✅ Approve", "❌ Veto", "✂️ Half size", "🛡 Tighter stop", "⏭ Next candle", "🔎 Details")
    ]

    await house.press("Approve")
    assert proposal.buttons == [] and "✅ Approved" in proposal.text
    assert proposal.message.picture
    await house.tick("60020")
    filled = house.standing("Filled LONG BTC/USDT")
    assert filled.reply_to == proposal.id
    assert "filled at" in proposal.text

    await house.tick("61500")
    await house.tick("61500")
    closed = house.standing("Closed LONG BTC/USDT")
    assert closed.message.picture and closed.reply_to == proposal.id
    assert "P&L +" in closed.text and "R\n" in closed.text and "Fee" in closed.text

    await house.say("/why")
    assert "proposed a long: rsi(14) < 35" in house.standing("The last decision").text
    await house.say(f"/why {strategy.id}")
    assert "✅ rsi(14)" in house.standing("🔎 #1 LONG BTC/USDT").text
    await house.say("what is my balance?")
    assert "Since the start: +" in house.standing("Account").text


async def test_close_and_panic_over_the_real_memory(house: House) -> None:
    await test_from_the_first_word_to_a_closed_trade(house)
    house.clock.advance(300)
    falling(house.market, house.clock)
    house.market.tick("60000", after=0)
    await house.cycle.run(FIVE, FIVE.floor(house.clock.now()))
    await house.deliver()
    await house.press("Approve")
    await house.tick("60000")
    await house.say("/panic")
    await house.press("Yes, stop everything")
    await house.tick("60000")
    await house.execution.panic.go_on()
    await house.deliver()
    assert "Panic over: everything is flat" in house.platform.texts()[-1]
    positions = await house.memory.positions.of(1)
    assert [one.state for one in positions] == [PositionState.CLOSED] * 2
    for command in ("/profit", "/daily", "/performance", "/trades", "/proposals", "/strategies"):
        before = len(house.platform.messages)
        await house.say(command)
        assert len(house.platform.messages) == before + 1


async def test_no_forged_number_breaks_a_real_memory(house: House) -> None:
    await house.say("/start")
    for verb in ("approve", "strategy", "close", "zone", "trades", "yes", "late_veto"):
        for number in (2**31 - 1, 2**63, 10**19):
            tap = Tap(verb, number, 1)
            before = len(house.platform.messages)
            await house._receive(tap=tap, tap_data="x", message_id="1")
            changed = house.platform.messages["1"].edits + len(house.platform.messages)
            assert changed > before
            assert "wrong on my side" not in " ".join(house.platform.texts())
