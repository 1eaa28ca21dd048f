"""News of accounts: by stream, by looking, by both; breaks, silence, and what is told once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.domain.errors import BrokerAway
from agents.domain.order import BrokerOrder, OrderIntent, OrderState
from tests.support.live_connector import BTC, LOCKED, PATIENCE, STILL, Ground, Live, live
from tests.support.markets import eventually
from tests.support.stored import a_user, connection_of
from tests.support.venue.records import Ask, Kind, OrderType, Side

D = Decimal
OPEN = BrokerOrder("", OrderState.OPEN, D(0))
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(params=["spot", "perps"])
def either_ground(
    request: pytest.FixtureRequest, spot_ground: Ground, perps_ground: Ground
) -> Ground:
    return spot_ground if request.param == "spot" else perps_ground


@asynccontextmanager
async def guarded(on: Ground, *, still: bool = False) -> AsyncIterator[tuple[Live, OrderIntent]]:
    """An account with a position and its stop, followed. When it is `still`, what happens from now
    on comes by the stream or not at all."""
    async with live(on, patience=STILL if still else PATIENCE, following=True) as one:
        await one.submit(await one.entry("entry"))
        stop = await one.stop("stop", "59000")
        await one.rest(stop)
        await eventually(lambda: one.desk.following.live(one.owner))
        yield one, stop


def told(one: Live, intent: OrderIntent) -> list[tuple[str, str]]:
    """What was heard of an order (the fill of an entry before it may be told at any time)."""
    told_of = [fill for fill in one.heard if fill.client_id == intent.client_id]
    return [(fill.client_id, fill.trade_id) for fill in told_of]


def true(one: Live, intent: OrderIntent) -> list[tuple[str, str]]:
    """What the exchange filled of the account's last order, under our name of it."""
    last = one.fills[-1].order_id
    return [(intent.client_id, str(fill.id)) for fill in one.fills if fill.order_id == last]


async def test_a_stream_brings_fills_at_once(either_ground: Ground) -> None:
    async with guarded(either_ground, still=True) as (one, stop):
        one.engine.slicing.parts = 2
        one.engine.move("BTCUSDT", 58_900)
        one.engine.settle(2)
        await eventually(lambda: len(told(one, stop)) == 2)
        assert told(one, stop) == true(one, stop)


async def test_looking_brings_fills_without_a_stream(either_ground: Ground) -> None:
    async with live(either_ground, following=True) as one:
        one.server.streams.refusing = True
        one.server.streams.drop()
        await one.submit(await one.entry("entry"))
        stop = await one.stop("stop", "59000")
        await one.rest(stop)
        one.engine.move("BTCUSDT", 58_900)
        await eventually(lambda: bool(told(one, stop)))
        assert not one.desk.following.live(one.owner)
        assert set(told(one, stop)) == set(true(one, stop))


async def test_stream_and_look_count_once(either_ground: Ground) -> None:
    async with guarded(either_ground) as (one, stop):
        one.server.streams.times = 2
        one.engine.move("BTCUSDT", 58_900)
        await eventually(lambda: bool(told(one, stop)))
        asked = len(one.asked)
        await eventually(lambda: looks(one, asked) >= 3)
        one.server.streams.times = 1
        assert set(told(one, stop)) == set(true(one, stop))
        # a fill is at times told twice (by the look at an order that ended), and named the same
        assert len(told(one, stop)) <= 2


def looks(one: Live, since: int) -> int:
    return sum(one_.path.endswith("rades") for one_ in one.asked[since:])


async def test_a_silent_stream_is_noticed_and_opened_again(either_ground: Ground) -> None:
    async with guarded(either_ground) as (one, _):
        backs: list[int] = []
        one.desk.venue.when_back(backs.append)
        await eventually(lambda: looks(one, 0) > 2)
        one.server.streams.silence()
        deaf = [each for each in one.server.streams.sockets if each.key == one.key]
        by_hand(one, Side.BUY)
        await eventually(lambda: bool(backs))
        now = [each for each in one.server.streams.sockets if each.key == one.key]
        assert now and not set(now) & set(deaf)
        assert backs[0] == one.owner


async def test_a_dropped_stream_comes_back_and_says_so(either_ground: Ground) -> None:
    async with guarded(either_ground, still=True) as (one, stop):
        backs: list[int] = []
        one.desk.venue.when_back(backs.append)
        await one.server.drop()
        await eventually(lambda: bool(backs))
        one.engine.move("BTCUSDT", 58_900)
        await eventually(lambda: bool(told(one, stop)))
        assert told(one, stop) == true(one, stop)


async def test_an_exchange_that_was_away_is_back(either_ground: Ground) -> None:
    async with guarded(either_ground) as (one, stop):
        backs: list[int] = []
        one.desk.venue.when_back(backs.append)
        await one.server.down()
        one.engine.move("BTCUSDT", 58_900)
        await one.server.up()
        await eventually(lambda: bool(backs))
        await eventually(lambda: set(told(one, stop)) == set(true(one, stop)))


async def test_an_order_that_the_exchange_ends_is_told(either_ground: Ground) -> None:
    async with guarded(either_ground, still=True) as (one, stop):
        one.server.faults.expel_stop(one.key)
        await eventually(lambda: bool(one.ended))
        (answer,) = one.ended
        assert answer.client_id == stop.client_id
        assert answer.state in (OrderState.EXPIRED, OrderState.CANCELLED)


async def test_an_order_that_vanished_unseen_is_told(either_ground: Ground) -> None:
    async with live(either_ground, following=True) as one:
        one.server.streams.refusing = True
        await one.submit(await one.entry("entry"))
        stop = await one.stop("stop", "59000")
        await one.rest(stop)
        one.server.faults.expel_stop(one.key)
        await eventually(lambda: bool(one.ended))
        assert one.ended[0].client_id == stop.client_id


async def test_an_order_that_we_cancel_is_no_news(either_ground: Ground) -> None:
    async with guarded(either_ground, still=True) as (one, stop):
        other = await one.stop("other", "58000")
        await one.rest(other)
        await one.broker.cancel(stop)
        one.server.faults.expel_stop(one.key)
        await eventually(lambda: bool(one.ended))
        assert [answer.client_id for answer in one.ended] == [other.client_id]


async def test_what_somebody_does_by_hand_is_not_ours(either_ground: Ground) -> None:
    async with guarded(either_ground) as (one, stop):
        by_hand(one, Side.BUY)
        one.engine.move("BTCUSDT", 58_900)
        await eventually(lambda: bool(told(one, stop)))
        assert "by hand" not in {fill.client_id for fill in one.heard}
        history = await one.desk.venue.fills(one.owner, BTC, stop.created_at)
        assert [fill.fill.client_id for fill in history] == ["by hand", stop.client_id]


def by_hand(one: Live, side: Side) -> None:
    kind = Kind.PERPETUAL if "usdm" in one.market.name else Kind.SPOT
    ask = Ask(kind, "BTCUSDT", side, OrderType.MARKET, D("0.02"), client_id="by hand")
    one.engine.place(one.key, ask)


async def test_an_account_without_anything_open_is_left_alone(spot_ground: Ground) -> None:
    async with live(spot_ground) as one:
        await one.desk.following.round()
        assert one.asked == []
        assert one.desk.sessions.owners == ()


async def test_nobody_asks_for_what_was_cancelled_unfilled(either_ground: Ground) -> None:
    """The stream says that it ended with nothing filled, and whoever cancelled it knows that."""
    async with guarded(either_ground, still=True) as (one, stop):
        other = await one.stop("other", "58000")
        await one.rest(other)
        await one.broker.cancel(stop)
        before = len(one.asked)
        one.server.faults.expel_stop(one.key)  # what comes after it in the stream is heard
        await eventually(lambda: bool(one.ended))
        named = [stop.client_id in str(asked.params) for asked in one.asked[before:]]
        assert named and not any(named)


async def test_a_key_that_cant_be_opened_keeps_nobody_from_being_followed(
    spot_ground: Ground,
) -> None:
    async with live(spot_ground, following=True) as one:
        await one.submit(await one.entry("entry"))
        stop = await one.stop("stop", "59000")
        await one.rest(stop)
        other = (await a_user(one.memory, "other")).id
        await one.memory.connections.connect(connection_of(other, sealed=LOCKED))
        await one.memory.orders.add(replace(stop, owner_id=other, key="theirs", id=0))
        with pytest.raises(BrokerAway, match="secret"):
            await one.desk.venue.state(other)
        await one.desk.following.round()
        assert one.desk.following.live(one.owner) or one.owner in one.desk.sessions.owners


async def test_a_market_that_is_gone_hides_no_other(spot_ground: Ground) -> None:
    async with live(spot_ground, following=True) as one:
        gone = await one.intent("gone", symbol="GONE/USDT")
        await one.record(gone, OPEN)
        one.server.streams.refusing = True
        await one.submit(await one.entry("entry"))
        stop = await one.stop("stop", "59000")
        await one.rest(stop)
        one.engine.move("BTCUSDT", 58_900)
        await eventually(lambda: set(told(one, stop)) == set(true(one, stop)))
