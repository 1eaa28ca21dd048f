"""Book and exchange compared through the real ccxt: what is done there by hand is found, taken
over with a stop that rests there, closed there, and booked."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest
import pytest_asyncio

from agents.domain.order import OrderKind, OrderSide
from agents.domain.position import PositionState
from agents.domain.strategy import Mode
from agents.domain.venue import FindingKind
from agents.execution.desk import Desk, open_desk
from agents.execution.venues.receipts import Receipt
from agents.execution.venues.truth import Truth
from bot.connectors.clocks import RealClock
from tests.support.live_connector import ETH, Ground, Live, live
from tests.support.venue.records import Ask, Kind, OrderType, Side

D = Decimal
pytestmark = pytest.mark.asyncio(loop_scope="module")


def is_spot(one: Live) -> bool:
    return one.market.name == "binance"


@pytest_asyncio.fixture(params=["spot", "perps", "bybit perps"], loop_scope="module")
async def either(
    request: pytest.FixtureRequest, spot_ground: Ground, perps_ground: Ground, bybit_perps: Ground
) -> AsyncIterator[Live]:
    """Where stops rest."""
    grounds = {"spot": spot_ground, "perps": perps_ground, "bybit perps": bybit_perps}
    async with live(grounds[request.param]) as one:
        yield one


async def opened(one: Live) -> tuple[Desk, Truth]:
    """A desk on the account, which was connected just now."""
    clock = RealClock()
    own = {"BTC": D("0.5"), "BNB": D(1)} if is_spot(one) else {}
    connection = replace(await one.connection(), baseline=own, connected_at=clock.now())
    await one.memory.connections.connect(connection)
    desk = open_desk(one.memory, one.market, clock, {Mode.LIVE: one.broker}, venue=one.desk.venue)
    await desk.wake()
    assert desk.truth is not None
    return desk, desk.truth


async def settle(desk: Desk) -> None:
    for _ in range(3):
        await desk.guards.idle()
        await desk.orders.idle()


def by_hand(one: Live, side: Side, quantity: str, price: int | None = None) -> None:
    kind = Kind.SPOT if is_spot(one) else Kind.PERPETUAL
    order = OrderType.LIMIT if price else OrderType.MARKET
    one.engine.place(
        one.key,
        Ask(kind, "ETHUSDT", side, order, D(quantity), D(price) if price else None),
    )


async def look(one: Live, truth: Truth) -> Receipt:
    """Twice: an execution a moment ago may still be on its way."""
    await truth.reconciliation.look(one.owner)
    receipt = await truth.reconciliation.look(one.owner)
    assert receipt is not None
    return receipt


async def test_all_matches(either: Live) -> None:
    _, truth = await opened(either)
    receipt = await look(either, truth)
    assert receipt.findings == ()
    assert truth.funds.free(either.owner) == 10_000


async def test_by_hand_there_taken_over_closed_and_booked_here(either: Live) -> None:
    desk, truth = await opened(either)
    by_hand(either, Side.BUY, "2")
    by_hand(either, Side.BUY, "1", price=2_000)
    found = {one.kind: one for one in (await look(either, truth)).findings}
    held = found[FindingKind.HOLDING if is_spot(either) else FindingKind.POSITION]
    size = D("1.998") if is_spot(either) else D(2)  # there the fee was taken in the coin
    assert (held.symbol, held.side, held.quantity) == (ETH, "long", size)
    order = found[FindingKind.ORDER]
    assert (order.side, order.quantity, order.price) == ("buy", D(1), D(2_000))

    position, _ = await truth.adopting.adopt(either.owner, held.id, held.version, D(2_850))
    await truth.adopting.cancel_order(either.owner, order.id, order.version)
    await settle(desk)
    receipt = await look(either, truth)
    assert receipt.matches
    assert (receipt.positions, receipt.stops) == (1, 1)
    [stop] = receipt.state.orders
    assert (stop.kind, stop.side, stop.price) == (OrderKind.STOP, OrderSide.SELL, D(2_850))
    assert stop.ours
    assert len(either.open) == 1

    kind = Kind.SPOT if is_spot(either) else Kind.PERPETUAL
    for algo in (False, True):  # on spot it locks the coins
        either.engine.cancel_all(either.key, kind, "ETHUSDT", algo=algo)
    by_hand(either, Side.SELL, str(size))
    found = {one.kind: one for one in (await look(either, truth)).findings}
    missing = found[FindingKind.MISSING]
    assert missing.position_id == position.id
    assert (await either.connection()).state == "paused"
    trade = either.fills[-1]
    closure = await truth.writing_off.book(either.owner, missing.id, missing.version)
    assert closure.traded == closure.quantity == missing.quantity
    await settle(desk)
    after = await either.memory.positions.by_id(position.id)
    assert (after.state, after.exit_price) == (PositionState.CLOSED, trade.price)
    assert (await look(either, truth)).matches
    assert (await either.connection()).state == "ready"
    assert either.open == []


async def test_adopt_and_close_in_one(either: Live) -> None:
    desk, truth = await opened(either)
    by_hand(either, Side.BUY, "2")
    [held] = (await look(either, truth)).findings
    await truth.adopting.close(either.owner, held.id, held.version)
    await settle(desk)
    assert (await look(either, truth)).matches
    [position] = await either.memory.positions.of(either.owner)
    assert position.state is PositionState.CLOSED
    assert either.open == []
