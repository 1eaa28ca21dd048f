"""News of accounts at Bybit: by stream, by looking, by both."""

from decimal import Decimal

import pytest

from agents.domain.order import OrderIntent, OrderState
from tests.support.live_bybit import found, kind
from tests.support.live_connector import BTC, STILL, Ground, Live, live
from tests.support.markets import eventually
from tests.support.venue import by_hand
from tests.support.venue.bybit_shapes import trade_name

D = Decimal
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(params=["spot", "perps"])
def on(request: pytest.FixtureRequest, bybit_spot: Ground, bybit_perps: Ground) -> Ground:
    return bybit_spot if request.param == "spot" else bybit_perps


def names(one: Live, intent: OrderIntent) -> set[tuple[str, str]]:
    mine = [fill for fill in one.fills if fill.client_id == intent.client_id]
    return {(intent.client_id, trade_name(fill.id, fill.kind)) for fill in mine}


def told(one: Live) -> list[tuple[str, str]]:
    return [(fill.client_id, fill.trade_id) for fill in one.heard]


async def test_a_stream_alone_brings_fills_and_is_live_before(on: Ground) -> None:
    async with live(on, patience=STILL, following=True) as one:
        target = await followed(one)
        await joined(one)
        one.heard.clear()
        one.engine.slicing.parts = 2
        one.engine.move("BTCUSDT", 61_100)
        one.engine.settle(2)
        await eventually(lambda: len(one.heard) == 2)
        assert set(told(one)) == names(one, target)


async def test_looking_alone_brings_fills(on: Ground) -> None:
    async with live(on, following=True) as one:
        one.server.streams.refusing = True
        target = await followed(one)
        one.engine.move("BTCUSDT", 61_100)
        await eventually(lambda: names(one, target) <= set(told(one)) and bool(one.heard))
        assert not one.desk.following.live(one.owner)


async def test_answer_stream_and_look_name_a_fill_alike(on: Ground) -> None:
    async with live(on, following=True) as one:
        one.server.streams.times = 2
        target = await followed(one)
        await joined(one)
        one.heard.clear()
        one.engine.move("BTCUSDT", 61_100)
        await eventually(lambda: bool(one.heard))
        asked = len(one.asked)
        await eventually(lambda: looks(one, asked) >= 3)
        answer = await found(one, target)
        one.server.streams.times = 1
        assert {(one.client_id, one.trade_id) for one in answer.fills} == set(told(one))
        assert set(told(one)) == names(one, target)


@pytest.mark.parametrize("part", [False, True], ids=["untouched", "after a part"])
async def test_an_order_that_the_exchange_ends_is_told(on: Ground, part: bool) -> None:
    async with live(on, patience=STILL, following=True) as one:
        target = await followed(one)
        await joined(one)
        one.engine.slicing.parts = 2
        if part:
            one.engine.move("BTCUSDT", 61_100)
        one.engine.expel(next(each for each in one.open if each.client_id == target.client_id))
        await eventually(lambda: bool(one.ended))
        (end,) = one.ended
        assert (end.client_id, end.state) == (target.client_id, OrderState.CANCELLED)
        assert end.filled == (D("0.01") if part else 0)


async def followed(one: Live) -> OrderIntent:
    """A target that rests, and whose account is followed."""
    by_hand.buy(one.engine, one.key, BTC, "0.02", kind(one))
    target = await one.target("target", "61000", "0.02")
    await one.rest(target)
    return target


async def joined(one: Live) -> None:
    for topic in ("order", "execution"):
        await one.server.streams.joined(one.key, topic)
    await eventually(lambda: one.desk.following.live(one.owner))


def looks(one: Live, since: int) -> int:
    return sum(each.path.endswith("execution/list") for each in one.asked[since:])
