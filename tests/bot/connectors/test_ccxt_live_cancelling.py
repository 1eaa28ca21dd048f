"""Cancelling where coins are locked: an exit waits for it, so that it asks as little as it can."""

import asyncio
from decimal import Decimal

import pytest

from agents.domain.order import OrderPurpose, OrderState
from tests.support.live_connector import Live

D = Decimal

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_bracket_is_cancelled_by_one_request(spot: Live) -> None:
    pair = [
        await spot.stop("stop", "59000", "0.2", pair="p"),
        await spot.target("target", "61000", "0.2", pair="p"),
    ]
    await spot.rest(*pair)
    before = len(spot.asked)
    answers = [await spot.broker.cancel(one) for one in pair]
    assert [one and (one.client_id, one.state, one.filled) for one in answers] == [
        (one.client_id, OrderState.CANCELLED, D(0)) for one in pair
    ]
    assert [one.method for one in spot.asked[before:]] == ["DELETE"]
    assert spot.open == []


async def test_of_what_had_filled_a_part_the_trades_are_asked_for(spot: Live) -> None:
    spot.engine.slicing.parts = 2
    target = await spot.target("target", "61000", "0.2")
    await spot.rest(target)
    spot.engine.move("BTCUSDT", 61_100)
    answer = await spot.broker.cancel(target)
    assert answer is not None and answer.state is OrderState.CANCELLED
    assert (answer.filled, [one.quantity for one in answer.fills]) == (D("0.1"), [D("0.1")])


async def test_an_exit_does_not_queue_behind_other_requests(spot: Live) -> None:
    """What rested for it is cancelled by then."""
    await spot.submit(await spot.entry("entry"))
    leaving = await spot.exit("leaving")
    assert leaving.purpose not in (OrderPurpose.PANIC, OrderPurpose.STOP)
    pace = spot.desk.sessions.pace
    for _ in range(3):
        await pace.turn(200, urgent=True)  # so much is asked that others have to wait
    others = asyncio.create_task(pace.turn(1, urgent=False))
    answer = await spot.submit(leaving)
    assert answer.state is OrderState.FILLED
    assert not others.done()
    others.cancel()
