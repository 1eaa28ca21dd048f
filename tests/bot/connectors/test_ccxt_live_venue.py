"""What accounts hold and did, and what keys may do, as the real ccxt reads it."""

import logging
import traceback
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.domain.errors import AskUser, BrokerAway, KeyRefused, ParleyError
from agents.domain.order import OrderKind, OrderSide, OrderState
from agents.domain.strategy import Side
from agents.domain.venue import Credentials, Holding
from bot.connectors.ccxt_live_keys import NoKeyCheck
from tests.support.live_connector import BTC, Live
from tests.support.venue.faults import Op
from tests.support.venue.records import Ask, Kind, OrderType
from tests.support.venue.records import Side as Way

D = Decimal
pytestmark = pytest.mark.asyncio(loop_scope="module")


def credentials(one: Live) -> Credentials:
    account = one.engine.account(one.key)
    return Credentials(account.key, account.secret)


# --- state ----------------------------------------------------------------------------------------


async def test_a_spot_account_is_its_coins_and_orders(spot: Live) -> None:
    stop = await spot.stop("stop", "59000", "0.2")
    await spot.rest(stop)
    state = await spot.desk.venue.state(spot.owner)
    assert state.positions == ()
    assert state.holdings["BTC"] == Holding(D("0.3"), D("0.2"))
    assert (state.quote, state.free) == ("USDT", D(10_000))
    assert state.equity == 10_000 + D("0.5") * 60_000 + 600
    (order,) = state.orders
    assert (order.kind, order.side, order.price) == (OrderKind.STOP, OrderSide.SELL, D(59_000))


async def test_a_perpetual_account_is_its_positions_too(perps: Live) -> None:
    await perps.submit(await perps.entry("entry", leverage=7, quantity=D("0.1")))
    await perps.rest(await perps.stop("stop", "59000", "0.1"))
    await perps.rest(await perps.target("target", "61000", "0.1"))
    perps.engine.move("BTCUSDT", 60_500)
    state = await perps.desk.venue.state(perps.owner)
    (position,) = state.positions
    true = perps.engine.positions(perps.key)["BTCUSDT"]
    assert (position.symbol, position.side, position.quantity) == (BTC, Side.LONG, D("0.1"))
    assert (position.entry_price, position.leverage) == (true.entry, 7)
    assert position.liquidation is not None
    real = perps.engine.liquidation(perps.key, "BTCUSDT")
    assert real is not None and abs(position.liquidation - real) < 1
    assert {order.kind for order in state.orders} == {OrderKind.STOP, OrderKind.LIMIT}
    wallet = perps.engine.balances(perps.key, Kind.PERPETUAL)["USDT"].total
    profit = (60_500 - true.entry) * D("0.1")
    assert abs(state.equity - (wallet + profit + 600)) < D("0.01")


async def test_funding_is_what_was_paid(perps: Live) -> None:
    entry = await perps.entry("entry")
    await perps.submit(entry)
    perps.engine.fund("BTCUSDT", "0.0001")
    perps.engine.fund("BTCUSDT", "-0.0002")
    paid = await perps.desk.venue.funding(perps.owner, BTC, entry.created_at)
    assert [one.amount for one in paid] == [D("-0.06"), D("0.12")]
    assert len({one.venue_id for one in paid}) == 2
    later = paid[-1].at + timedelta(seconds=1)
    assert await perps.desk.venue.funding(perps.owner, BTC, later) == []


async def test_spot_pays_no_funding(spot: Live) -> None:
    start = (await spot.intent("one")).created_at
    assert await spot.desk.venue.funding(spot.owner, BTC, start) == ()


async def test_a_long_history_comes_whole(either: Live) -> None:
    """More than one page of it."""
    entry = await either.entry("entry", leverage=10, quantity=D("0.16"))
    either.engine.slicing.parts = 510
    if "usdm" in either.market.name:  # its steps are larger
        entry = await either.entry("larger", leverage=10, quantity=D("0.6"))
    await either.submit(entry)
    either.engine.settle(600)
    history = await either.desk.venue.fills(either.owner, BTC, entry.created_at)
    assert len(history) == len(either.fills) > 500
    assert {one.fill.client_id for one in history} == {entry.client_id}
    assert len({one.fill.trade_id for one in history}) == len(history)
    found = await either.broker.lookup(entry)
    assert found is not None
    assert (found.state, len(found.fills)) == (OrderState.FILLED, len(history))


async def test_somebody_elses_order_is_cancelled_as_it_was_listed(either: Live) -> None:
    kind = Kind.PERPETUAL if "usdm" in either.market.name else Kind.SPOT
    apart = kind is Kind.PERPETUAL
    either.engine.place(
        either.key,
        Ask(
            kind,
            "BTCUSDT",
            Way.SELL,
            OrderType.STOP,
            D("0.01"),
            trigger=D(58_000),
            client_id="by hand",
            algo=apart,
        ),
    )
    (order,) = (await either.desk.venue.state(either.owner)).orders
    assert not order.ours
    await either.desk.venue.cancel_foreign(either.owner, order)
    assert either.open == []
    await either.desk.venue.cancel_foreign(either.owner, order)  # it is gone already


async def test_what_was_traded_takes_no_question_for_each_order(either: Live) -> None:
    """Whose the trades were may take one."""
    kind = Kind.PERPETUAL if "usdm" in either.market.name else Kind.SPOT
    begin = (await either.desk.venue.state(either.owner)).asked
    for number, way in enumerate((Way.BUY, Way.SELL, Way.BUY)):
        ask = Ask(kind, "BTCUSDT", way, OrderType.MARKET, D("0.02"), client_id=f"hand {number}")
        either.engine.place(either.key, ask)
    before = len(either.asked)
    found = await either.desk.venue.traded(either.owner, BTC, begin)
    assert len(either.asked) == before + 1
    told = await either.desk.venue.fills(either.owner, BTC, begin)
    assert [one.trade_id for one in found] == [one.fill.trade_id for one in told]
    assert [one.side for one in found] == [OrderSide.BUY, OrderSide.SELL, OrderSide.BUY]


async def test_an_account_that_can_not_be_seen_is_away(either: Live) -> None:
    either.server.faults.lose(taken=True, on=frozenset(Op), times=None)
    with pytest.raises(BrokerAway):
        await either.desk.venue.state(either.owner)


async def test_no_session_goes_on_for_who_is_not_connected_any_more(spot: Live) -> None:
    await spot.desk.venue.state(spot.owner)
    await spot.desk.following.round()
    assert spot.desk.sessions.owners == (spot.owner,)
    await spot.memory.connections.disconnect(spot.owner)
    await spot.desk.following.round()
    assert not spot.desk.sessions.owners


async def test_nobody_without_a_key_is_asked_for(spot: Live) -> None:
    await spot.memory.connections.disconnect(spot.owner)
    with pytest.raises(KeyRefused, match="/connect"):
        await spot.desk.venue.state(spot.owner)


async def test_an_idle_session_is_closed_and_opened_when_needed(spot: Live) -> None:
    await spot.desk.venue.state(spot.owner)
    await spot.desk.sessions.close_idle(0, frozenset({spot.owner}))
    assert spot.desk.sessions.owners == (spot.owner,)
    await spot.desk.sessions.close_idle(-1, frozenset())
    assert not spot.desk.sessions.owners
    await spot.desk.venue.state(spot.owner)


# --- keys -----------------------------------------------------------------------------------------


async def test_a_key_is_told_by_what_it_may(either: Live) -> None:
    account = either.engine.account(either.key)
    account.restricted, account.withdraws = False, True
    report = await either.desk.key_check.check("binance", credentials(either))
    assert (report.reads, report.trades, report.withdraws) == (True, True, True)
    assert (report.restricted, report.hedged) == (False, False)
    assert (report.quote, report.free) == ("USDT", D(10_000))


async def test_a_key_that_may_not_trade_says_so(spot: Live) -> None:
    spot.engine.account(spot.key).trades_spot = False
    report = await spot.desk.key_check.check("binance", credentials(spot))
    assert (report.reads, report.trades) == (True, False)


async def test_hedge_mode_is_seen(perps: Live) -> None:
    perps.engine.set_hedged(perps.key, hedged=True)
    report = await perps.desk.key_check.check("binanceusdm", credentials(perps))
    assert report.hedged


@pytest.mark.parametrize("wrong", ["key", "secret"])
async def test_a_wrong_key_is_refused(either: Live, wrong: str) -> None:
    real = credentials(either)
    made = Credentials("no" + real.key, real.secret)
    if wrong == "secret":
        made = Credentials(real.key, "no" + real.secret)
    with pytest.raises(KeyRefused, match="does not take this key"):
        await either.desk.key_check.check("binance", made)


async def test_names_of_the_house_are_known(spot: Live, perps: Live) -> None:
    assert spot.desk.key_check.known("Binance") == "binance"
    assert perps.desk.key_check.known("binance") == "binanceusdm"
    assert perps.desk.key_check.known("Binance USD-M".replace("USD-M", "usdm")) == "binanceusdm"
    with pytest.raises(AskUser, match="trades at binance"):
        spot.desk.key_check.known("kraken")
    assert not spot.desk.key_check.needs_password("binance")


async def test_a_played_market_has_nothing_to_connect_to() -> None:
    with pytest.raises(AskUser, match="PARLEY_MARKET"):
        NoKeyCheck().known("binance")


# --- secrets ------------------------------------------------------------------------------------


async def test_keys_and_signatures_appear_nowhere(
    either: Live, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    real, texts = credentials(either), []
    session = await either.desk.sessions.of(either.owner)
    texts += [repr(session), str(session), repr(session.exchange), repr(either.desk)]
    entry = await either.entry("entry")
    await either.submit(entry)
    faults = either.server.faults
    harms = (
        lambda: faults.lose(taken=True, on=frozenset(Op)),
        lambda: faults.unknown(taken=False, on=frozenset(Op)),
        lambda: faults.skew(-3_600_000),
        lambda: setattr(either.engine.account(either.key), "secret", "changed"),
    )
    for number, harm in enumerate(harms):
        harm()
        for work in (
            either.submit(await either.intent(f"another {number}", proposal_id=1)),
            either.broker.lookup(entry),
            either.desk.venue.state(either.owner),
        ):
            try:
                await work
            except ParleyError as fault:
                texts += everything(fault)
    ours = [
        record for record in caplog.records if record.name != "aiohttp.access"
    ]  # the exchange's
    texts += [record.getMessage() + str(vars(record)) for record in ours]
    whole = "\n".join(texts)
    assert len(texts) > 10
    for secret in (real.key, real.secret, "signature=", "X-MBX-APIKEY"):
        assert secret not in whole


def everything(fault: BaseException) -> list[str]:
    """What a traceback or a dump could show of it, causes and contexts included."""
    texts = ["".join(traceback.format_exception(fault, chain=True))]
    seen: BaseException | None = fault
    while seen is not None:
        texts.append(repr(seen) + str(vars(seen)))
        seen = seen.__cause__ or seen.__context__
    return texts
