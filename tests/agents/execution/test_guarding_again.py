"""What the guards do again: after a restart, after a fault, and as long as nothing helps."""

import pytest

from agents.domain.errors import OperatorNeeded
from agents.domain.order import OrderPurpose, OrderState
from agents.domain.position import PositionState
from agents.domain.user import Identity, NoticeKind, Place
from agents.domain.venue import GuardStyle
from tests.agents.execution.test_guarding import STYLES, Floor

SEPARATE = GuardStyle.SEPARATE


async def test_a_stop_that_is_not_filled_and_a_close_that_fails_are_told_and_tried_again() -> None:
    """The price passed the stop by far, and what rests there covers all the same."""
    floor = Floor(SEPARATE)
    await floor.open()
    floor.fail("submit", *["reject"] * 3)
    await floor.world.tick("59200")
    for _ in range(10):
        await floor.second()
    await floor.closed("closed at the market: the price passed the stop and it was not filled")
    closes = [one for one in floor.world.orders if one.purpose is OrderPurpose.STOP]
    states = [one.state for one in closes if not one.rests]
    assert states == [*[OrderState.REJECTED] * 3, OrderState.FILLED]
    [alarm] = floor.world.told(NoticeKind.ALARM)
    assert (
        "has a stop at the exchange that is not filled, and closing it failed" in alarm["summary"]
    )
    assert floor.world.told(NoticeKind.ACCOUNT)[-1]["summary"].endswith("is closed.")


async def test_an_overdue_stop_that_nothing_helps_is_told_each_minute_and_asked_of_seldom() -> None:
    floor = Floor(SEPARATE)
    await floor.open()
    floor.fail("submit", *["reject"] * 200)
    await floor.world.tick("59200")
    for _ in range(180):
        await floor.second()
    assert 3 <= len(floor.world.told(NoticeKind.ALARM)) <= 4
    assert floor.broker.calls.count("submit") < 15
    assert floor.broker.stopped() == floor.position.quantity


async def test_each_time_that_a_stop_is_watched_here_is_told() -> None:
    floor = Floor(SEPARATE)
    await floor.open()
    for _ in range(2):
        floor.broker.down = True
        floor.broker.drop(floor.stops()[0].client_id)
        await floor.world.settle()
        for _ in range(15):
            await floor.second()
        floor.broker.down = False
        for _ in range(40):
            await floor.second()
    told = [str(facts["summary"]) for facts in floor.world.told(NoticeKind.ACCOUNT)]
    assert sum("does not rest at the exchange" in words for words in told) == 2
    assert sum("rests at the exchange again" in words for words in told) == 2


@pytest.mark.parametrize("style", STYLES)
async def test_a_refusal_before_a_restart_counts_after_it(style: GuardStyle) -> None:
    floor = Floor(style)
    await floor.open(None, "reject", "away")
    floor.fail("rest", "reject")
    asked = floor.broker.calls.count("rest")
    await floor.restart()
    assert floor.broker.calls.count("rest") == asked + 1
    await floor.closed("closed at the market: the exchange took no stop: Filter failure")


async def test_a_refusal_that_lies_far_back_does_not_count_after_a_restart() -> None:
    floor = Floor(SEPARATE)
    await floor.open(None, "reject", "away")
    floor.fail("rest", "reject")
    floor.world.clock.wait(601)
    await floor.restart()
    assert floor.position.state is PositionState.OPEN
    assert floor.broker.stopped() == floor.position.quantity


async def test_a_close_that_failed_before_a_restart_is_an_alarm_after_it() -> None:
    floor = Floor(SEPARATE)
    floor.fail("submit", "", "reject")
    await floor.open(None, "reject", "reject", *["away"] * 20)
    assert floor.broker.stopped() == 0
    await floor.restart()
    await floor.second(0)
    [alarm] = floor.world.told(NoticeKind.ALARM)
    assert "the exchange took no stop: Filter failure" in alarm["summary"]


async def test_refusals_while_a_stop_rests_are_forgotten_at_a_restart() -> None:
    """It could not be made better, and stands."""
    floor = Floor(SEPARATE)
    await floor.open()
    floor.fail("rest", "reject", "reject")
    await floor.world.desk.hands.move_stop(floor.owner, 1, floor.position.stop + 1)
    for _ in range(2):
        await floor.second(2)
    await floor.restart()
    assert floor.position.state is PositionState.OPEN
    assert floor.broker.stopped() == floor.position.quantity


async def test_an_operator_hears_of_a_danger_that_could_not_be_told_at_first() -> None:
    floor = Floor(SEPARATE)
    floor.fail("submit", "", *["reject"] * 99)
    await floor.open(None, *["reject"] * 99)
    users, wall = floor.world.memory.users, floor.world.clock.wall()
    chief = Identity("telegram", "Grace"), Place("telegram", "Grace")
    await users.join(*chief[:1], "Grace", chief[1], operator=True, at=wall)
    floor.world.database.fails = OperatorNeeded("the disk is full")
    with pytest.raises(OperatorNeeded):
        await floor.world.desk.guards.every_second()
    floor.world.database.fails = None
    await floor.second()
    assert floor.world.told(NoticeKind.ALARM)
    assert floor.world.told(NoticeKind.OPERATOR)


# --- when the exchange answers again --------------------------------------------------------------


async def test_after_a_long_outage_a_stop_is_placed_within_seconds() -> None:
    floor = Floor(GuardStyle.SEPARATE)
    await floor.open()
    floor.broker.drop(floor.stops()[0].client_id)
    floor.broker.down = True
    floor.world.desk.guards.wake(1, look=True)
    await floor.second(30)
    for _ in range(30):
        await floor.second(5)
    floor.broker.down = False
    await floor.second(5)
    assert floor.broker.stopped() == floor.position.quantity


async def test_a_connection_that_is_back_has_what_waits_done_at_once() -> None:
    floor = Floor(GuardStyle.SEPARATE)
    await floor.open()
    floor.broker.drop(floor.stops()[0].client_id)
    floor.broker.down = True
    floor.world.desk.guards.wake(1, look=True)
    await floor.world.settle()
    assert floor.broker.stopped() == 0
    floor.broker.down = False
    floor.world.desk.guards.hurry()
    await floor.world.settle()
    assert floor.broker.stopped() == floor.position.quantity
