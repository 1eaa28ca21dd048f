"""The paper broker: next tick, spread, slippage, fee, and no order twice."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.domain.errors import OrderRejected
from agents.domain.market import Tick
from agents.domain.order import Fill, OrderIntent, OrderPurpose, OrderSide, OrderState
from agents.domain.risk import Costs
from agents.domain.strategy import Mode
from agents.execution.brokers.paper import PaperBroker, fill_price
from tests.support.clock import ManualClock
from tests.support.desk import BTC
from tests.support.market import ScriptedMarket

D = Decimal
AT = datetime(2026, 3, 2, tzinfo=UTC)


def order(key: str = "entry:proposal:1", **changes: object) -> OrderIntent:
    told = {
        "key": key,
        "owner_id": 1,
        "strategy_id": 1,
        "account_id": 1,
        "symbol": "BTC/USDT",
        "mode": Mode.PAPER,
        "purpose": OrderPurpose.ENTRY,
        "side": OrderSide.BUY,
        "quantity": D("0.1"),
        "created_at": AT,
    }
    return OrderIntent(**{**told, **changes})  # type: ignore[arg-type]


class Exchange:
    """A paper broker on a scripted market, and the fills that it tells of."""

    def __init__(self, candle_range: Decimal | None = None, market: ScriptedMarket | None = None):
        self.market = market or ScriptedMarket(ManualClock())
        self.broker = PaperBroker(Mode.PAPER, self.market, Costs(), lambda _: candle_range)
        self.fills: list[Fill] = []
        self.broker.listen(self.fills.append)


async def test_it_fills_at_the_next_tick_and_not_at_the_last() -> None:
    here = Exchange()
    here.market.tick("60000")
    answer = await here.broker.submit(order(), BTC)
    assert (answer.state, answer.filled) == (OrderState.OPEN, D(0))
    assert here.fills == []
    tick = here.market.tick("60100")
    [fill] = here.fills
    assert fill.at == tick.at
    assert fill.mark == D(60_100)
    assert fill.price == D("60124.04")  # half the spread of 2 bp, and 3 bp
    assert fill.fee == fill.price * D("0.1") * D("0.0006")
    here.market.tick("60200")
    assert len(here.fills) == 1


async def test_other_symbols_do_not_fill_it() -> None:
    here = Exchange()
    await here.broker.submit(order(), BTC)
    here.market.tick("3000", "ETH/USDT")
    assert here.fills == []


@pytest.mark.parametrize(
    ("side", "tick", "candle_range", "price"),
    [
        (OrderSide.BUY, {}, None, "60024.00"),
        (OrderSide.SELL, {}, None, "59976.00"),
        (OrderSide.BUY, {"bid": D(59_990), "ask": D(60_010)}, None, "60028.00"),
        (OrderSide.SELL, {"bid": D(59_990), "ask": D(60_010)}, None, "59972.00"),
        (OrderSide.BUY, {}, D(400), "60066.00"),
        (OrderSide.SELL, {}, D(400), "59934.00"),
        (OrderSide.BUY, {}, D(100), "60024.00"),  # 0.15 of the range is less than 3 bp
    ],
)
def test_spread_and_slippage(
    side: OrderSide, tick: dict, candle_range: Decimal | None, price: str
) -> None:
    quote = Tick("BTC/USDT", AT, D(60_000), **tick)
    assert fill_price(side, quote, BTC, Costs(), candle_range) == D(price)


@given(
    side=some.sampled_from(OrderSide),
    price=some.decimals("0.01", "100000", places=2),
    candle_range=some.none() | some.decimals("0", "5000", places=2),
)
def test_the_trader_never_gets_better_than_the_market(
    side: OrderSide, price: Decimal, candle_range: Decimal | None
) -> None:
    got = fill_price(side, Tick("BTC/USDT", AT, price), BTC, Costs(), candle_range)
    assert got > 0
    assert got % BTC.price_step == 0
    assert got >= price if side is OrderSide.BUY else got <= max(price, BTC.price_step)


async def test_a_used_client_order_id_gets_the_order_that_it_has() -> None:
    here = Exchange()
    await here.broker.submit(order(), BTC)
    await here.broker.submit(order(), BTC)
    here.market.tick("60000")
    assert len(here.fills) == 1
    again = await here.broker.submit(order(), BTC)
    assert (again.state, again.fills) == (OrderState.FILLED, tuple(here.fills))
    here.market.tick("60000")
    assert len(here.fills) == 1


async def test_it_answers_truly_what_it_knows() -> None:
    here = Exchange()
    assert await here.broker.lookup(order()) is None
    await here.broker.submit(order(), BTC)
    known = await here.broker.lookup(order())
    assert known and known.state is OrderState.OPEN
    here.market.tick("60000")
    known = await here.broker.lookup(order())
    assert known and known.fills == tuple(here.fills)


async def test_a_cancelled_order_is_not_filled() -> None:
    here = Exchange()
    await here.broker.submit(order(), BTC)
    answer = await here.broker.cancel(order())
    assert answer and answer.state is OrderState.CANCELLED
    here.market.tick("60000")
    assert here.fills == []
    assert await here.broker.cancel(replace(order(), key="unknown")) is None


async def test_a_filled_order_can_not_be_cancelled() -> None:
    here = Exchange()
    await here.broker.submit(order(), BTC)
    here.market.tick("60000")
    answer = await here.broker.cancel(order())
    assert answer and answer.state is OrderState.FILLED


async def test_an_amount_off_the_steps_is_rejected() -> None:
    here = Exchange()
    for quantity in ("0.000001", "0", "-1"):
        with pytest.raises(OrderRejected):
            await here.broker.submit(order(quantity=D(quantity)), BTC)


async def test_adopted_after_a_kill_it_has_the_same_trade_id() -> None:
    market = ScriptedMarket(ManualClock())
    first, second = Exchange(market=market), Exchange(market=market)
    await first.broker.submit(order(), BTC)
    await second.broker.adopt([order()])
    await second.broker.adopt([order()])
    market.tick("60000")
    assert [fill.trade_id for fill in first.fills] == [fill.trade_id for fill in second.fills]


async def test_the_rest_of_a_partly_filled_order_is_another_trade() -> None:
    market = ScriptedMarket(ManualClock())
    first, second = Exchange(market=market), Exchange(market=market)
    await first.broker.submit(order(), BTC)
    await second.broker.adopt([replace(order(), filled=D("0.04"))])
    market.tick("60000")
    assert second.fills[0].quantity == D("0.06")
    assert second.fills[0].trade_id != first.fills[0].trade_id


SIZED = Tick("BTC/USDT", AT, D(60_000), D(59_990), D(60_010), D("0.5"), D(1))


@pytest.mark.parametrize(
    ("side", "tick", "quantity", "price"),
    [
        (OrderSide.BUY, SIZED, "1", "60028.00"),  # all of it is offered at the ask
        (OrderSide.SELL, SIZED, "0.5", "59972.00"),
        (OrderSide.BUY, SIZED, "1.5", "60043.87"),  # 30,005 beyond: 3 bp x (1/3 + 0.5478)
        (OrderSide.SELL, SIZED, "1.5", "59952.06"),  # 59,990 beyond
        (OrderSide.BUY, Tick("BTC/USDT", AT, D(60_000)), "0.4", "60024.00"),
        (OrderSide.BUY, Tick("BTC/USDT", AT, D(60_000)), "2", "60047.55"),  # without sizes
    ],
)
def test_what_is_not_offered_at_the_best_price_costs_more(
    side: OrderSide, tick: Tick, quantity: str, price: str
) -> None:
    assert fill_price(side, tick, BTC, Costs(), None, D(quantity)) == D(price)


@given(
    side=some.sampled_from(OrderSide),
    sizes=some.lists(some.decimals("0.001", "100", places=3), min_size=2, max_size=6),
)
def test_more_is_never_cheaper(side: OrderSide, sizes: list[Decimal]) -> None:
    prices = [fill_price(side, SIZED, BTC, Costs(), None, size) for size in sorted(sizes)]
    assert prices == sorted(prices, reverse=side is OrderSide.SELL)


async def test_the_broker_reckons_with_the_size_of_the_order() -> None:
    here = Exchange()
    await here.broker.submit(order(quantity=D(2)), BTC)
    here.market.tick("60000")
    assert [fill.price for fill in here.fills] == [D("60047.55")]
