"""Weeks of real candles through the desk: exact books at real prices, also at 0.00002."""

from decimal import Decimal
from pathlib import Path

import pytest
from pyarrow import parquet

from agents.domain.money import exact
from agents.domain.order import UNSETTLED
from agents.domain.position import PositionState
from agents.domain.proposal import PlannedTarget, Proposal, Trailing
from agents.domain.risk import Limits
from agents.domain.strategy import Side
from agents.execution.proposals.levels import PriceLevels
from tests.agents.execution.test_exits import reconciles
from tests.support.desk import World
from tests.support.market import instrument

D = Decimal
BTC = instrument("BTC/USDT")
SHIB = instrument(
    "SHIB/USDT", price_step=D("0.00000001"), amount_step=D(1), min_amount=D(1), min_cost=D(5)
)
CANDLES = 1_500  # five days of falling prices, 2022-01-20 on
FIRST = 14 * 288


def candles(folder: Path, symbol: str) -> list[tuple[Decimal, ...]]:
    """(open, high, low, close), oldest first."""
    name = f"binance_{symbol.replace('/', '')}_5m.parquet"
    table = parquet.read_table(folder / "replay_5m_2022" / name).slice(FIRST, CANDLES)
    columns = [table[column].to_pylist() for column in ("open", "high", "low", "close")]
    return [tuple(exact(value) for value in row) for row in zip(*columns, strict=True)]


def plan(number: int, price: Decimal) -> PriceLevels:
    """Longs and shorts, with and without targets, trailing and break-even, in turn."""
    side = Side.LONG if number % 2 else Side.SHORT
    risk = price * D("0.006")
    targets = (
        PlannedTarget(price + risk * side.sign, D("0.3333")),
        PlannedTarget(price + risk * 2 * side.sign, D("0.6667")),
    )
    trailing = Trailing(
        distance=risk * 2 if number % 3 == 1 else None,
        percent=D("1.5") if number % 3 == 2 else None,
        breakeven_r=D(1) if number % 4 == 0 else None,
    )
    chosen = targets if number % 5 else ()
    return PriceLevels(side, price, price - risk * side.sign, chosen, trailing)


@pytest.mark.parametrize("traded", [BTC, SHIB], ids=["BTC", "SHIB"])
async def test_real_prices_leave_exact_books(shared_data: Path, traded) -> None:
    bold = Limits(weekly_loss_percent=D(100), drawdown_percent=D(100))
    world = World(instruments=(traded,), limits=bold)
    await world.start()
    symbol = traded.symbol
    strategy = await world.strategy(await world.user(), symbols=(symbol,), max_positions=3)
    made = 0
    for number, (opened, high, low, close) in enumerate(candles(shared_data, symbol)):
        path = (opened, low, high, close) if close > opened else (opened, high, low, close)
        for price in path:
            await world.tick(price, symbol=symbol, after=75)
        if number % 9 == 0:
            offer = await world.try_to_propose(strategy, plan(number, close), symbol=symbol)
            if isinstance(offer, Proposal) and (await world.approve(offer)).done:
                made += 1
        await world.desk.every_second()
    await world.desk.panic.panic(strategy.owner_id)
    await world.tick(close, symbol=symbol)
    await world.desk.every_second()
    assert made > 60
    assert {position.state for position in world.positions} == {PositionState.CLOSED}
    assert not [order for order in world.orders if order.state in UNSETTLED]
    assert all(fill.price % traded.price_step == 0 for fill in world.fills)
    assert all(fill.quantity % traded.amount_step == 0 for fill in world.fills)
    await reconciles(world)
    [account] = world.accounts
    assert account.balance == 10_000 + sum(item.net() for item in world.positions)
