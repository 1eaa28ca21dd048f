"""A desk with real money in a process that can be killed, its owner, and its exchange."""

import asyncio
import os
import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support.forking import Forked, Nursery
from tests.support.sources import ROOT
from tests.support.telegram_person import Person
from tests.support.telegram_server import TOKEN, TelegramServer
from tests.support.telegram_world import Message
from tests.support.venue.engine import Engine
from tests.support.venue.records import Event, Kind, Market, What
from tests.support.venue.server import VenueServer

ADMIN, FIRST_GROUP = 42, -1005550001
KEY, SECRET = "k" * 40 + "7h9x", "s" * 60 + "4q2z"
PRICES = {"BTC": Decimal(60_000), "ETH": Decimal(3_000)}
OWN = {"USDT": Decimal(1_000_000), "BTC": Decimal("0.25"), "ETH": Decimal(3)}
A_GROUP = 55  # signals of one group; of more than sixty an hour no notice is taken
BOUNDLESS = {
    "PARLEY_LADDER": "0,0",
    "PARLEY_LIMIT_DELAY": "0",
    "PARLEY_COOLDOWN_MINUTES": "0",
    "PARLEY_MAX_TRADES_A_DAY": "10000",
    "PARLEY_MAX_OPEN_POSITIONS": "100",
    "PARLEY_MAX_CORRELATED_POSITIONS": "100",
    "PARLEY_MAX_LOSSES_IN_A_ROW": "10000",
    "PARLEY_MAX_DAILY_LOSS_PERCENT": "100",
    "PARLEY_MAX_WEEKLY_LOSS_PERCENT": "100",
    "PARLEY_MAX_DRAWDOWN_PERCENT": "100",
    "PARLEY_MAX_SLIPPAGE_PERCENT": "100",
    "PARLEY_MAX_EXPOSURE_SYMBOL_PERCENT": "2000",
    "PARLEY_MAX_EXPOSURE_COIN_PERCENT": "2000",
    "PARLEY_MAX_EXPOSURE_CORRELATED_PERCENT": "2000",
    "PARLEY_MAX_EXPOSURE_TOTAL_PERCENT": "2000",
}
Row = Mapping[str, Any]


class Died(Exception):
    """The desk ended while something was waited for."""


def exchange() -> Engine:
    engine = Engine()
    step, taker, maker = Decimal("0.001"), Decimal("0.0005"), Decimal("0.0002")
    for coin, price in PRICES.items():
        engine.add_market(Market(Kind.SPOT, coin), price)
        engine.add_market(Market(Kind.PERPETUAL, coin, step=step, taker=taker, maker=maker), price)
    engine.add_account(KEY, SECRET, OWN, {"USDT": OWN["USDT"]})
    return engine


@dataclass
class LiveCrew:
    """`start`, `kill` and `stop` are the operator's; `ann` is the owner of the account. Where it
    `trails`, so do the stops of her trades."""

    folder: Path
    kind: Kind
    nursery: Nursery
    telegram: TelegramServer
    venue: VenueServer
    chance: random.Random
    trails: bool = False
    desk: Forked | None = None
    said: int = 0
    ann: Person = field(init=False)

    def __post_init__(self) -> None:
        self.ann = Person(self.telegram, ADMIN)
        self.telegram.privacy = False  # as for an administrator of the group
        self.engine.listeners.append(self._hear)

    @property
    def engine(self) -> Engine:
        return self.venue.engine

    @property
    def database(self) -> Path:
        return self.folder / "var" / "parley.db"

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def _hear(self, event: Event) -> None:
        if event.what is not What.MOVED:
            self.telegram.touch()

    # --- the process --------------------------------------------------------------------------

    async def start(self, crash_at: str = "") -> None:
        market = "binance" if self.kind is Kind.SPOT else "binanceusdm"
        self.desk = await self.nursery.start(
            self.folder,
            {
                **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
                **BOUNDLESS,
                "PYTHONPATH": str(ROOT),
                "PORT": "0",
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "TELEGRAM_API_URL": self.telegram.url,
                "PARLEY_ADMINS": f"telegram:{ADMIN}",
                "PARLEY_MARKET": f"ccxt:{market}",
                "EXCHANGE_REST_URL": self.venue.rest_url,
                "EXCHANGE_WS_URL": self.venue.ws_url,
                "CRASH_AT": crash_at,
            },
        )

    @property
    def alive(self) -> bool:
        return self.desk is not None and not self.desk.ended.is_set()

    async def kill(self) -> None:
        if self.desk is not None:
            await self.desk.kill()

    async def stop(self) -> int | None:
        return await self.desk.stop() if self.desk is not None else None

    async def passes(self, seconds: float) -> bool:
        """Let so much time pass; whether the desk still runs then."""
        return self.desk is not None and await self.desk.lives(seconds)

    async def until(self, true: Callable[[], Any], seconds: float) -> Any:
        """What `true` says, once it says something. Raises Died and TimeoutError."""
        async with asyncio.timeout(seconds):
            while not (found := true()):
                if not await self.passes(0.05):
                    raise Died
            return found

    # --- the owner ----------------------------------------------------------------------------

    async def begin(self) -> None:
        """Everything that is needed for trades of real money that nobody has to approve."""
        ann = self.ann
        await ann.ask("/start", "Welcome, Ann")
        said = ann.say(f"/connect binance {KEY} {SECRET}")
        await ann.press(await ann.offered("Yes", after=said), "Yes")
        await ann.see("connected", after=said)
        await self._listen()
        await ann.ask("/listen above 0", "from a score of 0")
        if self.trails:
            await self._edit("trail 0.8%")
        await ann.ask("/mode 1 live 100000", "Type LIVE")
        await ann.ask("LIVE", "🔴 LIVE")
        said = ann.say("/autonomy 1 autopilot")
        await ann.press(await ann.offered("Yes", after=said), "Yes")
        await ann.ask("/settings signals off", "ignals")

    async def _edit(self, words: str) -> None:
        """What the strategy for signals shall do otherwise."""
        ann, said = self.ann, self.ann.say("/strategies 1")
        await ann.press(await ann.offered("Edit", after=said), "Edit")
        await ann.see("What should change", after=said)
        said = ann.say(words)
        await ann.press(await ann.offered("Yes", after=said), "Yes")
        await ann.see("version 2", after=said)

    @property
    def group(self) -> int:
        return FIRST_GROUP - self.said // A_GROUP

    async def _listen(self) -> None:
        group = self.group
        self.telegram.group(group, "Calls").staff[ADMIN] = "administrator"
        self.telegram.say(group, ADMIN, "/listen")
        await self.until(lambda: self._told(group, "I read the signals"), 30)

    def _told(self, group: int, words: str) -> list[Message]:
        return [one for one in self.telegram.messages(group) if words in one.text]

    async def signal(self, coin: str) -> Message:
        """Somebody posts one: with a stop 1 % away and targets 1 % and 2 % away."""
        self.said += 1
        if not self.said % A_GROUP:
            await self._listen()
        price = self.engine.price(f"{coin}USDT")
        sign = 1 if self.kind is Kind.SPOT or self.chance.random() < 0.5 else -1
        stop, first, second = (
            (price * (100 + sign * away) / 100).quantize(Decimal("0.1")) for away in (-1, 1, 2)
        )
        words = (
            f"{coin}/USDT {'LONG' if sign > 0 else 'SHORT'}\nEntry: market\nStop: {stop}\n"
            f"TP1: {first}\nTP2: {second}"
        )
        return self.telegram.say(self.group, ADMIN + 1, words)

    # --- what is stored -----------------------------------------------------------------------

    @contextmanager
    def moment(self) -> Iterator[Callable[[str], list[Row]]]:
        """Rows of queries, all of one moment."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as raw:
            raw.row_factory = sqlite3.Row
            raw.execute("BEGIN")
            yield lambda query: [dict(row) for row in raw.execute(query)]

    def rows(self, query: str) -> list[Row]:
        with self.moment() as rows:
            return rows(query)
