"""Funding: once for each time, on what was open then, made up after a restart."""

import shutil
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agents.domain.market import FundingRate, InstrumentKind
from agents.domain.strategy import Mode, Side
from agents.domain.user import NoticeKind
from agents.domain.venue import FundingPaid
from agents.execution.booking.reconciling import differences
from agents.execution.proposals.levels import PriceLevels
from bot.connectors.replay_funding import read_funding
from tests.support.clock import START, ManualClock
from tests.support.desk import BTC, FREE, World, levels
from tests.support.memory import Killed

D = Decimal
SPOT = replace(BTC, kind=InstrumentKind.SPOT)
EIGHT = START.replace(hour=16)  # four hours after the start


def rate(at=EIGHT, value: str = "0.0001") -> FundingRate:
    return FundingRate("BTC/USDT", at, D(value))


def at(side: Side) -> PriceLevels:
    stop, target = ("59400", "61200") if side is Side.LONG else ("60600", "58800")
    return levels(side=side, stop=stop, targets=((target, "1"),))


async def holding(side: Side = Side.LONG, **more: Any) -> World:
    """A desk with one open position, 1,000 seconds of which the funding has seen."""
    world = World(costs=FREE, **more)
    await world.start()
    owner = await world.user()
    await world.opened(await world.strategy(owner), at(side))
    await pass_time(world, 1_000)
    return world


async def pass_time(world: World, seconds: float) -> None:
    world.clock.advance(seconds)
    await world.desk.every_minute()


async def test_longs_pay_and_shorts_receive() -> None:
    for side, sign in ((Side.LONG, -1), (Side.SHORT, 1)):
        world = await holding(side)
        [before] = world.positions
        world.market.rates = [rate()]
        await pass_time(world, 4 * 3600)
        [position] = world.positions
        assert position.funding == sign * D("0.0001") * 60_000 * before.quantity
        assert world.accounts[0].balance == 10_000 + position.funding
        assert position.net() == position.funding
        instruments = {item.symbol: item for item in world.instruments}
        assert await differences(world.memory, world.accounts[0], instruments) == []


async def test_each_time_once_also_after_a_restart() -> None:
    world = await holding()
    world.market.rates = [rate(EIGHT + timedelta(hours=8 * number)) for number in range(3)]
    await pass_time(world, 4 * 3600)
    once = world.positions[0].funding
    for _ in range(3):
        await pass_time(world, 700)
    assert world.positions[0].funding == once
    await world.kill()
    world.clock.advance(16 * 3600)  # two more funding times pass while nothing runs
    await world.start()
    await pass_time(world, 700)
    assert world.positions[0].funding == 3 * once
    assert len(await world.memory.accounts.funding(world.accounts[0].id)) == 3


async def test_a_rate_that_comes_late_is_booked_late() -> None:
    world = await holding()
    await pass_time(world, 4 * 3600)
    assert world.positions[0].funding == 0
    world.market.rates = [rate()]
    await pass_time(world, 700)
    assert world.positions[0].funding != 0


async def test_a_market_out_of_reach_is_asked_again() -> None:
    world = await holding()
    world.market.rates = [rate()]
    world.market.reachable = False
    await pass_time(world, 4 * 3600)
    assert world.positions[0].funding == 0
    world.market.reachable = True
    await pass_time(world, 60)
    assert world.positions[0].funding != 0


async def test_what_was_closed_by_then_pays_nothing_and_what_closed_after_pays() -> None:
    world = await holding()
    await world.tick("59400")
    await world.tick("59400")
    world.market.rates = [rate()]
    await pass_time(world, 4 * 3600)
    assert world.positions[0].funding == 0
    world = await holding()
    world.clock.advance(4 * 3600)  # past the time, not yet looked
    await world.tick("59400")
    await world.tick("59400")
    world.market.rates = [rate()]
    await pass_time(world, 60)
    assert world.positions[0].closed_at is not None
    assert world.positions[0].funding < 0
    assert world.accounts[0].balance == 10_000 + world.positions[0].net()


async def test_only_what_was_open_at_that_time_counts() -> None:
    world = await holding()
    [position] = world.positions
    world.clock.advance(4 * 3600)
    await world.desk.hands.close(position.owner_id, position.id, D("0.5"))
    await world.settle()
    await world.tick("60000")
    world.market.rates = [rate()]
    await pass_time(world, 60)
    assert world.positions[0].quantity < position.quantity
    assert world.positions[0].funding == -D("0.0001") * 60_000 * position.quantity


async def test_spot_has_none() -> None:
    world = await holding(instruments=(SPOT,))
    world.market.rates = [rate()]
    await pass_time(world, 4 * 3600)
    assert world.positions[0].funding == 0


async def test_what_an_exchange_paid_is_booked_once_and_told_to_nobody() -> None:
    world = await holding()
    [position] = world.positions
    told = len(world.memory.told)
    paid = FundingPaid("f1", "BTC/USDT", D("-1.234567890123456789"), world.clock.now())
    assert await world.desk.funding.book(position.id, paid)
    assert await world.desk.funding.book(position.id, paid) is None
    assert world.positions[0].funding == D("-1.234567890123456789")
    assert world.accounts[0].balance == D("9998.765432109876543211")
    assert len(world.memory.told) == told
    await world.tick("59400")
    await world.tick("59400")
    [closed] = world.told(NoticeKind.CLOSED)
    assert world.positions[0].net() == world.accounts[0].balance - 10_000
    assert D(closed["profit"]) < 0


async def test_a_kill_in_the_middle_books_nothing_or_all() -> None:
    for point in ("funding.booking", "funding.booked"):
        world = await holding()
        world.market.rates = [rate()]
        world.dies_at_next = point
        with pytest.raises(Killed):
            await pass_time(world, 4 * 3600)
        await world.kill()
        await world.start()
        await pass_time(world, 700)
        payments = await world.memory.accounts.funding(world.accounts[0].id)
        assert len(payments) == 1
        assert world.positions[0].funding == payments[0][1].amount
        assert world.accounts[0].balance == 10_000 + payments[0][1].amount


async def test_a_proposal_says_that_the_rate_is_against_it() -> None:
    world = World(costs=FREE)
    await world.start()
    strategy = await world.strategy(await world.user())
    world.market.rates = [rate(START - timedelta(hours=4), "0.0007")]
    long = await world.propose(strategy, at(Side.LONG))
    assert long.plan.notes == ("funding is against it: 0.07 % was paid at the last time",)
    assert long.mode is Mode.PAPER
    other = await world.strategy(await world.user("Grace"))
    assert (await world.propose(other, at(Side.SHORT))).plan.notes == ()


async def test_real_rates_come_to_what_a_plain_sum_says(shared_data: Path, tmp_path: Path) -> None:
    """Sixty days of a real perpetual's funding on one short, at a price that stands still."""
    shutil.copytree(shared_data / "funding", tmp_path / "funding")
    real = read_funding(tmp_path)["BTC/USDT"]
    world = World(costs=FREE, clock=ManualClock(real[0].at - timedelta(hours=1)))
    await world.start()
    await world.opened(await world.strategy(await world.user()), at(Side.SHORT))
    await world.desk.every_minute()
    world.market.rates = list(real)
    while world.clock.now() < real[-1].at:
        await pass_time(world, 7 * 3600)
    [position] = world.positions
    paid = sum(Fraction(rate.rate) for rate in real) * 60_000 * Fraction(position.quantity)
    assert Fraction(position.funding) == paid
    assert len(await world.memory.accounts.funding(world.accounts[0].id)) == len(real) == 180
