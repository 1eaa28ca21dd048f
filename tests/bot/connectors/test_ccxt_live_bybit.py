"""The live connector at another exchange: Bybit's spot and perpetuals, over the real ccxt."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
import pytest_asyncio

from agents.domain.errors import (
    BrokerAway,
    BrokerBusy,
    KeyRefused,
    OrderRejected,
    OrderUnknown,
    StopTooNear,
)
from agents.domain.order import OrderPurpose, OrderState
from agents.domain.strategy import Side
from agents.domain.venue import Credentials, GuardStyle, Holding
from bot.connectors.clocks import RealClock
from tests.support.live_bybit import found, kind
from tests.support.live_connector import BTC, ETH, Ground, Live, live
from tests.support.venue import by_hand
from tests.support.venue.bybit_doors import BybitOrders
from tests.support.venue.bybit_shapes import trade_name
from tests.support.venue.faults import Op
from tests.support.venue.records import Kind
from tests.support.venue.records import Side as Way

D = Decimal
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def spot(bybit_spot: Ground) -> AsyncIterator[Live]:
    async with live(bybit_spot) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def perps(bybit_perps: Ground) -> AsyncIterator[Live]:
    async with live(bybit_perps) as one:
        yield one


@pytest.fixture(params=["spot", "perps"])
def on(request: pytest.FixtureRequest, bybit_spot: Ground, bybit_perps: Ground) -> Ground:
    return bybit_spot if request.param == "spot" else bybit_perps


@pytest_asyncio.fixture(loop_scope="module")
async def either(on: Ground) -> AsyncIterator[Live]:
    async with live(on) as one:
        yield one


# --- orders -------------------------------------------------------------------------------------


async def test_a_market_order_brings_its_fills(either: Live) -> None:
    intent = await either.entry("entry")
    answer = await either.submit(intent)
    paths = [one.path.rpartition("v5/")[2] for one in either.asked]
    assert paths[-2:] == ["order/create", "execution/list"]  # one look, and it is known
    (fill,) = answer.fills
    true = either.fills[0]
    assert (answer.state, answer.filled) == (OrderState.FILLED, D("0.01"))
    assert fill.trade_id == trade_name(true.id, kind(either))
    assert (fill.price, fill.quantity, fill.fee) == (true.price, true.quantity, true.fee)
    assert (fill.client_id, fill.fee_currency) == (intent.client_id, true.fee_coin)


async def test_a_fee_in_a_third_coin_is_named_and_valued(either: Live) -> None:
    either.engine.account(either.key).fee_coin = "BNB"
    (fill,) = (await either.submit(await either.entry("entry"))).fills
    assert (fill.fee_currency, fill.fee_value) == ("BNB", fill.fee * 600)


async def test_many_fills_of_one_order_come_whole(either: Live) -> None:
    """More than one page of them."""
    either.engine.slicing.parts = 120
    intent = await either.entry("entry", quantity=D("0.12"), leverage=2)
    await either.submit(intent)
    assert (await found(either, intent)).state is OrderState.PART_FILLED
    either.engine.settle(120)
    answer = await found(either, intent)
    assert (answer.state, len(answer.fills)) == (OrderState.FILLED, 120)
    history = await either.desk.venue.fills(either.owner, BTC, intent.created_at)
    assert {one.fill.trade_id for one in history} == {one.trade_id for one in answer.fills}


async def test_what_was_cancelled_after_a_part_is_no_whole(either: Live) -> None:
    either.engine.slicing.parts = 2
    intent = await either.entry("entry", quantity=D("0.02"))
    await either.submit(intent)
    answer = await either.broker.cancel(intent)
    assert answer is not None
    assert (answer.state, answer.filled) == (OrderState.CANCELLED, D("0.01"))
    assert [one.quantity for one in answer.fills] == [D("0.01")]


@pytest.mark.parametrize("trouble", ["lose", "unknown"])
async def test_a_lost_answer_leads_to_a_look_and_to_no_second_order(
    either: Live, trouble: str
) -> None:
    getattr(either.server.faults, trouble)(taken=True)
    intent = await either.entry("entry")
    with pytest.raises(OrderUnknown):
        await either.submit(intent)
    answer = await found(either, intent)
    assert (answer.state, len(answer.fills)) == (OrderState.FILLED, 1)
    with pytest.raises(OrderUnknown):  # its name is taken for good
        await either.submit(intent)
    assert either.taken == {intent.client_id: 1}


async def test_an_order_that_never_came_is_not_there(either: Live) -> None:
    either.server.faults.lose(taken=False)
    intent = await either.entry("entry")
    with pytest.raises(OrderUnknown):
        await either.submit(intent)
    assert await either.broker.lookup(intent) is None
    assert (await either.submit(intent)).state is OrderState.FILLED


async def test_an_order_is_found_among_many_and_by_a_clock_that_is_wrong(either: Live) -> None:
    by_hand.buy(either.engine, either.key, BTC, "0.02", kind(either))
    late = RealClock().now() + timedelta(hours=1)
    intent = await either.target("first", "70000", created_at=late)
    await either.broker.rest([intent], await either.instrument())
    for _ in range(25):
        by_hand.rest(either.engine, either.key, BTC, Way.BUY, "0.001", 50_000, kind(either))
    assert (await found(either, intent)).state is OrderState.OPEN
    assert len((await either.desk.venue.state(either.owner)).orders) == 26


async def test_what_ended_long_ago_is_found_in_the_history(either: Live) -> None:
    """Else it would pass for an order that never came."""
    by_hand.buy(either.engine, either.key, BTC, "0.02", kind(either))
    target = await either.target("target", "61000")
    await either.rest(target)
    either.engine.move("BTCUSDT", 61_100)
    (door,) = (one for one in either.server.doors if isinstance(one, BybitOrders))
    door.recalls = 0
    try:
        for intent in (target, await either.memory.orders.get(target.id)):
            assert (await found(either, intent)).state is OrderState.FILLED
    finally:
        door.recalls = 500


async def test_refusals_are_said_as_elsewhere(either: Live) -> None:
    with pytest.raises(OrderRejected, match="not enough free"):
        await either.submit(await either.entry("large", quantity=D("5")))
    either.server.faults.busy()
    with pytest.raises(BrokerBusy):
        await either.submit(await either.entry("busy"))
    assert either.taken == {}


@pytest.mark.parametrize(("banned", "wait"), [(False, 2), (True, 30)], ids=["10006", "403"])
async def test_too_many_requests_hold_everything_for_a_while(
    either: Live, banned: bool, wait: int
) -> None:
    await either.desk.venue.state(either.owner)
    either.server.faults.too_many(times=1, banned=banned)
    with pytest.raises(BrokerBusy) as busy:
        await either.submit(await either.entry("entry"))
    assert busy.value.retry_after == wait
    asked = len(either.asked)
    with pytest.raises(BrokerBusy):
        await either.submit(await either.exit("panic", purpose=OrderPurpose.PANIC))
    assert (len(either.asked), either.taken) == (asked, {})


async def test_an_exchange_that_is_not_there_took_nothing(either: Live) -> None:
    intent = await either.entry("entry")
    await either.desk.venue.state(either.owner)
    await either.server.down()
    for question in (either.submit(intent), either.broker.lookup(intent)):
        with pytest.raises(BrokerAway):
            await question
    await either.server.up()
    assert (await either.submit(intent)).state is OrderState.FILLED


async def test_a_clock_that_goes_wrong_is_set_and_the_order_sent_once(either: Live) -> None:
    await either.desk.venue.state(either.owner)
    either.server.faults.skew(-30_000)
    intent = await either.entry("entry")
    assert (await either.submit(intent)).state is OrderState.FILLED
    assert either.taken == {intent.client_id: 1}


# --- perpetuals ---------------------------------------------------------------------------------


async def test_leverage_and_margin_are_set_and_left_alone_when_right(perps: Live) -> None:
    await perps.submit(await perps.entry("one", leverage=7))
    setting = perps.engine.account(perps.key).setting("BTCUSDT")
    assert (setting.leverage, setting.isolated) == (7, True)
    session = await perps.desk.sessions.of(perps.owner)
    session.leverage.clear()
    before = len(perps.asked)
    await perps.submit(await perps.intent("two", proposal_id=1))
    paths = [one.path.rpartition("/")[2] for one in perps.asked[before:]]
    assert "set-margin-mode" not in paths
    assert perps.engine.positions(perps.key)["BTCUSDT"].quantity == D("0.02")


async def test_another_margin_under_an_open_position_is_said(perps: Live) -> None:
    by_hand.buy(perps.engine, perps.key, ETH, "0.1", Kind.PERPETUAL)
    with pytest.raises(OrderRejected, match="could not be set to isolated"):
        await perps.submit(await perps.entry("entry"))


async def test_hedge_mode_is_refused_by_name(perps: Live) -> None:
    perps.engine.set_hedged(perps.key, hedged=True)
    with pytest.raises(OrderRejected, match="hedge mode"):
        await perps.submit(await perps.entry("entry"))
    report = await perps.desk.key_check.check("bybit", credentials(perps))
    assert (report.hedged, perps.taken) == (True, {})


async def test_a_stop_and_a_target_rest_and_only_reduce(perps: Live) -> None:
    assert perps.broker.style(await perps.instrument()) is GuardStyle.SEPARATE
    await perps.submit(await perps.entry("entry"))
    stop, target = await perps.stop("stop", "59000"), await perps.target("target", "61000", "0.004")
    for guard in (stop, target):
        (answer,) = await perps.rest(guard)
        assert answer.state is OrderState.OPEN
    listed = {one.client_id: one for one in (await perps.desk.venue.state(perps.owner)).orders}
    assert (listed[stop.client_id].kind, listed[stop.client_id].price) == (stop.kind, D(59_000))
    assert (listed[target.client_id].kind, listed[target.client_id].price) == (
        target.kind,
        D(61_000),
    )
    perps.engine.move("BTCUSDT", 61_100)
    perps.engine.move("BTCUSDT", 58_900)
    assert (await found(perps, target)).filled == D("0.004")
    over = await found(perps, stop)
    assert sum(one.quantity for one in over.fills) == D("0.006")
    assert perps.engine.positions(perps.key) == {}
    with pytest.raises(OrderRejected, match="nothing that this order could reduce"):
        await perps.submit(await perps.exit("more"))


async def test_a_stop_takes_the_place_of_another_and_is_cancelled(perps: Live) -> None:
    await perps.submit(await perps.entry("entry"))
    first, second = await perps.stop("one", "59000"), await perps.stop("two", "59500")
    await perps.rest(first)
    (answer,) = await perps.rest(second, instead_of=[first])
    assert answer.state is OrderState.OPEN
    assert [one.client_id for one in perps.open] == [second.client_id]
    perps.server.faults.lose(taken=True, on=Op.CANCEL)
    gone = await perps.broker.cancel(await perps.memory.orders.get(second.id))
    assert gone is not None and gone.state is OrderState.CANCELLED
    assert (await perps.broker.cancel(second)) == gone
    assert perps.open == []


async def test_a_stop_behind_the_price_is_too_near(perps: Live) -> None:
    await perps.submit(await perps.entry("entry"))
    with pytest.raises(StopTooNear):
        await perps.rest(await perps.stop("stop", "60500"))


async def test_stops_of_spot_do_not_rest_here(spot: Live) -> None:
    assert spot.broker.style(await spot.instrument()) is GuardStyle.LOCAL


# --- accounts -------------------------------------------------------------------------------------


async def test_a_spot_account_is_its_coins_and_orders(spot: Live) -> None:
    target = await spot.target("target", "61000", "0.2")
    await spot.rest(target)
    by_hand.buy(spot.engine, spot.key, ETH, "0.1", Kind.PERPETUAL)
    state = await spot.desk.venue.state(spot.owner)
    assert [one.client_id for one in state.orders] == [target.client_id]
    assert (state.positions, state.holdings["BTC"]) == ((), Holding(D("0.3"), D("0.2")))
    assert 9_900 < state.free < 10_000


async def test_equity_of_perpetuals_has_the_open_profit(perps: Live) -> None:
    await perps.submit(await perps.entry("entry", leverage=7, quantity=D("0.1")))
    perps.engine.move("BTCUSDT", 60_500)
    state = await perps.desk.venue.state(perps.owner)
    (position,) = state.positions
    true = perps.engine.positions(perps.key)["BTCUSDT"]
    assert (position.side, position.quantity, position.leverage) == (Side.LONG, D("0.1"), 7)
    assert position.entry_price == true.entry
    real = perps.engine.liquidation(perps.key, "BTCUSDT")
    assert real is not None and position.liquidation is not None
    assert abs(position.liquidation - real) < 1
    cash = perps.engine.balances(perps.key, Kind.PERPETUAL)["USDT"].total
    coins = 600 + D("0.5") * 60_500
    assert abs(state.equity - (cash + (60_500 - true.entry) * D("0.1") + coins)) < D("0.01")


async def test_positions_and_orders_of_every_settlement_are_seen(perps: Live) -> None:
    perps.engine.deposit(perps.key, "USDC", 1_000)
    for symbol in (BTC, "ETH/USDC"):
        by_hand.buy(perps.engine, perps.key, symbol, "0.01", Kind.PERPETUAL)
        price = perps.engine.price(symbol.replace("/", "")) + 100
        by_hand.rest(perps.engine, perps.key, symbol, Way.SELL, "0.01", price, Kind.PERPETUAL)
    state = await perps.desk.venue.state(perps.owner)
    assert {one.symbol for one in state.positions} == {BTC, "ETH/USDC"}
    assert {one.symbol for one in state.orders} == {BTC, "ETH/USDC"}


async def test_funding_received_is_positive(perps: Live) -> None:
    entry = await perps.entry("entry")
    await perps.submit(entry)
    perps.engine.fund("BTCUSDT", "0.0001")
    perps.engine.fund("BTCUSDT", "-0.0002")
    paid = await perps.desk.venue.funding(perps.owner, BTC, entry.created_at - timedelta(days=20))
    assert {one.amount for one in paid} == {D("-0.06"), D("0.12")}


async def test_a_history_of_weeks_comes_whole(either: Live) -> None:
    """The exchange shows seven days at a time."""
    intent = await either.entry("entry")
    await either.submit(intent)
    since = intent.created_at - timedelta(days=20)
    history = await either.desk.venue.fills(either.owner, BTC, since)
    assert [one.fill.client_id for one in history] == [intent.client_id]


async def test_somebody_elses_order_is_cancelled_as_it_was_listed(either: Live) -> None:
    by_hand.rest(either.engine, either.key, BTC, Way.BUY, "0.01", 50_000, kind(either))
    (order,) = (await either.desk.venue.state(either.owner)).orders
    assert (order.ours, order.client_id) == (False, "")
    await either.desk.venue.cancel_foreign(either.owner, order)
    assert either.open == []
    await either.desk.venue.cancel_foreign(either.owner, order)  # it is gone already


# --- keys -----------------------------------------------------------------------------------------


def credentials(one: Live) -> Credentials:
    account = one.engine.account(one.key)
    return Credentials(account.key, account.secret)


async def test_a_key_is_told_by_what_it_may(either: Live) -> None:
    account = either.engine.account(either.key)
    check = either.desk.key_check
    assert check.known("Bybit") == either.market.name
    report = await check.check("bybit", credentials(either))
    assert (report.trades, report.withdraws, report.restricted) == (True, False, True)
    assert (report.quote, report.free, report.hedged) == ("USDT", D(10_000), False)
    account.restricted, account.withdraws = False, True
    other = "trades_perpetuals" if kind(either) is Kind.SPOT else "trades_spot"
    setattr(account, other, False)
    report = await check.check("bybit", credentials(either))
    assert (report.trades, report.withdraws, report.restricted) == (True, True, False)
    account.trades_spot = account.trades_perpetuals = False
    assert not (await check.check("bybit", credentials(either))).trades


@pytest.mark.parametrize("wrong", ["key", "secret", "classic"])
async def test_a_wrong_key_is_refused(spot: Live, wrong: str) -> None:
    real = credentials(spot)
    made = {"key": Credentials("no" + real.key, real.secret),
            "secret": Credentials(real.key, "no" + real.secret), "classic": real}  # fmt: skip
    spot.engine.account(spot.key).unified = wrong != "classic"
    with pytest.raises(KeyRefused, match="unified" if wrong == "classic" else "/connect"):
        await spot.desk.key_check.check("bybit", made[wrong])


async def test_a_key_that_may_not_trade_any_more_is_refused_for_good(either: Live) -> None:
    account = either.engine.account(either.key)
    account.trades_spot = account.trades_perpetuals = False
    intent = await either.intent("order", purpose=OrderPurpose.CLOSE)
    with pytest.raises(OrderRejected) as refusal:
        await either.submit(intent)
    assert isinstance(refusal.value, KeyRefused)
