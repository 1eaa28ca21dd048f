"""The sorted exit book against a plain scan of all positions."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agents.domain.market import Tick
from agents.domain.position import OpenTarget, Position, PositionState
from agents.domain.proposal import Trailing
from agents.domain.strategy import Mode, Side
from agents.execution.leaving.exitbook import AtExchange, ExitBook, Trigger, TriggerKind

OPENED = datetime(2026, 3, 2, tzinfo=UTC)
D = Decimal


def position(
    number: int = 1,
    side: Side = Side.LONG,
    entry: str = "100",
    stop: str = "98",
    targets: tuple[str, ...] = ("104",),
    trailing: Trailing | None = None,
    symbol: str = "BTC/USDT",
) -> Position:
    return Position(
        owner_id=1,
        strategy_id=1,
        strategy_name="Dips",
        account_id=1,
        proposal_id=number,
        symbol=symbol,
        timeframe="5m",
        mode=Mode.PAPER,
        side=side,
        quantity=D(1),
        entered=D(1),
        entry_price=D(entry),
        initial_stop=D(stop),
        stop=D(stop),
        targets=tuple(OpenTarget(D(price), D(1) / len(targets)) for price in targets),
        trailing=trailing or Trailing(),
        best=D(entry),
        realised=D(0),
        fees=D(0),
        opened_at=OPENED,
        id=number,
    )


class Book:
    """An exit book that is told ticks one second apart."""

    def __init__(self, *positions: Position) -> None:
        self.book = ExitBook()
        self.seconds = 0
        for item in positions:
            self.book.follow(item)

    def trailed(self) -> dict[int, tuple[Decimal, Decimal]]:
        found = self.book.levels(self.book.risen())
        return {number: (at.stop, at.best) for number, at in found.items()}

    def tick(self, price: str | Decimal, symbol: str = "BTC/USDT") -> list[Trigger]:
        self.seconds += 1
        at = OPENED + timedelta(seconds=self.seconds)
        return self.book.on_tick(Tick(symbol, at, D(price)))


def test_a_quiet_tick_sets_nothing_off() -> None:
    book = Book(position())
    assert book.tick("100") == []
    assert book.tick("98.01") == []
    assert book.tick("103.99") == []


def test_a_long_stops_below_and_gains_above() -> None:
    assert Book(position()).tick("98") == [Trigger(1, TriggerKind.STOP, D(98))]
    assert Book(position()).tick("104") == [Trigger(1, TriggerKind.TARGET, D(104), 0)]


def test_a_short_stops_above_and_gains_below() -> None:
    short = position(side=Side.SHORT, stop="102", targets=("96",))
    assert Book(short).tick("102") == [Trigger(1, TriggerKind.STOP, D(102))]
    assert Book(short).tick("96") == [Trigger(1, TriggerKind.TARGET, D(96), 0)]


def test_a_gap_through_the_stop_still_stops() -> None:
    assert Book(position()).tick("90") == [Trigger(1, TriggerKind.STOP, D(98))]


def test_a_gap_through_several_targets_sets_off_each_once() -> None:
    book = Book(position(targets=("102", "104", "110")))
    assert [hit.index for hit in book.tick("105")] == [0, 1]
    assert book.tick("105") == []
    assert [hit.index for hit in book.tick("110")] == [2]


def test_a_stop_takes_everything_else_of_its_position_with_it() -> None:
    book = Book(position(targets=("102", "104")))
    assert len(book.tick("97")) == 1
    assert book.tick("105") == []


def test_break_even_is_told_once_and_not_after_the_stop_is_there() -> None:
    book = Book(position(trailing=Trailing(breakeven_r=D(1))))
    assert book.tick("102") == [Trigger(1, TriggerKind.BREAK_EVEN, D(102))]
    assert book.tick("102") == []
    book.book.follow(replace(position(trailing=Trailing(breakeven_r=D(1))), stop=D(100)))
    assert book.tick("102.5") == []
    assert book.tick("100") == [Trigger(1, TriggerKind.STOP, D(100))]


def test_a_trailing_stop_follows_the_best_price_only() -> None:
    book = Book(position(targets=(), trailing=Trailing(distance=D(3))))
    for price in ("101", "110", "108"):
        assert book.tick(price) == []
    assert book.trailed() == {1: (D(107), D(110))}
    assert book.trailed() == {}
    assert book.tick("107") == [Trigger(1, TriggerKind.TRAILING_STOP, D(107))]


def test_a_percentage_trails_a_short_from_below() -> None:
    short = position(side=Side.SHORT, stop="110", targets=(), trailing=Trailing(percent=D(5)))
    book = Book(short)
    assert book.tick("80") == []
    assert book.trailed() == {1: (D(84), D(80))}
    assert book.tick("84") == [Trigger(1, TriggerKind.TRAILING_STOP, D(84))]


def test_the_fixed_stop_counts_until_the_trailing_one_is_better() -> None:
    book = Book(position(stop="98", targets=(), trailing=Trailing(distance=D(5))))
    assert book.tick("101") == []
    assert book.tick("97.5") == [Trigger(1, TriggerKind.STOP, D(98))]


def test_ticks_that_are_not_newer_than_the_position_leave_it_alone() -> None:
    late = replace(position(), opened_at=OPENED + timedelta(seconds=2))
    book = Book(late)
    assert book.tick("90") == []
    assert book.tick("90") == []
    assert [hit.kind for hit in book.tick("97")] == [TriggerKind.STOP]


def test_what_trailed_while_a_position_was_stored_is_still_to_be_written() -> None:
    trailing = Trailing(distance=D(3))
    book = Book(position(targets=(), trailing=trailing))
    book.tick("110")
    book.book.follow(replace(position(targets=(), trailing=trailing), fees=D(1), version=2))
    assert book.trailed() == {1: (D(107), D(110))}
    assert book.trailed() == {}
    book.tick("111")
    book.book.rests(1, AtExchange(D(107)))
    assert book.trailed() == {1: (D(108), D(111))}
    closing = replace(book.book.positions()[0], state=PositionState.CLOSING, version=3)
    book.tick("112")
    book.book.follow(closing)
    assert book.trailed() == {1: (D(109), D(112))}


def test_a_closing_position_has_no_triggers_and_a_closed_one_is_forgotten() -> None:
    closing = replace(position(), state=PositionState.CLOSING)
    book = Book(closing)
    assert book.tick("90") == []
    assert book.book.held(1) is not None
    book.book.follow(replace(closing, state=PositionState.CLOSED, version=2))
    assert book.book.held(1) is None
    assert len(book.book) == 0


def test_an_older_version_does_not_replace_a_newer_one() -> None:
    book = Book(replace(position(), version=3, stop=D(99)))
    book.book.follow(replace(position(), version=2, stop=D(98)))
    assert book.tick("98.5")[0].price == D(99)


def test_a_stored_stop_that_lags_does_not_undo_what_trailed() -> None:
    trailing = position(targets=(), trailing=Trailing(distance=D(3)))
    book = Book(trailing)
    book.tick("110")
    book.book.follow(replace(trailing, version=2))
    assert book.book.freshest(trailing).stop == D(107)
    assert book.tick("107")[0].kind is TriggerKind.TRAILING_STOP


def test_symbols_do_not_touch_each_other() -> None:
    book = Book(position(1), position(2, symbol="ETH/USDT"))
    assert [hit.position_id for hit in book.tick("90", "ETH/USDT")] == [2]
    assert book.book.symbols() == {"BTC/USDT", "ETH/USDT"}


# --- against a plain scan ---------------------------------------------------------------------


@dataclass
class Plain:
    """One position, looked at in full at every tick."""

    position: Position
    spent: set[int]
    over: bool = False

    def tick(self, price: Decimal) -> list[Trigger]:
        if self.over:
            return []
        here, sign = self.position, self.position.side.sign
        hits = self.stops(price)
        if hits:
            self.over = True
            return [max(hits, key=lambda hit: hit.price * sign)]
        for index, level in self.gains():
            if index not in self.spent and (price - level) * sign >= 0:
                self.spent.add(index)
                kind = TriggerKind.BREAK_EVEN if index < 0 else TriggerKind.TARGET
                hits.append(Trigger(here.id, kind, level, index))
        if (price - here.best) * sign > 0:
            self.position = replace(here, best=price)
        return sorted(hits, key=lambda hit: hit.index)

    def stops(self, price: Decimal) -> list[Trigger]:
        here, sign = self.position, self.position.side.sign
        found = []
        if (price - here.stop) * sign <= 0:
            found.append(Trigger(here.id, TriggerKind.STOP, here.stop))
        trail = self.trail()
        if trail is not None and (price - trail) * sign <= 0:
            found.append(Trigger(here.id, TriggerKind.TRAILING_STOP, trail))
        return found

    def trail(self) -> Decimal | None:
        here, sign = self.position, self.position.side.sign
        if here.trailing.distance is not None:
            return here.best - here.trailing.distance * sign
        if here.trailing.percent is not None:
            return here.best - here.best * here.trailing.percent / 100 * sign
        return None

    def gains(self) -> list[tuple[int, Decimal]]:
        here = self.position
        levels = [(index, target.price) for index, target in enumerate(here.targets)]
        if here.trailing.breakeven_r is not None:
            risk = here.risk_per_unit * here.side.sign
            levels.append((-1, here.entry_price + here.trailing.breakeven_r * risk))
        return levels


amounts = some.integers(1, 40).map(lambda number: D(number) / 2)


@some.composite
def positions(draw: some.DrawFn, number: int) -> Position:
    side = draw(some.sampled_from(Side))
    entry = D(100) + draw(some.integers(-10, 10)) / D(2)
    gains = draw(some.lists(amounts, max_size=2, unique=True))
    trailing = draw(
        some.sampled_from(
            [
                Trailing(),
                Trailing(distance=draw(amounts)),
                Trailing(percent=draw(amounts)),
                Trailing(breakeven_r=draw(amounts)),
                Trailing(distance=draw(amounts), breakeven_r=draw(amounts)),
            ]
        )
    )
    return position(
        number,
        side,
        str(entry),
        str(entry - draw(amounts) * side.sign),
        tuple(str(entry + gain * side.sign) for gain in gains),
        trailing,
    )


@settings(max_examples=150, deadline=None)
@given(data=some.data())
def test_it_says_what_a_scan_of_all_positions_says(data: some.DataObject) -> None:
    count = data.draw(some.integers(1, 8))
    wanted = [data.draw(positions(number)) for number in range(1, count + 1)]
    split = data.draw(some.integers(0, count))
    book = Book(*wanted[:split])
    plain = [Plain(item, set()) for item in wanted[:split]]
    prices = data.draw(some.lists(some.integers(160, 240), min_size=1, max_size=30))
    for step, doubled in enumerate(prices):
        if step == len(prices) // 2:
            for item in wanted[split:]:
                book.book.follow(item)
                plain.append(Plain(item, set()))
        price = D(doubled) / 2
        expected = [hit for item in plain for hit in item.tick(price)]
        said = book.tick(price)
        assert _same(said) == _same(expected)
    trailed = {
        item.position.id: item.position.best
        for item in plain
        if not item.over and item.trail() is not None
    }
    for number, best in trailed.items():
        held = book.book.held(number)
        assert held is not None
        assert book.book.freshest(held.position).best == best


def _same(hits: list[Trigger]) -> list[tuple[int, str, Decimal, int]]:
    """Of two stops at the same price either name will do."""
    named = [
        (hit.position_id, "stop" if "stop" in hit.kind else str(hit.kind), hit.price, hit.index)
        for hit in hits
    ]
    return sorted(named)


@pytest.mark.parametrize("side", Side)
def test_many_trailing_positions_merge_and_part_again(side: Side) -> None:
    sign = side.sign
    many = [
        position(
            number,
            side,
            "100",
            str(100 - 50 * sign),
            (),
            Trailing(distance=D(number % 7 + 1)),
        )
        for number in range(1, 200)
    ]
    book = Book(*many)
    for step in range(1, 30):
        assert book.tick(D(100) + step * sign) == []  # each a new best
    assert len(book.trailed()) == 199
    hits = book.tick(D(127) if side is Side.LONG else D(73))
    assert {hit.position_id % 7 + 1 for hit in hits} == {1, 2}
    book.book.forget(5)
    assert book.book.held(5) is None
    rest = book.tick(D(122) if side is Side.LONG else D(78))
    assert len(hits) + len(rest) == 198


# --- what rests at an exchange ----------------------------------------------------------------


@pytest.mark.parametrize("side", Side)
def test_what_rests_at_the_exchange_is_not_watched_here(side: Side) -> None:
    stop, target = (D(98), D(104)) if side is Side.LONG else (D(102), D(96))
    book = Book(position(side=side, stop=str(stop), targets=(str(target),)))
    book.book.rests(1, AtExchange(stop, frozenset({0})))
    assert book.tick(stop) == []
    assert book.tick(target) == []
    book.book.rests(1, None)
    assert [hit.kind for hit in book.tick(target)] == [TriggerKind.TARGET]
    assert [hit.kind for hit in book.tick(stop)] == [TriggerKind.STOP]


@pytest.mark.parametrize("side", Side)
def test_a_resting_stop_is_overdue_a_quarter_of_r_beyond_it_and_says_so_once(side: Side) -> None:
    sign = side.sign
    book = Book(position(side=side, stop=str(100 - 2 * sign), targets=()))
    book.book.rests(1, AtExchange(D(100 - 2 * sign)))
    assert book.tick(D(100) - D("2.49") * sign) == []
    late = D(100) - D("2.5") * sign
    assert book.tick(late) == [Trigger(1, TriggerKind.OVERDUE, late)]
    assert book.tick(late) == []


def test_a_target_that_does_not_rest_is_watched_beside_a_stop_that_does() -> None:
    book = Book(position(targets=("102", "104")))
    book.book.rests(1, AtExchange(D(98), frozenset({0})))
    assert [hit.index for hit in book.tick("105")] == [1]


def test_a_stop_that_rests_still_trails_and_moves_to_break_even() -> None:
    book = Book(
        position(targets=(), trailing=Trailing(distance=D(3), breakeven_r=D(1))),
        position(2, targets=(), trailing=Trailing(distance=D(3))),
    )
    for number in (1, 2):
        book.book.rests(number, AtExchange(D(98)))
    assert [hit.kind for hit in book.tick("102")] == [TriggerKind.BREAK_EVEN]
    book.tick("110")
    assert book.trailed() == {1: (D(107), D(110)), 2: (D(107), D(110))}
    assert book.tick("106") == []  # the exchange's own stop is elsewhere until it is moved


def test_a_stop_lags_from_a_tenth_of_r_or_of_the_trailing_distance_on() -> None:
    near = position(targets=(), trailing=Trailing(distance=D("2")))
    far = position(2, targets=(), trailing=Trailing(percent=D(10)))
    book = Book(near, far, position(3))
    assert book.book.lagging([1, 2, 3], D("0.1")) == []  # nothing rests
    for number in (1, 2, 3):
        book.book.rests(number, AtExchange(D(98)))
    book.tick("100.19")
    assert book.book.lagging([1, 2, 3, 9], D("0.1")) == []
    book.tick("100.2")
    assert book.book.lagging([1, 2, 3], D("0.1")) == [1]


def test_followers_hear_of_each_change_but_not_of_older_versions() -> None:
    book, heard = Book(), list[int]()
    book.book.listen(lambda item: heard.append(item.version))
    book.book.follow(position())
    book.book.follow(replace(position(), version=3))
    book.book.follow(replace(position(), version=2))
    book.book.unarm(replace(position(), version=4))
    assert heard == [1, 3, 4]
    assert book.book.unarmed == {1}


def test_a_closed_position_has_nothing_at_rest() -> None:
    book = Book(position())
    book.book.rests(1, AtExchange(D(98)))
    book.book.follow(replace(position(), state=PositionState.CLOSED, version=2))
    assert book.book.at_exchange(1) is None
