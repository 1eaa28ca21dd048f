"""What should rest for a position, whatever its numbers; and the difference to what does."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.domain.market import Instrument
from agents.domain.order import OrderKind, OrderState
from agents.domain.position import OpenTarget, Position, PositionState
from agents.domain.strategy import Side
from agents.domain.venue import GuardStyle
from agents.execution.guards.legs import Group, Leg, covered, difference, replaced, wanted
from agents.execution.guards.resting import resting_orders, told_as
from tests.agents.execution.test_exitbook import position
from tests.support.clock import ManualClock
from tests.support.market import instrument

D = Decimal
PAIRED, SEPARATE, STOP = GuardStyle.PAIRED, GuardStyle.SEPARATE, GuardStyle.STOP


@some.composite
def positions(draw: some.DrawFn) -> Position:
    """With targets that make more, less or exactly the whole, some of them done."""
    side = draw(some.sampled_from(Side))
    amounts = some.decimals(D("0.000001"), D(3), places=6)
    targets = tuple(
        OpenTarget(D(100) + gain * side.sign, draw(amounts), draw(some.booleans()))
        for gain in draw(some.lists(some.integers(1, 60), max_size=3, unique=True).map(sorted))
    )
    return replace(
        position(side=side, stop=str(100 - 2 * side.sign), targets=()),
        quantity=draw(amounts),
        targets=targets,
    )


steps = some.builds(
    instrument,
    amount_step=some.sampled_from([D("0.00001"), D("0.001"), D(1)]),
    min_amount=some.sampled_from([D(0), D("0.01"), D(1)]),
    min_cost=some.sampled_from([D(0), D(5), D(100)]),
)


def stops(groups: tuple[Group, ...]) -> list[Leg]:
    return [leg for group in groups for leg in group if leg.kind is OrderKind.STOP]


def limits(groups: tuple[Group, ...]) -> list[Leg]:
    return [leg for group in groups for leg in group if leg.kind is OrderKind.LIMIT]


@given(held=positions(), traded=steps, style=some.sampled_from([PAIRED, SEPARATE, STOP]))
def test_stops_cover_all_that_can_be_sold_and_targets_never_more(
    held: Position, traded: Instrument, style: GuardStyle
) -> None:
    groups = wanted(held, style, traded)
    whole = traded.amount(held.quantity)
    least = min(held.stop, *(target.price for target in held.targets), D(1000))
    if not groups:
        assert whole <= 0 or whole < traded.min_amount or whole * held.stop < traded.min_cost, (
            "only what no order can sell is left to the ticks"
        )
        return
    assert sum(leg.quantity for leg in stops(groups)) == whole
    assert sum(leg.quantity for leg in limits(groups)) <= whole
    for leg in (*stops(groups), *limits(groups)):
        assert leg.quantity > 0
        assert leg.quantity % traded.amount_step == 0
        assert leg.quantity >= traded.min_amount
        assert leg.quantity * max(leg.price, least) >= traded.min_cost
    taken = [leg.target for leg in limits(groups)]
    assert taken == sorted(set(taken), key=lambda index: index or 0)
    assert all(not held.targets[index or 0].done for index in taken)
    if style is STOP:
        assert not taken


@given(held=positions(), traded=steps, style=some.sampled_from([PAIRED, SEPARATE, STOP]))
def test_what_was_placed_as_wanted_leaves_nothing_to_do(
    held: Position, traded: Instrument, style: GuardStyle
) -> None:
    groups = wanted(held, style, traded)
    placed = [
        replace(intent, state=OrderState.OPEN)
        for number, group in enumerate(groups)
        for intent in resting_orders(held, group, number * 2, ManualClock())
    ]
    assert len({intent.key for intent in placed}) == len(placed)
    assert not difference(groups, placed)
    assert covered(placed) == sum(leg.quantity for leg in stops(groups))
    assert difference((), placed).stale or not placed


def test_nothing_rests_for_what_is_closed_or_watched_here() -> None:
    held = position()
    assert wanted(held, GuardStyle.LOCAL, instrument()) == ()
    assert wanted(replace(held, state=PositionState.CLOSED), PAIRED, instrument()) == ()


def test_a_target_too_small_goes_with_the_next_and_a_small_rest_with_the_last() -> None:
    few = (OpenTarget(D(101), D("0.01")), OpenTarget(D(102), D("0.4")))
    held = replace(position(), targets=few, quantity=D("0.42"))
    groups = wanted(held, PAIRED, instrument())
    assert [(leg.target, leg.quantity) for leg in limits(groups)] == [(1, D("0.42"))]


def test_a_changed_stop_takes_the_place_of_the_old_one_group_by_group() -> None:
    held = replace(position(), targets=(OpenTarget(D(101), D("0.4")), OpenTarget(D(102), D("0.4"))))
    placed = [
        replace(intent, state=OrderState.OPEN)
        for number, group in enumerate(wanted(held, PAIRED, instrument()))
        for intent in resting_orders(held, group, number * 2, ManualClock())
    ]
    todo = difference(wanted(replace(held, stop=D(99)), PAIRED, instrument()), placed)
    assert (len(todo.missing), len(todo.stale)) == (3, 3)
    assert replaced(todo.missing, todo.stale) == placed[:2]
    assert replaced(todo.missing[2:], todo.stale[2:]) == placed[4:]


@pytest.mark.parametrize(
    ("stop", "name"), [("98", "stop at 98"), ("100", "break-even stop at 100")]
)
def test_fills_are_told_by_the_names_that_local_ones_have(stop: str, name: str) -> None:
    held = replace(position(), stop=D(stop))
    [[leg, target]] = wanted(held, PAIRED, instrument())
    assert told_as(held, leg) == name
    assert told_as(held, target) == "target at 104"
