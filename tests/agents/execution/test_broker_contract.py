"""What every broker does alike, whose money ever it is."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal

import pytest
import pytest_asyncio

from agents.domain.errors import OrderRejected, OrderUnknown
from agents.domain.money import ZERO
from agents.domain.order import Fill, OrderSide, OrderState
from tests.support.brokers import BROKERS, Bench
from tests.support.desk import BTC
from tests.support.live_bench import EXCHANGES, Grounds, at_exchange

D = Decimal
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def grounds() -> AsyncIterator[Grounds]:
    """Exchanges, each opened when it is needed first: it takes a while."""
    async with AsyncExitStack() as stack:
        yield Grounds(stack)


@pytest_asyncio.fixture(params=[*sorted(BROKERS), *EXCHANGES], loop_scope="module")
async def bench(request: pytest.FixtureRequest, grounds: Grounds) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        if request.param in EXCHANGES:
            yield await at_exchange(await grounds.at(request.param), stack)
        else:
            yield BROKERS[request.param]()


def total(fills: Sequence[Fill]) -> Decimal:
    """Of all trades, each counted once."""
    once = {(fill.client_id, fill.trade_id): fill.quantity for fill in fills}
    return sum(once.values(), ZERO)


async def test_an_order_is_taken_and_filled_whole(bench: Bench) -> None:
    order = bench.wanted(side=OrderSide.SELL)
    answer = await bench.broker.submit(order, BTC)
    assert answer.client_id == order.client_id
    assert answer.state in {OrderState.OPEN, OrderState.PART_FILLED, OrderState.FILLED}
    await bench.fill(order)
    known = await bench.broker.lookup(order)
    assert known and (known.state, known.filled) == (OrderState.FILLED, order.quantity)
    heard = [*answer.fills, *bench.fills]
    assert total(heard) == order.quantity
    assert {(fill.client_id, fill.symbol, fill.side) for fill in heard} == {
        (order.client_id, order.symbol, order.side)
    }
    assert all(fill.price > 0 and fill.fee >= 0 and fill.at.tzinfo for fill in heard)
    assert {fill.trade_id for fill in known.fills} <= {fill.trade_id for fill in heard}


async def test_a_used_id_makes_no_second_order(bench: Bench) -> None:
    order = bench.wanted()
    await bench.broker.submit(order, BTC)
    for _ in range(2):
        try:
            again = await bench.broker.submit(order, BTC)
        except (OrderRejected, OrderUnknown):
            continue
        assert again.client_id == order.client_id
    await bench.fill(order)
    assert total(bench.fills) == order.quantity


async def test_what_it_never_saw_it_does_not_know(bench: Bench) -> None:
    order = bench.wanted()
    assert await bench.broker.lookup(order) is None
    assert await bench.broker.cancel(order) is None


async def test_orders_are_kept_apart(bench: Bench) -> None:
    one, other = bench.wanted(), bench.wanted(quantity=D("0.2"))
    await bench.broker.submit(one, BTC)
    await bench.broker.submit(other, BTC)
    await bench.fill(one, other)
    for order in (one, other):
        mine = [fill for fill in bench.fills if fill.client_id == order.client_id]
        assert total(mine) == order.quantity


async def test_a_cancelled_order_is_filled_no_more(bench: Bench) -> None:
    order = bench.wanted()
    await bench.broker.submit(order, BTC)
    answer = await bench.broker.cancel(order)
    assert answer and (answer.state, answer.filled) == (OrderState.CANCELLED, D(0))
    await bench.fill(order)
    assert bench.fills == []
    known = await bench.broker.lookup(order)
    assert known and known.state is OrderState.CANCELLED


async def test_a_filled_order_can_not_be_cancelled(bench: Bench) -> None:
    order = bench.wanted()
    await bench.broker.submit(order, BTC)
    await bench.fill(order)
    answer = await bench.broker.cancel(order)
    assert answer and (answer.state, answer.filled) == (OrderState.FILLED, order.quantity)


async def test_a_part_is_a_part(bench: Bench) -> None:
    if not bench.parts:
        pytest.skip("this broker fills nothing piecemeal")
    order = bench.wanted(parted=True)
    await bench.broker.submit(order, BTC)
    await bench.part(order)
    known = await bench.broker.lookup(order)
    assert known and known.state is OrderState.PART_FILLED
    assert 0 < known.filled == total(bench.fills) < order.quantity
    answer = await bench.broker.cancel(order)
    assert answer and (answer.state, answer.filled) == (OrderState.CANCELLED, known.filled)
    await bench.fill(order)
    assert total(bench.fills) == known.filled


async def test_the_rest_of_a_part_is_another_trade(bench: Bench) -> None:
    if not bench.parts:
        pytest.skip("this broker fills nothing piecemeal")
    order = bench.wanted(parted=True)
    await bench.broker.submit(order, BTC)
    await bench.part(order)
    await bench.fill(order)
    assert len({fill.trade_id for fill in bench.fills}) == 2
    assert total(bench.fills) == order.quantity


async def test_a_fill_is_told_once(bench: Bench) -> None:
    order = bench.wanted()
    answer = await bench.broker.submit(order, BTC)
    await bench.fill(order)
    await bench.fill(order)
    heard = [fill.trade_id for fill in (*answer.fills, *bench.fills)]
    assert len(heard) == len(set(heard))


async def test_a_restart_doubles_and_loses_nothing(bench: Bench) -> None:
    order = bench.wanted()
    await bench.broker.submit(order, BTC)
    again = await bench.restarted(order)
    await again.fill(order)
    known = await again.broker.lookup(order)
    assert known and known.state is OrderState.FILLED
    assert total([*bench.fills, *again.fills]) == order.quantity


async def test_a_restart_goes_on_after_a_part(bench: Bench) -> None:
    if not bench.parts:
        pytest.skip("this broker fills nothing piecemeal")
    order = bench.wanted(parted=True)
    await bench.broker.submit(order, BTC)
    await bench.part(order)
    done = total(bench.fills)
    again = await bench.restarted(replace(order, filled=done, state=OrderState.PART_FILLED))
    await again.fill(order)
    assert total([*bench.fills, *again.fills]) == order.quantity
    known = await again.broker.lookup(order)
    assert known and (known.state, known.filled) == (OrderState.FILLED, order.quantity)


async def test_an_amount_off_the_steps_is_rejected(bench: Bench) -> None:
    if not bench.checks:
        pytest.skip("this broker leaves that to its venue")
    for quantity in ("0.000001", "0", "-1"):
        with pytest.raises(OrderRejected):
            await bench.broker.submit(bench.wanted(quantity=D(quantity)), BTC)
