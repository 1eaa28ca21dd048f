"""The arithmetic of fills: exact sums, whole targets, no over-closing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as some

from agents.domain.money import ZERO
from agents.domain.order import Fill, OrderSide
from agents.domain.position import Position, PositionState
from agents.domain.proposal import Plan, PlannedTarget, Proposal, Trailing
from agents.domain.strategy import Mode, Side
from agents.execution.booking.bookkeeping import fee_in_quote, grown, opened, reduced, shared
from agents.execution.ordering.entries import entry_order
from tests.support.market import instrument

D = Decimal
AT = datetime(2026, 3, 2, tzinfo=UTC)
THIRD = instrument("X/USDT", price_step=D("0.001"), amount_step=D("0.001"), min_amount=D("0.001"))


def proposal(side: Side = Side.LONG, *shares: str) -> Proposal:
    sign = side.sign
    targets = tuple(
        PlannedTarget(D(100 + 10 * (place + 1) * sign), D(share))
        for place, share in enumerate(shares)
    )
    plan = Plan(side, D(100), D(100 - 5 * sign), targets, Trailing(), D(7))
    return Proposal(
        owner_id=1,
        strategy_id=1,
        strategy_version=1,
        strategy_name="Dips",
        decision_id=1,
        symbol="X/USDT",
        timeframe="5m",
        closed=AT,
        mode=Mode.PAPER,
        plan=plan,
        equity=D(10_000),
        confidence=None,
        reasons=(),
        advised_by="rules",
        created_at=AT,
        expires_at=AT,
        id=1,
    )


def fill(side: OrderSide, price: Decimal, quantity: Decimal, number: int = 0) -> Fill:
    fee = price * quantity * D("0.0006")
    at = AT + timedelta(seconds=number)
    return Fill("pl1", str(number), "X/USDT", side, price, quantity, fee, "USDT", at)


def entered(side: Side, fills: list[tuple[Decimal, Decimal]], *shares: str) -> Position:
    offer = proposal(side, *shares)
    first, *more = [
        fill(OrderSide.to_open(side), price, quantity, number)
        for number, (price, quantity) in enumerate(fills)
    ]
    position = opened(offer, entry_order(offer, 1, AT), first, THIRD)
    for item in more:
        position = grown(position, offer, item, THIRD)
    return position


def test_a_first_fill_opens_with_the_plan() -> None:
    position = entered(Side.SHORT, [(D("100.5"), D(2))], "0.5", "0.5")
    assert (position.entry_price, position.quantity, position.stop) == (D("100.5"), D(2), D(105))
    assert [(item.price, item.quantity) for item in position.targets] == [
        (D(90), D(1)),
        (D(80), D(1)),
    ]
    assert position.best == D("100.5")
    assert position.fees == D("0.1206")


def test_a_second_fill_averages_and_shares_anew() -> None:
    position = entered(Side.LONG, [(D(100), D(1)), (D(101), D(2))], "0.5", "0.5")
    assert position.entry_price == D("100.666666666666666667")
    assert [item.quantity for item in position.targets] == [D("1.5"), D("1.5")]


def test_a_target_already_reached_stays_done() -> None:
    position = entered(Side.LONG, [(D(100), D(1))], "0.5", "0.5")
    hit = replace(position.targets[0], done=True)
    position = replace(position, targets=(hit, position.targets[1]))
    more = fill(OrderSide.BUY, D(100), D(1), 1)
    assert [
        item.done
        for item in grown(position, proposal(Side.LONG, "0.5", "0.5"), more, THIRD).targets
    ] == [True, False]


def test_a_late_entry_fill_reopens_a_closed_position() -> None:
    position = entered(Side.LONG, [(D(100), D(1))])
    closed, _ = reduced(position, fill(OrderSide.SELL, D(99), D(1), 1), "stop", THIRD)
    assert closed.state is PositionState.CLOSED
    again = grown(closed, proposal(Side.LONG), fill(OrderSide.BUY, D(100), D(1), 2), THIRD)
    assert (again.state, again.quantity, again.closed_at) == (PositionState.OPEN, D(1), None)


def test_closing_books_the_profit_and_the_average_exit() -> None:
    position = entered(Side.LONG, [(D(100), D(3))])
    half, first = reduced(position, fill(OrderSide.SELL, D(110), D(1), 1), "target 1", THIRD)
    over, second = reduced(half, fill(OrderSide.SELL, D(104), D(2), 2), "stop", THIRD)
    assert [first, second] == [10, 8]
    assert (half.state, over.state) == (PositionState.OPEN, PositionState.CLOSED)
    assert (over.exit_price, over.exit_reason) == (D(106), "stop")
    assert over.closed_at == AT + timedelta(seconds=2)
    assert over.net() == 18 - over.fees


def test_more_than_is_open_closes_what_is_open() -> None:
    position = entered(Side.LONG, [(D(100), D(1))])
    over, gross = reduced(position, fill(OrderSide.SELL, D(110), D(5), 1), "stop", THIRD)
    assert [over.quantity, gross] == [0, 10]


def test_a_fee_in_the_coin_is_valued_at_the_price() -> None:
    in_coin = replace(fill(OrderSide.BUY, D(100), D(1)), fee=D("0.001"), fee_currency="X")
    assert fee_in_quote(in_coin, THIRD) == D("0.1")


steps = some.integers(1, 500_000).map(lambda number: D(number) / 1000)
trades = some.lists(some.tuples(steps, steps), min_size=1, max_size=5)


@given(
    side=some.sampled_from(Side),
    entries=trades,
    exits=some.lists(some.tuples(steps, some.integers(1, 100)), max_size=5),
    last=steps,
)
def test_a_closed_position_books_exactly_what_was_paid_and_received(
    side: Side,
    entries: list[tuple[Decimal, Decimal]],
    exits: list[tuple[Decimal, int]],
    last: Decimal,
) -> None:
    position = entered(side, entries)
    paid = sum((price * quantity for price, quantity in entries), ZERO)
    received, booked = ZERO, ZERO
    for number, (price, percent) in enumerate(exits, 10):
        quantity = THIRD.amount(position.quantity * percent / 100)
        if not 0 < quantity < position.quantity:
            continue
        one = fill(OrderSide.to_close(side), price, quantity, number)
        position, gross = reduced(position, one, "part", THIRD)
        received += price * quantity
        booked += gross
    received += last * position.quantity
    final = fill(OrderSide.to_close(side), last, position.quantity, 99)
    position, gross = reduced(position, final, "stop", THIRD)
    assert booked + gross == (received - paid) * side.sign == position.realised
    assert position.quantity == 0


whole_shares = some.lists(some.integers(1, 10), min_size=1, max_size=5)


@given(parts=whole_shares, rest=some.integers(0, 5), quantity=steps)
def test_targets_are_on_steps_and_make_the_planned_whole(
    parts: list[int], rest: int, quantity: Decimal
) -> None:
    total = sum(parts) + rest
    shares = [(D(part) / total).quantize(D("0.01")) for part in parts[:-1]]
    if not rest:
        shares.append(1 - sum(shares, ZERO))
    planned = [PlannedTarget(D(100), share) for share in shares if share > 0]
    open_ones = shared(planned, quantity, D(100), THIRD)
    closes = sum((item.quantity for item in open_ones), ZERO)
    assert all(item.quantity >= 0 for item in open_ones)
    assert all(item.done == (not item.quantity) for item in open_ones)
    assert closes <= quantity
    if sum((item.share for item in planned), ZERO) == 1:
        assert closes == quantity
    least = max(THIRD.min_amount, THIRD.min_cost / 100)
    small = [item for item in open_ones if 0 < item.quantity < least]
    assert not small or quantity < least
