"""The stand-in exchange by itself: what it takes, refuses, fills and remembers."""

from decimal import Decimal

import pytest

from tests.support.clock import ManualClock
from tests.support.venue.engine import Engine
from tests.support.venue.records import (
    Ask,
    Kind,
    Market,
    OrderType,
    Refused,
    Side,
    Status,
    What,
    Why,
)

D = Decimal
KEY = "key"
BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def engine(clock: ManualClock) -> Engine:
    made = Engine(clock)
    made.add_market(Market(Kind.SPOT, "BTC"), 100)
    made.add_market(Market(Kind.SPOT, "BNB"), 10)
    made.add_market(
        Market(Kind.PERPETUAL, "BTC", step=D("0.001"), taker=D("0.0005"), maker=D("0.0002")), 100
    )
    made.add_account(KEY, "secret", {"USDT": 1000}, {"USDT": 1000})
    return made


def spot(side: Side, quantity: str, **named: object) -> Ask:
    return _ask(Kind.SPOT, side, quantity, **named)


def perpetual(side: Side, quantity: str, **named: object) -> Ask:
    return _ask(Kind.PERPETUAL, side, quantity, **named)


def _ask(kind: Kind, side: Side, quantity: str, **named: object) -> Ask:
    prices = {name: D(str(named.pop(name))) for name in ("price", "trigger") if name in named}
    default = OrderType.LIMIT if "price" in prices else OrderType.MARKET
    if "trigger" in prices:
        default = OrderType.STOP_LIMIT if "price" in prices else OrderType.STOP
    type_ = named.pop("type", default)
    return Ask(kind, "BTCUSDT", side, type_, D(quantity), **prices, **named)  # type: ignore[arg-type]


def test_a_market_buy_takes_the_ask_and_pays_its_fee_in_the_coin(engine: Engine) -> None:
    order = engine.place(KEY, spot(BUY, "1", client_id="a"))
    assert order.status is Status.FILLED
    assert engine.balances(KEY)["BTC"].free == D("0.999")
    assert engine.balances(KEY)["USDT"].free == D(1000) - D("100.01")
    assert engine.fills[0].fee_coin == "BTC"


def test_fees_in_a_third_coin_while_there_is_enough(engine: Engine) -> None:
    engine.account(KEY).fee_coin = "BNB"
    engine.deposit(KEY, "BNB", "0.01")
    engine.place(KEY, spot(BUY, "1"))
    engine.place(KEY, spot(BUY, "1"))
    assert [(one.fee_coin, one.fee) for one in engine.fills] == [
        ("BNB", D("0.00750075")),
        ("BTC", D("0.001")),
    ]


def test_coins_are_locked_once(engine: Engine) -> None:
    engine.deposit(KEY, "BTC", 1)
    engine.place(KEY, spot(SELL, "0.6", price=120))
    assert engine.balances(KEY)["BTC"].locked == D("0.6")
    with pytest.raises(Refused) as refusal:
        engine.place(KEY, spot(SELL, "0.6", price=130))
    assert refusal.value.why is Why.NO_FUNDS
    engine.cancel(KEY, Kind.SPOT, "BTCUSDT", engine.orders[0].id)
    assert engine.balances(KEY)["BTC"].free == 1


def test_a_pair_locks_once_and_one_ends_the_other(engine: Engine) -> None:
    engine.deposit(KEY, "BTC", 1)
    pair = engine.place_pair(KEY, spot(SELL, "1", price=120), spot(SELL, "1", trigger=90))
    assert engine.balances(KEY)["BTC"].locked == 1
    engine.move("BTC/USDT", 121)
    assert [one.status for one in pair.orders] == [Status.FILLED, Status.EXPIRED]
    assert engine.fills[-1].price == 120
    assert engine.fills[-1].maker


def test_a_pair_that_buys_needs_money_for_its_dearer_half(engine: Engine) -> None:
    engine.place(KEY, spot(BUY, "4"))
    with pytest.raises(Refused) as refusal:
        engine.place_pair(KEY, spot(BUY, "5", price=90), spot(BUY, "5", trigger=125))
    assert refusal.value.why is Why.NO_FUNDS
    assert len(engine.orders) == 1


def test_a_stop_that_can_not_be_paid_any_more_expires(engine: Engine) -> None:
    stop = engine.place(KEY, spot(BUY, "9", trigger=110))
    engine.move("BTCUSDT", 120)
    assert (stop.status, stop.filled) == (Status.EXPIRED, D(0))
    assert engine.balances(KEY)["USDT"].free == D(1000)


def test_a_stop_of_a_pair_fills_at_the_price_it_jumped_to(engine: Engine) -> None:
    engine.deposit(KEY, "BTC", 1)
    pair = engine.place_pair(KEY, spot(SELL, "1", price=120), spot(SELL, "1", trigger=90))
    engine.move("BTCUSDT", 85)
    assert [one.status for one in pair.orders] == [Status.EXPIRED, Status.FILLED]
    assert engine.fills[-1].price == D("84.99")


def test_a_name_is_refused_only_while_its_order_is_open(engine: Engine) -> None:
    engine.place(KEY, spot(BUY, "1", price=90, client_id="x"))
    with pytest.raises(Refused) as refusal:
        engine.place(KEY, spot(BUY, "1", client_id="x"))
    assert refusal.value.why is Why.DUPLICATE
    engine.cancel(KEY, Kind.SPOT, "BTCUSDT", client_id="x")
    engine.place(KEY, spot(BUY, "1", client_id="x"))
    assert engine.taken["x"] == 2


def test_fills_come_in_parts(engine: Engine) -> None:
    engine.slicing.parts, engine.slicing.at_once = 3, 1
    order = engine.place(KEY, spot(BUY, "1"))
    assert (order.status, order.filled) == (Status.PART_FILLED, D("0.33333"))
    engine.settle(2)
    assert (order.status, order.filled) == (Status.FILLED, D(1))
    assert sum(one.quantity for one in engine.fills) == 1


def test_a_thin_book_is_walked_and_what_is_left_expires(engine: Engine) -> None:
    engine.move("BTCUSDT", 100, size="0.1", levels=2)
    order = engine.place(KEY, spot(BUY, "1"))
    assert [one.price for one in engine.fills] == [D("100.01"), D("100.02")]
    assert (order.status, order.filled) == (Status.EXPIRED, D("0.2"))


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        pytest.param(spot(BUY, "1", price="90.001"), Why.PRICE_TICK, id="tick"),
        pytest.param(spot(BUY, "1.000001"), Why.LOT_STEP, id="step"),
        pytest.param(spot(BUY, "0.01"), Why.MIN_NOTIONAL, id="cost"),
        pytest.param(spot(BUY, "10000"), Why.LOT_RANGE, id="range"),
        pytest.param(spot(BUY, "11"), Why.NO_FUNDS, id="funds"),
        pytest.param(spot(SELL, "1"), Why.NO_FUNDS, id="coins"),
        pytest.param(spot(BUY, "1", trigger=90), Why.WOULD_TRIGGER, id="trigger"),
        pytest.param(spot(BUY, "1", price=101, post_only=True), Why.WOULD_TAKE, id="post-only"),
        pytest.param(perpetual(SELL, "1", reduce_only=True), Why.REDUCE_ONLY, id="reduce"),
        pytest.param(perpetual(BUY, "1000"), Why.NO_MARGIN, id="margin"),
        pytest.param(perpetual(BUY, "1", one_way=False), Why.POSITION_MODE, id="hedge"),
    ],
)
def test_what_is_refused(engine: Engine, ask: Ask, why: Why) -> None:
    with pytest.raises(Refused) as refusal:
        engine.place(KEY, ask)
    assert refusal.value.why is why
    assert engine.orders == []


def test_a_position_has_an_average_entry_and_realises_its_profit(engine: Engine) -> None:
    engine.place(KEY, perpetual(BUY, "1"))
    engine.move("BTCUSDT", 110)
    engine.place(KEY, perpetual(BUY, "1"))
    assert engine.positions(KEY)["BTCUSDT"].entry == D("105.01")
    engine.place(KEY, perpetual(SELL, "3"))
    position = engine.positions(KEY)["BTCUSDT"]
    assert (position.quantity, position.entry) == (D(-1), D("109.99"))
    assert position.realised == 2 * (D("109.99") - D("105.01"))
    paid = sum(one.fee for one in engine.fills)
    assert engine.balances(KEY, Kind.PERPETUAL)["USDT"].total == 1000 + position.realised - paid


def test_a_reducing_order_does_no_more_than_close(engine: Engine) -> None:
    engine.place(KEY, perpetual(BUY, "1"))
    order = engine.place(KEY, perpetual(SELL, "2", reduce_only=True))
    assert (order.filled, order.status) == (D(1), Status.EXPIRED)
    assert engine.positions(KEY) == {}


def test_a_conditional_order_becomes_an_order_and_outlives_the_position(engine: Engine) -> None:
    engine.place(KEY, perpetual(BUY, "1"))
    guard = perpetual(SELL, "1", trigger=90, reduce_only=True, algo=True, client_id="pl1")
    first = engine.place(KEY, guard)
    engine.move("BTCUSDT", 89)
    child = engine.find(KEY, Kind.PERPETUAL, "BTCUSDT", first.child)
    assert (first.status, child.status) == (Status.TRIGGERED, Status.FILLED)
    second = engine.place(KEY, perpetual(SELL, "1", trigger=80, reduce_only=True, algo=True))
    engine.move("BTCUSDT", 79)
    assert second.status is Status.REJECTED


def test_funding_is_paid_by_longs(engine: Engine) -> None:
    engine.place(KEY, perpetual(BUY, "1"))
    engine.fund("BTC/USDT:USDT", "0.0001")
    assert engine.incomes[-1].amount == D("-0.01")


@pytest.mark.parametrize("isolated", [True, False])
def test_a_position_is_taken_away_beyond_its_liquidation_price(
    engine: Engine, isolated: bool
) -> None:
    engine.set_leverage(KEY, "BTCUSDT", 10)
    if isolated:
        engine.set_isolated(KEY, "BTCUSDT", True)
    engine.place(KEY, perpetual(BUY, "50"))
    level = engine.liquidation(KEY, "BTCUSDT")
    assert level is not None
    assert 80 < level < 92
    engine.move("BTCUSDT", level - 1)
    assert engine.positions(KEY) == {}
    assert engine.events[-1].what is What.LIQUIDATED


def test_a_stop_before_the_liquidation_price_comes_first(engine: Engine) -> None:
    engine.place(KEY, perpetual(BUY, "100"))
    engine.place(KEY, perpetual(SELL, "100", trigger=95, reduce_only=True, algo=True))
    engine.move("BTCUSDT", 70)
    assert What.LIQUIDATED not in [one.what for one in engine.events]
    assert engine.positions(KEY) == {}


def test_what_lies_bare_is_known_to_the_request(engine: Engine, clock: ManualClock) -> None:
    engine.place(KEY, perpetual(BUY, "2", client_id="pl1"))
    engine.answered(KEY)
    clock.advance(0.2)
    stop = engine.place(
        KEY, perpetual(SELL, "2", trigger=90, reduce_only=True, algo=True, client_id="pl2")
    )
    [span] = engine.bareness(KEY)
    assert (span.symbol, span.ms, span.answered, span.uncovered) == ("BTCUSDT", 200, 1, D(2))
    engine.expel(stop)
    assert [one.until for one in engine.bareness(KEY)] == [span.until, None]
    engine.place(KEY, perpetual(SELL, "2", reduce_only=True, client_id="pl3"))
    assert None not in [one.until for one in engine.bareness(KEY)]


def test_what_was_opened_by_hand_is_not_called_bare(engine: Engine) -> None:
    engine.place(KEY, perpetual(BUY, "2", client_id="web"))
    engine.place(KEY, spot(BUY, "2"))
    assert engine.bareness(KEY) == []


def test_a_stop_replaced_in_one_moment_leaves_nothing_bare(engine: Engine) -> None:
    engine.place(KEY, spot(BUY, "1", client_id="pl1"))
    stop = engine.place(KEY, spot(SELL, "0.999", trigger=90))
    engine.replace(KEY, spot(SELL, "0.999", trigger=95), stop.id)
    assert len(engine.bareness(KEY)) == 1
    assert engine.balances(KEY)["BTC"].locked == D("0.999")


def test_a_price_follows_a_path(engine: Engine) -> None:
    engine.follow("BTCUSDT", [101, 102])
    seen = []
    while engine.step():
        seen.append(engine.price("BTCUSDT"))
    assert seen == [101, 102]
