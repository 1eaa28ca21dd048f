"""Real money, from /connect to P&L: the real process, Telegram and Discord at the same time, and a
stand-in exchange; on spot, and on perpetuals with leverage."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.support.discord_limits import Limits as DiscordLimits
from tests.support.discord_person import DiscordPerson
from tests.support.discord_server import TOKEN as DISCORD_TOKEN
from tests.support.discord_server import DiscordServer
from tests.support.running import Running, running
from tests.support.telegram_person import Person
from tests.support.telegram_server import TOKEN, Limits, TelegramServer
from tests.support.venue.cover import Bare
from tests.support.venue.engine import Engine, Number
from tests.support.venue.faults import Op
from tests.support.venue.records import Kind, Market
from tests.support.venue.server import VenueServer, venue_server

ANN, BEN = 42, 43
START = Decimal(60_000)
OWN = Decimal("0.25")  # BTC that belong to nobody's trade
SENTENCE = "{side} BTC on 1m when close > 1, stop 1%, target 50% at 1R, rest at 2R, risk 1%{more}"


@dataclass
class Trader:
    """A person on one platform, with an account of their own at the exchange."""

    person: Any  # of Telegram or Discord: both say, read and press alike
    key: str
    secret: str


@dataclass
class Stage:
    """One desk, its exchange and its two traders. `sign` is 1 where they are long."""

    engine: Engine
    venue: VenueServer
    desk: Running
    kind: Kind
    sign: int
    traders: list[Trader]

    @property
    def side(self) -> str:
        return "LONG" if self.sign > 0 else "SHORT"


def exchange() -> Engine:
    engine = Engine()
    engine.add_market(Market(Kind.SPOT, "BTC"), START)
    step, taker, maker = Decimal("0.001"), Decimal("0.0005"), Decimal("0.0002")
    perpetual = Market(Kind.PERPETUAL, "BTC", step=step, taker=taker, maker=maker)
    engine.add_market(perpetual, START)
    return engine


@asynccontextmanager
async def stage(folder: Path, market: str, sign: int) -> AsyncIterator[Stage]:
    engine = exchange()
    async with (
        TelegramServer() as telegram,
        DiscordServer() as discord,
        venue_server(engine) as venue,
    ):
        telegram.limits, discord.limits = Limits(), DiscordLimits()
        discord.interactions.hurried = True
        told = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": telegram.url,
            "DISCORD_BOT_TOKEN": DISCORD_TOKEN,
            "DISCORD_API_URL": discord.url,
            "PARLEY_ADMINS": f"telegram:{ANN},discord:{BEN}",
            "PARLEY_MARKET": f"ccxt:{market}",
            "EXCHANGE_REST_URL": venue.rest_url,
            "EXCHANGE_WS_URL": venue.ws_url,
            "PARLEY_LADDER": "0,0",
        }
        people = (Person(telegram, ANN), DiscordPerson(discord, BEN))
        traders = [Trader(one, f"k{n}" * 20 + "7h9x", f"s{n}" * 30) for n, one in enumerate(people)]
        for trader in traders:
            spot: dict[str, Number] = {"USDT": 5_000, "BTC": OWN}
            engine.add_account(trader.key, trader.secret, spot, {"USDT": 5_000})
        async with running(folder, **told) as desk:
            await discord.wait_for(lambda: discord.rest.commands, 60)
            await discord.connected()
            kind = Kind.SPOT if market == "binance" else Kind.PERPETUAL
            try:
                yield Stage(engine, venue, desk, kind, sign, traders)
            except BaseException:
                sys.stdout.write("\n".join(desk.lines[-80:]))  # shown with the failure
                raise


@pytest.mark.timeout(300)
async def test_spot(tmp_path: Path) -> None:
    async with stage(tmp_path, "binance", 1) as here:
        await played(here)
        for trader in here.traders:
            held = here.engine.balances(trader.key)["BTC"].total
            assert OWN <= held < OWN + here.engine.market(Kind.SPOT, "BTCUSDT").step


@pytest.mark.timeout(300)
async def test_perpetuals(home: Path) -> None:
    async with stage(home, "binanceusdm", -1) as here:
        await played(here)
        for trader in here.traders:
            assert here.engine.positions(trader.key) == {}
            assert here.engine.account(trader.key).setting("BTCUSDT").leverage == 3


async def played(here: Stage) -> None:
    """Everybody to the open position at once; then the price goes their way, twice."""
    cards = await asyncio.gather(*(opened(here, trader) for trader in here.traders))
    here.engine.move("BTCUSDT", START * (100 + here.sign) / 100 + here.sign * 100)
    for trader, card in zip(here.traders, cards, strict=True):
        await trader.person.see("Partly closed", after=card.id)
        await stops_at_entry(here, trader)
    here.engine.move("BTCUSDT", START * (100 + 2 * here.sign) / 100 + here.sign * 200)
    for trader, card in zip(here.traders, cards, strict=True):
        closed = await trader.person.see("Closed", "P&L", after=card.id)
        assert closed.reply_to == card.id
        await over(here, trader)
    assert max(here.engine.taken.values()) == 1
    assert await here.desk.terminate() == 0
    assert "Traceback" not in here.desk.log and " error " not in here.desk.log, here.desk.log
    for trader in here.traders:
        assert trader.secret not in here.desk.log and trader.key not in here.desk.log


async def opened(here: Stage, trader: Trader) -> Any:
    """From /connect to a position whose stop rests at the exchange; the proposal's card."""
    await connected(trader)
    card = await filled(here, trader)
    wanted = 4 if here.kind is Kind.SPOT else 3  # two pairs, or a stop and two targets
    await until(trader, lambda: len(here.engine.open_orders(trader.key)) == wanted)
    assert stopped(here, trader) == held(here, trader)
    return card


async def connected(trader: Trader) -> None:
    """/connect with the key in one message, which is deleted where a bot may do that."""
    ann = trader.person
    await ann.ask("/start", "Welcome, ")
    said = ann.say(f"/connect binance {trader.key} {trader.secret}")
    question = await ann.offered("Yes", after=said)
    if isinstance(ann, Person):
        assert said not in [message.id for message in ann.messages]
    assert "5,000" in question.text and trader.key[-4:] in question.text
    await ann.press(question, "Yes")
    await ann.see("is connected", after=said)


async def filled(here: Stage, trader: Trader) -> Any:
    """A strategy in a sentence, taken to real money, proposed, approved and filled; its card."""
    ann, side = trader.person, here.side
    more = ", leverage 3x" if here.kind is Kind.PERPETUAL else ""
    verb = "Buy" if here.sign > 0 else "Short"
    await ann.ask(SENTENCE.format(side=verb, more=more), f"entry {side.lower()}: close > 1")
    await ann.ask("/mode 1 live 2000", "Type LIVE")
    await ann.see("🔴 LIVE", after=ann.say("LIVE"))
    draft = await ann.offered("Activate")
    await ann.press(draft, "Activate")
    card = await ann.offered("Approve")
    assert card.text.lstrip("*").startswith(f"🔴 LIVE · {side} BTC/USDT")
    assert ("3x" in card.text) is bool(more)
    await ann.approve(card)
    told = await ann.see(f"Filled {side} BTC/USDT", after=card.id)
    assert told.text.lstrip("*").startswith("🔴 LIVE") and told.reply_to == card.id
    return card


async def until(trader: Trader, come: Any) -> None:
    await trader.person.server.wait_for(come, 30)


def held(here: Stage, trader: Trader) -> Decimal:
    """What the desk holds there and can sell: a fee in coins leaves what no order can have."""
    if here.kind is Kind.SPOT:
        coins = here.engine.balances(trader.key)["BTC"].total - OWN
        return coins - coins % here.engine.market(Kind.SPOT, "BTCUSDT").step
    return abs(here.engine.positions(trader.key)["BTCUSDT"].quantity)


def stopped(here: Stage, trader: Trader) -> Decimal:
    """What resting stops cover."""
    stops = [one for one in here.engine.open_orders(trader.key) if one.type.is_stop]
    return sum((one.quantity - one.filled for one in stops), Decimal(0))


async def stops_at_entry(here: Stage, trader: Trader) -> None:
    """After the first target one stop covers the rest, at the price of the entry."""

    def moved() -> bool:
        stops = [one for one in here.engine.open_orders(trader.key) if one.type.is_stop]
        near = START * Decimal("0.002")
        return len(stops) == 1 and abs((stops[0].ask.trigger or Decimal(0)) - START) < near

    try:
        await until(trader, moved)
    except TimeoutError:
        raise AssertionError(here.engine.open_orders(trader.key)) from None


async def over(here: Stage, trader: Trader) -> None:
    """Nothing is left over, and what was told is what the exchange has."""
    ann, engine = trader.person, here.engine
    await until(trader, lambda: not engine.open_orders(trader.key))
    [closed] = [message for message in ann.messages if "· Closed" in message.text]
    told = re.search(r"P&L ([+-][\d,.]+)", closed.text)
    assert told
    earned = engine.balances(trader.key, here.kind)["USDT"].total - 5_000
    assert abs(Decimal(told[1].replace(",", "")) - earned) < 1, (told[1], earned)
    for spell in engine.bareness(trader.key):
        assert len(steps(here, trader, spell)) <= 2, (spell, steps(here, trader, spell))
    await ann.ask("/receipt", "match")
    await ann.ask("/journal", "Journal (1)")


def steps(here: Stage, trader: Trader, spell: Bare) -> list[Op]:
    """What was done one after the other while something was bare: the order that opened it or one
    that made way, and the stops; those that are placed side by side are one step."""
    done = [
        one.op
        for one in here.venue.asked
        if one.key == trader.key
        and one.op in {Op.ORDER, Op.STOP, Op.CHANGE, Op.CANCEL}
        and spell.since_seq <= one.seq <= (spell.until_seq or 0)
    ]
    return [op for op, _ in groupby(done)]
