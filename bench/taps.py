"""From a tap in Telegram to its acknowledgement, while the candles of 10,000 strategies close.

The platform, the clerk, the router and the postman are the real ones and share the event loop
with the close; Telegram is a server in a process of its own, which presses the buttons at its own
pace and takes the times. Every tap approves a proposal, and so makes an order.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from agents.decision.sight import Sights
from agents.decision.words.reading import Reading
from agents.domain.errors import AskUser
from agents.domain.ladder import Ladder
from agents.domain.mail import OutboxItem
from agents.domain.market import Tick
from agents.domain.proposal import ProposalState
from agents.domain.risk import Costs, Limits, TapRules
from agents.domain.strategy import Mode
from agents.domain.user import Place
from agents.execution.bounds.modes import Modes
from agents.execution.telling import card_of
from agents.signals.desk import SignalDesk
from agents.signals.reading import read_signal
from agents.watch import Watch
from bench.close import OF_ONE_USER, STRATEGIES, Desk
from bench.filling import PLATFORM, Filler, owner_of
from bench.market import CLOSE, SYMBOLS
from bench.strategies import ideas
from bench.trades import PRICE, Trade
from bench.watching import LoopWatch, watched
from bot.app.talking import Everywhere
from bot.connectors.vault import Vault
from bot.inbox import Clerk
from bot.outbox import Postman
from bot.platforms.telegram import TelegramPlatform
from bot.running import favour_the_loop
from handlers.chat import Button, Outgoing, Platform, Reply, text
from handlers.desk import Desk as Conversation
from handlers.model_keys import ModelKeys
from handlers.notices import Notices
from handlers.pictures import Pictures
from handlers.router import Router
from storage.models import DecisionRow, ProposalRow
from tests.support.telegram_remote import TelegramRemote, telegram_process

TAPS, ROUNDS = 125, 5
FIRST = 10_000_000  # number of the first proposal, far from those that the close makes
STOP = Decimal(98)


@dataclass(frozen=True)
class Tapping:
    """What was seen: seconds of each tap, of each close, and how long the loop was held."""

    latencies: Sequence[float]
    closes: Sequence[float]
    watches: Sequence[LoopWatch]


async def measure(desk: Desk, expected: float) -> Tapping:
    """`expected` is about how long a close takes, seconds: the taps are spread over it."""
    proposed = list(trades())
    filler = Filler(desk.memory)
    await filler.rows(DecisionRow, (trade.decision() for trade in proposed))
    waiting = ProposalState.PENDING
    await filler.rows(ProposalRow, (trade.proposal(waiting) for trade in proposed))
    async with telegram_process() as people, conversation(desk, people) as telegram:
        for user in range(1, STRATEGIES // OF_ONE_USER + 1):
            await people.control("private", user=user)
        taps = [await show(desk, telegram, trade) for trade in proposed]
        closes, watches = [], []
        for part in range(ROUNDS):
            await until_delivered(desk)
            await desk.again()
            for symbol in SYMBOLS:
                desk.market.say(Tick(symbol, CLOSE, PRICE))
            favour_the_loop()
            some = taps[part::ROUNDS]
            async with watched() as watch:
                await people.control("tap_on", taps=some, seconds=0.9 * expected / len(some))
                closes.append(await desk.close())
            watches.append(watch)
            latencies = await acknowledged(people, (part + 1) * len(some))
        return Tapping(latencies, closes, watches)


def trades(count: int = TAPS) -> list[Trade]:
    """Proposals of `count` users, one each."""
    step = STRATEGIES // count
    chosen = islice(enumerate(ideas(STRATEGIES), 1), 0, STRATEGIES, step)
    return [
        Trade(
            number=FIRST + strategy,
            owner=owner_of(strategy, OF_ONE_USER),
            strategy=strategy,
            symbol=idea.symbol,
            timeframe=idea.timeframe,
            closed=CLOSE - timedelta(hours=8),
            stop=STOP,
        )
        for strategy, idea in chosen
    ]


@asynccontextmanager
async def conversation(desk: Desk, people: TelegramRemote) -> AsyncIterator[TelegramPlatform]:
    """Everything between Telegram and the desk, put together as bot/app.py does."""
    memory, clock, talk = desk.memory, desk.clock, talking(desk)
    router, notices = Router(talk), Notices(talk)
    telegram = TelegramPlatform(people.token, people.url)
    platforms: dict[str, Platform] = {telegram.name: telegram}

    async def render(item: OutboxItem) -> Reply | None:
        return await notices.render(item.kind, item.facts, item.owner_id)

    postman = Postman(memory.outbox, platforms, render, Pictures(talk), clock, lease=0.0)
    memory.when_mail_waits(postman.wake)
    clerk = Clerk(
        memory.inbox,
        memory.outbox,
        memory.transactions,
        router.handle,
        router.owner_of,
        platforms,
        clock,
        answered=postman.wake,
        lease=0.0,
    )
    await telegram.start(clerk.receive)
    await clerk.start()
    await postman.start()
    try:
        await until_connected(telegram)
        yield telegram
    finally:
        await telegram.stop()
        await clerk.stop()
        await desk.execution.rest()
        await postman.stop()


async def read_nothing(user_id: int, sentence: str) -> Reading:
    raise AskUser("Nothing is read here.")


async def nothing_free(owner_id: int) -> None:
    """No exchange is connected."""


def talking(desk: Desk) -> Conversation:
    trading = desk.execution
    return Conversation(
        clock=desk.clock,
        market=desk.market,
        memory=desk.memory,
        approvals=trading.approvals,
        hands=trading.hands,
        panic=trading.panic,
        accounts=trading.accounts,
        bounding=trading.bounding,
        watch=Watch(Sights(desk.frames), desk.clock),
        read=read_nothing,
        health=list,
        limits=Limits(),
        tap_rules=TapRules(),
        costs=Costs(),
        keys=ModelKeys(desk.memory, Vault("no secret")),
        people=Everywhere({}),
        signals=SignalDesk(
            desk.memory,
            desk.market,
            desk.clock,
            Sights(desk.frames),
            trading.proposer,
            trading.hands,
            read_signal,
        ),
        modes=Modes(
            desk.memory,
            desk.clock,
            trading.approvals,
            Ladder(),
            nothing_free,
            frozenset({Mode.PAPER}),
        ),
    )


async def show(desk: Desk, telegram: TelegramPlatform, trade: Trade) -> dict[str, Any]:
    """Show the card of `trade` to its owner; the tap that approves it."""
    chat, card = trade.owner, card_of(trade.number)
    approve = Button("✅ Approve", "approve", trade.number, 1)
    place = Place(PLATFORM, str(chat))
    shown = await telegram.send(place, Outgoing(text("A proposal"), ((approve,),)))
    await desk.memory.outbox.remember_card(card, place, shown, 1)
    return {"chat": chat, "user": chat, "message_id": int(shown), "data": approve.data}


async def until(what: Callable[[], Awaitable[object]], seconds: float = 60) -> None:
    """Look again and again; what is waited for happens elsewhere and tells nobody."""
    async with asyncio.timeout(seconds):
        while not await what():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def until_connected(telegram: TelegramPlatform) -> None:
    async def connected() -> bool:
        return telegram.health().connected

    await until(connected)


async def until_delivered(desk: Desk) -> None:
    async def delivered() -> bool:
        return not await desk.memory.outbox.waiting(PLATFORM)

    await until(delivered)


async def acknowledged(people: TelegramRemote, count: int) -> list[float]:
    """The seconds of every tap so far, once all `count` are acknowledged."""

    async def complete() -> bool:
        return len(await people.control("latencies")) >= count

    await until(complete)
    return list((await people.control("latencies")).values())
