"""Statistics of what stands out, and who is told of it."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.domain.position import PositionState
from agents.domain.user import Notice, NoticeKind
from agents.reporting.anomalies import CHANCE, at_most, losing_run, outlier
from agents.reporting.standing_out import StandingOut
from tests.support.desk import World

USUAL = [2.0, 3.0, 4.0] * 10


def test_what_is_far_above_its_history_stands_out() -> None:
    found = outlier(USUAL, 30.0, 10.0)
    assert found is not None
    assert (found.value, found.usual, found.count) == (30.0, 3.0, 30)


@pytest.mark.parametrize(
    ("history", "value"),
    [(USUAL, 6.0), (USUAL[:19], 30.0), ([2.0] * 30, 9.0), (USUAL, -30.0)],
    ids=["four deviations are more", "too few before", "below the floor", "better is no fault"],
)
def test_nothing_stands_out(history: list[float], value: float) -> None:
    assert outlier(history, value, 10.0 if value == 9.0 else 1.0) is None


def test_false_alarms_are_rare() -> None:
    """Of normal values one in 30,000 lies beyond four known deviations; of an estimated one a few
    more do."""
    chance = random.Random(7)
    found = 0
    for _ in range(2_000):
        values = [chance.gauss(5, 2) for _ in range(31)]
        found += outlier(values[:-1], values[-1], 0.0) is not None
    assert found <= 5


@pytest.mark.parametrize(
    ("wins", "rate", "chance"),
    [(20, 0.3, 1.0), (0, 0.5, 0.5**20), (1, 0.5, 21 * 0.5**20), (5, 0.5, 0.020694732666015625)],
)
def test_the_binomial_test_is_exact(wins: int, rate: float, chance: float) -> None:
    assert at_most(wins, 20, rate) == pytest.approx(chance, rel=1e-12)


@pytest.mark.parametrize(
    ("before", "last", "stands_out"),
    [
        ([True, False] * 20, 5, False),
        ([True, False] * 20, 4, True),
        ([True, False] * 9, 0, False),
        ([True] * 40, 19, True),
        ([False] * 40, 0, False),
    ],
    ids=["one in fifty", "one in 170", "too few before", "never lost before", "never won"],
)
def test_a_losing_run(before: list[bool], last: int, stands_out: bool) -> None:
    run = losing_run([*before, *[True] * last, *[False] * (20 - last)])
    assert (run is not None) is stands_out
    assert run is None or run.chance < CHANCE


# --- who is told ----------------------------------------------------------------------------------


async def _world() -> tuple[World, StandingOut]:
    world = World()
    await world.start()
    watching = StandingOut(world.memory, world.clock)
    world.memory.when_told(watching.follow)
    return world, watching


def _copies(world: World, count: int, worse: str = "0") -> None:
    """So many fills like the first of the account, at slightly different prices."""
    number, fill = next(iter(world.database.table("fills")))
    for place in range(count):
        slip = Decimal(place % 3) + Decimal(worse)
        new = replace(fill, client_id=f"c{place}", price=fill.price + slip, trade_id="t")
        world.database.table("fills").put((new.client_id, new.trade_id), (number, new))


async def _closed(world: World, owner: int) -> Notice:
    """The one open position is closed at the market; the notice of it."""
    await world.desk.hands.close_all(owner)
    await world.tick("60000")
    [notice] = [one for one in world.memory.told if one.kind is NoticeKind.CLOSED]
    return notice


async def test_a_fill_that_slipped_far_is_told_once() -> None:
    world, watching = await _world()
    ada = await world.user()
    await world.opened(await world.strategy(ada))
    _copies(world, 30)
    closed = await _closed(world, ada)
    await watching.work()
    assert world.told(NoticeKind.ANOMALY) == []
    table = world.database.table("fills")
    key = (closed.facts["client_id"], closed.facts["trade_id"])
    number, fill = table.rows[key]
    table.put(key, (number, replace(fill, price=Decimal(57_000))))
    for _ in range(2):
        await watching.follow(closed)
        await watching.work()
    [told] = world.told(NoticeKind.ANOMALY)
    assert "slipped" in told["summary"]
    assert "average of the 31 before" in told["summary"]


async def test_a_late_fill_is_told() -> None:
    world, watching = await _world()
    ada = await world.user()
    await world.opened(await world.strategy(ada))
    wall = world.clock.wall()
    orders, fills = world.database.table("orders"), world.database.table("fills")
    [order] = list(orders)
    orders.put(order.id, replace(order, sent_at=wall))
    number, first = next(iter(fills))
    fills.put((first.client_id, first.trade_id), (number, replace(first, heard_at=wall)))
    _copies(world, 30)
    slow = replace(first, client_id="slow", heard_at=wall + timedelta(seconds=40))
    fills.put(("slow", "t"), (number, slow))
    [notice] = [one for one in world.memory.told if one.kind is NoticeKind.FILLED]
    await watching.follow(replace(notice, facts={**notice.facts, "client_id": "slow"}))
    fills.put(("slow", first.trade_id), (number, replace(slow, trade_id=first.trade_id)))
    await watching.work()
    [told] = world.told(NoticeKind.ANOMALY)
    assert "40.0 s" in told["summary"]


async def test_a_losing_run_is_told_once_a_day() -> None:
    world, watching = await _world()
    ada = await world.user()
    position = await world.opened(await world.strategy(ada))
    rows = world.database.table("positions")
    for place in range(60):
        won = place % 2 == 0 if place < 40 else False
        done = replace(
            position,
            id=100 + place,
            proposal_id=100 + place,
            state=PositionState.CLOSED,
            realised=Decimal(50 if won else -50),
            closed_at=world.clock.now() + timedelta(seconds=place),
        )
        rows.put(done.id, done)
    closed = await _closed(world, ada)
    await watching.follow(closed)
    await watching.work()
    [told] = world.told(NoticeKind.ANOMALY)
    assert "won 0 of its last 20 trades; before that it won" in told["summary"]
