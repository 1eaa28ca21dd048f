"""What the rows of Kraken and OKX say, held against the requests that ccxt builds and against what
it reads in the answers that these exchanges document."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.errors import BrokerBusy, KeyRefused, OrderRejected, OrderUnknown
from agents.domain.order import OrderIntent, OrderKind, OrderPurpose, OrderSide, OrderState
from agents.domain.strategy import Mode
from agents.domain.venue import GuardStyle
from bot.connectors.backoff import Backoff
from bot.connectors.ccxt_live import LiveBroker
from bot.connectors.ccxt_live_keys import rights_of
from bot.connectors.ccxt_live_lookup import Lookup
from bot.connectors.ccxt_live_pace import Pace
from bot.connectors.ccxt_live_session import Session
from bot.connectors.ccxt_live_stream import LivePatience, UserStream
from bot.connectors.ccxt_live_venue import LiveVenue
from tests.support.clock import START, ManualClock
from tests.support.memory import InMemory
from tests.support.played_ccxt import Wire, played
from tests.support.stored import PLAN, a_proposal, a_strategy

D = Decimal


class One:
    """Sessions of one account, and a market without prices."""

    held = 0.0

    def __init__(self, session: Session) -> None:
        self.session, self.dialect = session, session.dialect

    async def of(self, owner_id: int) -> Session:
        return self.session

    def last(self, symbol: str) -> None: ...


@dataclass
class Desk:
    wire: Wire
    session: Session
    broker: LiveBroker
    venue: LiveVenue
    memory: InMemory

    @property
    def instrument(self) -> Any:
        return self.session.listing.universe.instruments[0]


def a_desk(wire: Wire, session: Session) -> Desk:
    async def at_once(seconds: float) -> None: ...

    sessions: Any = One(session)
    memory, clock = InMemory(), ManualClock()
    lookup = Lookup(sessions, memory.orders, clock, pause=at_once)
    broker = LiveBroker(sessions, sessions, memory, lookup, pause=at_once)
    venue = LiveVenue(sessions, sessions, lookup, clock)
    return Desk(wire, session, broker, venue, memory)


def an_intent(symbol: str, **changes: Any) -> OrderIntent:
    wanted = OrderIntent(
        key="entry:proposal:1",
        owner_id=1,
        strategy_id=1,
        account_id=1,
        symbol=symbol,
        mode=Mode.LIVE,
        purpose=OrderPurpose.ENTRY,
        side=OrderSide.BUY,
        quantity=D("0.01"),
        created_at=START,
    )
    return replace(wanted, **changes)


def a_stop(symbol: str) -> OrderIntent:
    return an_intent(
        symbol,
        key="stop:position:1",
        purpose=OrderPurpose.STOP,
        side=OrderSide.SELL,
        kind=OrderKind.STOP,
        price=D("59000"),
    )


# --- Kraken -------------------------------------------------------------------------------------


USD = "BTC/USD"
KRAKEN = {
    "id": "XXBTZUSD",
    "altname": "XBTUSD",
    "symbol": USD,
    "base": "BTC",
    "quote": "USD",
    "baseId": "XXBT",
    "quoteId": "ZUSD",
    "type": "spot",
    "spot": True,
    "active": True,
    "precision": {"amount": 0.00000001, "price": 0.1},
    "limits": {"amount": {"min": 0.00005}, "cost": {"min": 0.5}},
}
KRAKENS = ("pair", "type", "ordertype", "volume", "oflags", "cl_ord_id")
ORDER, TRADE = "OEKVV2-IH52O-TPL6GZ", "TZX2WP-XSEOP-FP7WYR"
AT = START.timestamp()


def kraken_name(intent: OrderIntent) -> str:
    return f"706c{intent.client_id[2:]}000000"


def kraken_order(intent: OrderIntent, **changes: Any) -> dict[str, Any]:
    market = intent.kind is OrderKind.MARKET
    described = {
        "pair": "XBTUSD",
        "type": intent.side.value,
        "ordertype": "market" if market else "stop-loss",
        "price": "0" if market else "59000.0",
        "price2": "0",
    }
    return {
        "refid": None,
        "userref": None,
        "cl_ord_id": kraken_name(intent),
        "status": "closed",
        "opentm": AT,
        "descr": described,
        "vol": "0.01000000",
        "vol_exec": "0.01000000",
        "cost": "600.00",
        "fee": "1.56",
        "price": "60000.0",
        "stopprice": "0.00000",
        "limitprice": "0.00000",
        "misc": "",
        "oflags": "fciq",
        "trades": [TRADE],
        **changes,
    }


def kraken_trade(order: str = ORDER, **changes: Any) -> dict[str, Any]:
    return {
        "ordertxid": order,
        "postxid": "",
        "pair": "XXBTZUSD",
        "time": AT,
        "type": "buy",
        "ordertype": "market",
        "price": "60000.0",
        "cost": "600.00",
        "fee": "1.56",
        "vol": "0.01000000",
        "margin": "0.0",
        "misc": "",
        **changes,
    }


def kraken_says(result: Any) -> dict[str, Any]:
    return {"error": [], "result": result}


def refused(*words: str) -> dict[str, Any]:
    return {"error": list(words)}


def kraken_took(said: str) -> dict[str, Any]:
    return kraken_says({"descr": {"order": said}, "txid": [ORDER]})


@pytest.fixture
async def kraken() -> AsyncIterator[Desk]:
    wire = Wire()
    wire.says("Time", kraken_says({"unixtime": int(AT)}))
    wire.says("AddOrder", kraken_took("buy 0.01000000 XBTUSD @ market"))
    async with played("kraken", wire, [KRAKEN]) as session:
        # as Exchange.set_markets_from_exchange copies it
        session.exchange.options["marketsByAltname"] = {"XBTUSD": session.exchange.markets[USD]}
        yield a_desk(wire, session)


async def test_kraken_takes_a_market_order_under_our_name(kraken: Desk) -> None:
    intent = an_intent(USD)
    kraken.wire.says("QueryOrders", kraken_says({ORDER: kraken_order(intent)}))
    kraken.wire.says("TradesHistory", kraken_says({"trades": {TRADE: kraken_trade()}, "count": 1}))
    answer = await kraken.broker.submit(intent, kraken.instrument)
    (asked,) = kraken.wire.of("AddOrder")
    assert {name: asked[name] for name in KRAKENS} == {
        "pair": "XXBTZUSD",
        "type": "buy",
        "ordertype": "market",
        "volume": "0.01",
        "oflags": "fciq",
        "cl_ord_id": kraken_name(intent),
    }
    (fill,) = answer.fills
    assert (answer.state, answer.filled, answer.venue_id) == (OrderState.FILLED, D("0.01"), ORDER)
    assert (fill.trade_id, fill.price, fill.quantity) == (TRADE, D("60000.0"), D("0.01"))
    assert (fill.fee, fill.fee_currency, fill.client_id) == (D("1.56"), "USD", intent.client_id)


async def test_kraken_names_trades_before_it_tells_them(kraken: Desk) -> None:
    """Its orders list the names of their trades alone: those are no fills."""
    intent = an_intent(USD)
    kraken.wire.says("QueryOrders", kraken_says({ORDER: kraken_order(intent)}))
    kraken.wire.says("TradesHistory", refused("EAPI:Rate limit exceeded"))
    answer = await kraken.broker.submit(intent, kraken.instrument)
    assert (answer.state, answer.filled, answer.fills) == (OrderState.OPEN, D("0.01"), ())


async def test_krakens_stop_rests_there(kraken: Desk) -> None:
    intent = a_stop(USD)
    assert kraken.broker.style(kraken.instrument) is GuardStyle.STOP
    waiting = kraken_order(intent, status="open", vol_exec="0.00000000", trades=[])
    kraken.wire.says("QueryOrders", kraken_says({ORDER: waiting}))
    kraken.wire.says("AddOrder", kraken_took("sell 0.01000000 XBTUSD @ stop loss 59000.0"))
    (answer,) = await kraken.broker.rest([intent], kraken.instrument)
    (asked,) = kraken.wire.of("AddOrder")
    assert (asked["ordertype"], asked["price"], asked["type"]) == ("stop-loss", "59000", "sell")
    assert "price2" not in asked
    assert (answer.state, answer.venue_id) == (OrderState.OPEN, ORDER)


async def test_kraken_lists_an_open_stop_as_one(kraken: Desk) -> None:
    intent = a_stop(USD)
    waiting = kraken_order(intent, status="open", vol_exec="0.00000000", trades=[])
    kraken.wire.says("OpenOrders", kraken_says({"open": {ORDER: waiting}}))
    kraken.wire.says("BalanceEx", kraken_says({"ZUSD": {"balance": "10.5", "hold_trade": "0"}}))
    state = await kraken.venue.state(1)
    (order,) = state.orders
    assert (order.kind, order.price, order.ours) == (OrderKind.STOP, D("59000.0"), True)
    assert (order.client_id, order.symbol) == (intent.client_id, USD)
    assert (state.quote, state.equity) == ("USD", D("10.5"))


async def test_a_lost_order_is_searched_at_kraken_by_our_name(kraken: Desk) -> None:
    intent = an_intent(USD)
    kraken.wire.says("OpenOrders", kraken_says({"open": {}}))
    kraken.wire.says("ClosedOrders", kraken_says({"closed": {}, "count": 0}))
    assert await kraken.broker.lookup(intent) is None
    named = {"cl_ord_id": kraken_name(intent)}
    for path in ("OpenOrders", "ClosedOrders"):
        (asked,) = kraken.wire.of(path)
        assert named.items() <= asked.items()
    done = {"closed": {ORDER: kraken_order(intent, trades=[])}, "count": 1}
    kraken.wire.says("ClosedOrders", kraken_says(done))
    kraken.wire.says("TradesHistory", kraken_says({"trades": {TRADE: kraken_trade()}, "count": 1}))
    found = await kraken.broker.lookup(intent)
    assert found is not None and (found.state, len(found.fills)) == (OrderState.FILLED, 1)


async def test_krakens_orders_are_cancelled_by_its_name(kraken: Desk) -> None:
    intent = replace(a_stop(USD), venue_id=ORDER)
    ended = kraken_order(intent, status="canceled", vol_exec="0.00000000", trades=[])
    kraken.wire.says("CancelOrder", kraken_says({"count": 1}))
    kraken.wire.says("QueryOrders", kraken_says({ORDER: ended}))
    answer = await kraken.broker.cancel(intent)
    assert answer is not None and answer.state is OrderState.CANCELLED
    assert [one["txid"] for one in kraken.wire.of("CancelOrder")] == [ORDER]
    kraken.wire.says("CancelOrder", refused("EOrder:Unknown order"))
    again = await kraken.broker.cancel(intent)
    assert again is not None and again.state is OrderState.CANCELLED


async def test_krakens_history_is_read_to_its_end(kraken: Desk) -> None:
    trades = {f"T{n}": kraken_trade(f"O{n}", time=AT + n) for n in range(120)}
    names = list(reversed(trades))
    pages = [{name: trades[name] for name in names[at : at + 50]} for at in (0, 50, 100)]
    kraken.wire.says("TradesHistory", *(kraken_says({"trades": one}) for one in pages))
    kraken.wire.says("QueryOrders", kraken_says({}))
    fills = await kraken.venue.fills(1, USD, START)
    assert [one.fill.trade_id for one in fills] == list(trades)
    assert [one.get("ofs") for one in kraken.wire.of("TradesHistory")] == ["0", "50", "100"]


async def test_kraken_is_followed_by_looking_alone(kraken: Desk) -> None:
    """What ccxt makes of its stream can't be told apart: one news of several says for all of them
    whether they are trades, and the others are read as trades of nothing."""

    async def hear(session: Session, one: Any) -> None: ...

    quiet = UserStream(
        kraken.session, LivePatience(), Backoff, trade=hear, order=hear, back=lambda session: None
    )
    assert quiet._tasks == []
    exchange = kraken.session.exchange
    executed = {"order_id": ORDER, "symbol": USD, "side": "buy"}
    trade = {"exec_id": TRADE, "exec_type": "trade", "last_qty": 0.01, "last_price": 60_000}
    news = [executed | trade, executed | {"exec_type": "filled", "order_status": "filled"}]
    exchange.handle_message(exchange.client("wss://x"), {"channel": "executions", "data": news})
    assert [one["amount"] for one in exchange.myTrades] == [0.01, None]


async def test_a_clock_that_is_ahead_hides_nothing(kraken: Desk) -> None:
    """What happened just now is, for an exchange whose clock is behind, long ago."""
    kraken.session.exchange.options["timeDifference"] = 600_000
    early = kraken_trade("O1", time=AT - 590)
    kraken.wire.says("TradesHistory", kraken_says({"trades": {"T1": early}}))
    kraken.wire.says("QueryOrders", kraken_says({}))
    fills = await kraken.venue.fills(1, USD, START)
    assert [one.fill.trade_id for one in fills] == ["T1"]
    (asked,) = kraken.wire.of("TradesHistory")
    assert int(asked["start"]) == int(AT) - 600


async def test_a_market_that_is_gone_has_no_history(kraken: Desk) -> None:
    assert await kraken.venue.fills(1, "GONE/USD", START) == ()
    assert await kraken.venue.funding(1, "GONE/USD", START) == ()


async def test_krakens_requests_come_in_the_order_of_their_numbers(kraken: Desk) -> None:
    kraken.wire.says("OpenOrders", kraken_says({"open": {}}))
    await asyncio.gather(*(kraken.session.ask("fetch_open_orders") for _ in range(20)))
    numbers = [int(one["nonce"]) for one in kraken.wire.of("OpenOrders")]
    assert numbers == sorted(set(numbers))
    assert kraken.wire.most == 1


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("EOrder:Insufficient funds", OrderRejected),
        ("EOrder:Order minimum not met", OrderRejected),
        ("EOrder:Rate limit exceeded", BrokerBusy),
        ("EGeneral:Temporary lockout", BrokerBusy),
        ("EGeneral:Permission denied", KeyRefused),
        ("EAPI:Invalid key", KeyRefused),
        ("EService:Timeout", OrderUnknown),
        ("EGeneral:Internal error", OrderUnknown),
        ("ETrade:User Locked", OrderRejected),
    ],
)
async def test_what_kraken_says_of_an_order(kraken: Desk, words: str, kind: type) -> None:
    kraken.wire.says("AddOrder", refused(words))
    with pytest.raises(kind):
        await kraken.broker.submit(an_intent(USD), kraken.instrument)
    assert len(kraken.wire.of("AddOrder")) == 1


@pytest.mark.parametrize(
    ("answer", "withdraws"),
    [
        (refused("EGeneral:Permission denied"), False),
        (kraken_says([]), True),
        (refused("EGeneral:Invalid arguments"), True),
    ],
    ids=["may not", "may", "may, and asks for more"],
)
async def test_kraken_is_asked_whether_a_key_may_withdraw(
    kraken: Desk, answer: Any, withdraws: bool
) -> None:
    kraken.wire.says("WithdrawMethods", answer)
    assert (await rights_of(kraken.session)).withdraws is withdraws


async def test_a_fault_of_krakens_does_not_clear_a_key(kraken: Desk) -> None:
    kraken.wire.says("WithdrawMethods", refused("EAPI:Invalid key"))
    with pytest.raises(KeyRefused):
        await rights_of(kraken.session)


# --- OKX ----------------------------------------------------------------------------------------


PERPETUAL, COIN = "BTC/USDT", "ETH/USDT"
OKX = [
    {
        "id": "BTC-USDT-SWAP",
        "symbol": "BTC/USDT:USDT",
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "type": "swap",
        "spot": False,
        "swap": True,
        "contract": True,
        "linear": True,
        "inverse": False,
        "active": True,
        "contractSize": 0.01,
        "precision": {"amount": 0.01, "price": 0.1},
        "limits": {"amount": {"min": 0.01}, "leverage": {"max": 100}},
    },
    {
        "id": "ETH-USDT",
        "symbol": COIN,
        "base": "ETH",
        "quote": "USDT",
        "type": "spot",
        "spot": True,
        "active": True,
        "precision": {"amount": 0.000001, "price": 0.01},
        "limits": {"amount": {"min": 0.001}},
    },
]


def okx_says(*data: Any, code: str = "0") -> dict[str, Any]:
    return {"code": code, "msg": "", "data": list(data)}


def okx_order(intent: OrderIntent, instrument: str, size: str) -> dict[str, Any]:
    return {
        "instType": "SWAP" if "SWAP" in instrument else "SPOT",
        "instId": instrument,
        "ordId": "7",
        "clOrdId": intent.client_id,
        "state": "filled",
        "ordType": "market",
        "side": intent.side.value,
        "sz": size,
        "accFillSz": size,
        "avgPx": "60000",
        "px": "",
        "fillSz": size,
        "tradeId": "9",
        "cTime": str(int(AT * 1000)),
        "uTime": str(int(AT * 1000)),
    }


def okx_trade(instrument: str, size: str) -> dict[str, Any]:
    return {
        "instType": "SWAP" if "SWAP" in instrument else "SPOT",
        "instId": instrument,
        "tradeId": "9",
        "ordId": "7",
        "fillPx": "60000",
        "fillSz": size,
        "side": "buy",
        "fee": "-0.3",
        "feeCcy": "USDT",
        "ts": str(int(AT * 1000)),
    }


@pytest.fixture
async def okx() -> AsyncIterator[Desk]:
    wire = Wire()
    taken = {"sCode": "0", "ordId": "7", "clOrdId": "", "sMsg": ""}
    wire.says("batch-orders", okx_says(taken))
    wire.says("config", okx_says({"posMode": "net_mode", "perm": "read_only,trade", "ip": ""}))
    wire.says("set-leverage", okx_says({}))
    wire.says("time", okx_says({"ts": str(int(AT * 1000))}))
    async with played("okx", wire, OKX) as session:
        yield a_desk(wire, session)


def one_of(desk: Desk, symbol: str) -> Any:
    return desk.session.listing.universe.by_symbol[symbol]


async def test_okx_holds_perpetuals_with_a_margin_of_their_own(okx: Desk) -> None:
    """There each order says so; by itself ccxt writes that all the account stands for it."""
    strategy = await a_strategy(okx.memory, 1)
    proposal = await a_proposal(okx.memory, strategy, plan=replace(PLAN, leverage=3))
    intent = an_intent(PERPETUAL, proposal_id=proposal.id)
    okx.wire.says("order", okx_says(okx_order(intent, "BTC-USDT-SWAP", "1")))
    okx.wire.says("fills-history", okx_says(okx_trade("BTC-USDT-SWAP", "1")), okx_says())
    answer = await okx.broker.submit(intent, one_of(okx, PERPETUAL))
    (asked,) = okx.wire.of("batch-orders")
    assert (asked["tdMode"], asked["sz"], asked["ordType"]) == ("isolated", "1", "market")
    assert asked["clOrdId"] == intent.client_id
    levers = okx.wire.of("set-leverage")
    assert {(str(one["lever"]), one["mgnMode"]) for one in levers} == {("3", "isolated")}
    assert (answer.state, answer.filled) == (OrderState.FILLED, D("0.01"))
    (fill,) = answer.fills
    assert (fill.quantity, fill.fee, fill.fee_currency) == (D("0.01"), D("0.3"), "USDT")


async def test_an_exit_of_a_perpetual_at_okx_only_reduces(okx: Desk) -> None:
    intent = an_intent(PERPETUAL, purpose=OrderPurpose.CLOSE, side=OrderSide.SELL)
    okx.wire.says("order", okx_says(okx_order(intent, "BTC-USDT-SWAP", "1")))
    okx.wire.says("fills-history", okx_says(okx_trade("BTC-USDT-SWAP", "1")), okx_says())
    await okx.broker.submit(intent, one_of(okx, PERPETUAL))
    (asked,) = okx.wire.of("batch-orders")
    assert (asked["reduceOnly"], asked["tdMode"]) == (True, "isolated")


async def test_okx_buys_coins_for_their_amount(okx: Desk) -> None:
    intent = an_intent(COIN)
    okx.wire.says("order", okx_says(okx_order(intent, "ETH-USDT", "0.01")))
    okx.wire.says("fills-history", okx_says(okx_trade("ETH-USDT", "0.01")), okx_says())
    await okx.broker.submit(intent, one_of(okx, COIN))
    (asked,) = okx.wire.of("batch-orders")
    assert (asked["tdMode"], asked["tgtCcy"], asked["sz"]) == ("cash", "base_ccy", "0.01")


async def test_okx_is_asked_for_an_order_by_our_name(okx: Desk) -> None:
    intent = an_intent(COIN)
    okx.wire.says("order", okx_says(code="51603"))
    assert await okx.broker.lookup(intent) is None
    (asked,) = okx.wire.of("order")
    assert asked["clOrdId"] == intent.client_id and "ordId" not in asked


async def test_hedge_mode_at_okx_is_refused_by_name(okx: Desk) -> None:
    okx.wire.says("config", okx_says({"posMode": "long_short_mode"}))
    strategy = await a_strategy(okx.memory, 1)
    proposal = await a_proposal(okx.memory, strategy)
    with pytest.raises(OrderRejected, match="hedge mode"):
        intent = an_intent(PERPETUAL, proposal_id=proposal.id)
        await okx.broker.submit(intent, one_of(okx, PERPETUAL))
    assert okx.wire.of("batch-orders") == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("51008", OrderRejected),
        ("51020", OrderRejected),
        ("50011", BrokerBusy),
        ("50061", BrokerBusy),
        ("50004", OrderUnknown),
        ("50027", OrderRejected),
        ("50105", KeyRefused),
    ],
)
async def test_what_okx_says_of_an_order(okx: Desk, code: str, kind: type) -> None:
    refusal = {"sCode": code, "sMsg": "words", "ordId": "", "clOrdId": ""}
    for said in (okx_says(refusal, code="1"), okx_says(code=code)):
        okx.wire.says("batch-orders", said)
        with pytest.raises(kind):
            await okx.broker.submit(an_intent(COIN), one_of(okx, COIN))
        okx.session.own = Pace()
    assert len(okx.wire.of("batch-orders")) == 2


@pytest.mark.parametrize(
    ("said", "rights"),
    [
        ({"perm": "read_only,trade", "ip": "1.2.3.4"}, (True, False, True)),
        ({"perm": "read_only,withdraw,trade", "ip": ""}, (True, True, False)),
        ({"perm": "read_only", "ip": ""}, (False, False, False)),
        ({}, (True, None, None)),
    ],
    ids=["good", "withdraws", "reads", "untold"],
)
async def test_okx_tells_what_a_key_may_do(okx: Desk, said: Any, rights: Any) -> None:
    okx.wire.says("config", okx_says(said))
    found = await rights_of(okx.session)
    assert (found.trades, found.withdraws, found.restricted) == rights


# --- Bybit --------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", ["FiatP2P", "FiatBybitPay", "FiatBitPay", "FiatGlobalPay"])
async def test_a_key_that_may_pay_others_is_refused(right: str) -> None:
    """By those rights coins leave an account without a withdrawal."""
    wire, rights = Wire(), {"Spot": ["SpotTrade"], "Wallet": ["AccountTransfer"]}
    async with played("bybit", wire, [OKX[1]]) as session:
        wire.says("query-api", {"retCode": 0, "result": {"uta": 1, "permissions": rights}})
        assert (await rights_of(session)).withdraws is False
        paying = {**rights, right: ["Order"]}
        wire.says("query-api", {"retCode": 0, "result": {"uta": 1, "permissions": paying}})
        with pytest.raises(KeyRefused, match="pay others"):
            await rights_of(session)


@pytest.mark.parametrize(
    ("rights", "trades"),
    [
        ({"ContractTrade": ["Order", "Position"]}, True),
        ({"ContractTrade": ["Order"]}, False),
        ({"ContractTrade": ["Position"]}, False),
        ({"Derivatives": ["DerivativesTrade"]}, True),
        ({"Spot": ["SpotTrade"]}, False),
    ],
    ids=["all", "no leverage", "no orders", "derivatives", "spot"],
)
async def test_perpetuals_at_bybit_need_orders_and_leverage(rights: Any, trades: bool) -> None:
    """A key without either would be refused at the first entry, and everything with it."""
    wire = Wire()
    wire.says("query-api", {"retCode": 0, "result": {"uta": 1, "permissions": rights}})
    async with played("bybitlinear", wire, [OKX[0]]) as session:
        assert (await rights_of(session)).trades is trades
