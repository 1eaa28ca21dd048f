"""Whatever happens, the stand-in exchange's books add up: it is the judge of the desk's."""

from contextlib import suppress
from decimal import Decimal

import hypothesis.strategies as st
from hypothesis import given, settings

from tests.support.clock import ManualClock
from tests.support.venue.conftest import KEY, opened
from tests.support.venue.engine import Engine
from tests.support.venue.records import ZERO, Ask, Kind, Order, OrderType, Refused, Side

D = Decimal
CASH, COINS = D(1000), D(2)
CENT = D("0.01")

side = st.sampled_from(Side)
amounts = st.integers(60, 4000).map(lambda n: D(n) / 1000)
prices = st.integers(8000, 12500).map(lambda n: D(n) / 100)
ways_off = st.integers(1, 1500).map(lambda n: D(n) / 10_000)
flags = st.booleans()
steps = st.one_of(
    st.tuples(st.just("market"), st.sampled_from(Kind), side, amounts, flags),
    st.tuples(st.just("limit"), st.sampled_from(Kind), side, amounts, flags, prices),
    st.tuples(st.just("stop"), st.sampled_from(Kind), side, amounts, flags, ways_off),
    st.tuples(st.just("pair"), side, amounts, ways_off, ways_off),
    st.tuples(st.just("move"), prices),
    st.tuples(st.just("move"), prices),
    st.tuples(st.just("fund"), st.sampled_from([D("0.0001"), D("-0.0003")])),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("settle")),
    st.tuples(st.just("slice"), st.integers(1, 4), st.integers(0, 2)),
)


def apply(engine: Engine, step: tuple) -> None:
    match step:
        case ("market", kind, way, quantity, reduces):
            engine.place(KEY, _ask(kind, way, OrderType.MARKET, quantity, reduces))
        case ("limit", kind, way, quantity, reduces, price):
            engine.place(KEY, _ask(kind, way, OrderType.LIMIT, quantity, reduces, price=price))
        case ("stop", kind, way, quantity, reduces, far):
            level = _level(engine, way, far)
            ask = _ask(kind, way, OrderType.STOP, quantity, reduces, trigger=level)
            engine.place(KEY, ask)
        case ("pair", way, quantity, far, near):
            price = _level(engine, way.other, far)
            target = _ask(Kind.SPOT, way, OrderType.LIMIT, quantity, price=price)
            level = _level(engine, way, near)
            stop = _ask(Kind.SPOT, way, OrderType.STOP, quantity, trigger=level)
            engine.place_pair(KEY, target, stop)
        case ("move", price):
            engine.move("BTCUSDT", price)
        case ("fund", rate):
            engine.fund("BTCUSDT", rate)
        case ("cancel", number) if number < len(engine.open_orders(KEY)):
            one = engine.open_orders(KEY)[number]
            engine.cancel(KEY, one.kind, one.symbol, one.id, algo=one.ask.algo)
        case ("settle",):
            engine.settle()
        case ("slice", parts, at_once):
            engine.slicing.parts, engine.slicing.at_once = parts, at_once


def _level(engine: Engine, way: Side, far: Decimal) -> Decimal:
    """Where a stop of a side lies: a buy above the price, a sell below."""
    return (engine.price("BTCUSDT") * (1 + far * way.sign)).quantize(CENT)


def _ask(
    kind: Kind, way: Side, type_: OrderType, quantity: Decimal, reduces: bool = False,
    price: Decimal | None = None, trigger: Decimal | None = None,
) -> Ask:  # fmt: skip
    perpetual = kind is Kind.PERPETUAL
    return Ask(
        kind, "BTCUSDT", way, type_, quantity, price, trigger,
        reduce_only=reduces and perpetual, algo=perpetual and trigger is not None,
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, min_size=12, max_size=40))
def test_the_books_add_up(plan: list) -> None:
    engine = opened(Engine(ManualClock()))
    engine.deposit(KEY, "BTC", COINS)
    for step in plan:
        with suppress(Refused):
            apply(engine, step)
    spot_adds_up(engine)
    perpetuals_add_up(engine)
    orders_add_up(engine)


def spot_adds_up(engine: Engine) -> None:
    coin, cash = COINS, CASH
    for fill in engine.fills:
        if fill.kind is Kind.SPOT:
            coin += fill.quantity * fill.side.sign - (fill.fee if fill.fee_coin == "BTC" else 0)
            cash -= fill.price * fill.quantity * fill.side.sign
            cash -= fill.fee if fill.fee_coin == "USDT" else 0
    balances = engine.balances(KEY)
    assert balances["USDT"].total == cash >= 0
    assert balances["BTC"].total == coin >= 0
    for one in balances.values():
        assert one.free >= 0 <= one.locked


def perpetuals_add_up(engine: Engine) -> None:
    """Position and profit by an account of every unit that was bought and sold."""
    held, cost, cash = ZERO, ZERO, CASH
    reducing = {one.id for one in engine.orders if one.ask.reduce_only}
    for fill in engine.fills:
        if fill.kind is Kind.PERPETUAL:
            before, held = held, held + fill.quantity * fill.side.sign
            if fill.order_id in reducing:
                assert abs(held) < abs(before)
                assert held * before >= 0
            cost += fill.price * fill.quantity * fill.side.sign
            cash -= fill.fee
    cash += sum(one.amount for one in engine.incomes if one.type == "funding")
    position = engine.account(KEY).position("BTCUSDT")
    assert position.quantity == held
    wallet = engine.balances(KEY, Kind.PERPETUAL)["USDT"].total
    if not any(one.client_id.startswith("autoclose") for one in engine.orders):
        worth = wallet + position.profit(engine.price("BTCUSDT"))
        assert abs(worth - (cash - cost + held * engine.price("BTCUSDT"))) < D("1e-15")


def orders_add_up(engine: Engine) -> None:
    for order in engine.orders:
        fills = [one for one in engine.fills if one.order_id == order.id]
        assert order.filled == sum((one.quantity for one in fills), ZERO) <= order.quantity
        assert (order.filled == order.quantity and order.quantity > 0) == (order.status == "filled")
        assert order.live == (order.id in engine.account(KEY).open)
    pairs: dict[int, list[Order]] = {one.pair: [] for one in engine.orders if one.pair is not None}
    for order in engine.orders:
        if order.pair is not None:
            pairs[order.pair].append(order)
    for first, second in pairs.values():
        assert not (first.filled and second.filled)
