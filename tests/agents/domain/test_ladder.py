"""The gates between trying and real money."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agents.domain.ladder import Ladder, Shown, gates, shown
from agents.domain.position import Position, PositionState
from agents.domain.proposal import Trailing
from agents.domain.strategy import Mode, Side

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
M = Mode


def closed(mode: Mode, profit: str, fees: str = "0", **changes: object) -> Position:
    position = Position(
        owner_id=1,
        strategy_id=1,
        strategy_name="Dips",
        account_id=1,
        proposal_id=1,
        symbol="BTC/USDT",
        timeframe="5m",
        mode=mode,
        side=Side.LONG,
        quantity=Decimal(0),
        entered=Decimal(1),
        entry_price=Decimal(100),
        initial_stop=Decimal(99),
        stop=Decimal(99),
        targets=(),
        trailing=Trailing(),
        best=Decimal(100),
        realised=Decimal(profit),
        fees=Decimal(fees),
        opened_at=NOON,
        state=PositionState.CLOSED,
    )
    return replace(position, **changes)  # type: ignore[arg-type]


def test_closed_trades_are_counted_by_mode_and_net_of_fees_and_funding() -> None:
    found = shown(
        [
            closed(M.PAPER, "10", "1"),
            closed(M.PAPER, "-4", "1", funding=Decimal("-0.5")),
            closed(M.SIMULATION, "3"),
            closed(M.PAPER, "99", state=PositionState.OPEN),
        ]
    )
    assert found == {M.PAPER: Shown(2, Decimal("3.5")), M.SIMULATION: Shown(1, Decimal(3))}


def test_going_down_asks_for_nothing() -> None:
    for was, to in ((M.LIVE, M.PAPER), (M.PAPER, M.VALIDATION), (M.SIMULATION, M.VALIDATION)):
        assert gates(Ladder(), was, to, {}) == []


@pytest.mark.parametrize(("trades", "may"), [(9, False), (10, True)])
def test_paper_needs_ten_closed_trades(trades: int, may: bool) -> None:
    [gate] = gates(Ladder(), M.SIMULATION, M.PAPER, {M.SIMULATION: Shown(trades)})
    assert gate.open is may
    assert gate.said == f"{trades} of 10 closed trades"


def test_trades_that_never_happened_do_not_count() -> None:
    [gate] = gates(Ladder(), M.VALIDATION, M.PAPER, {M.VALIDATION: Shown(50)})
    assert not gate.open


@pytest.mark.parametrize(
    ("trades", "profit", "wanted"),
    [(24, "1", [False, True]), (25, "0", [True, False]), (25, "0.01", [True, True])],
)
def test_real_money_needs_a_record_on_paper(trades: int, profit: str, wanted: list[bool]) -> None:
    found = gates(Ladder(), M.PAPER, M.LIVE, {M.PAPER: Shown(trades, Decimal(profit))})
    assert [gate.open for gate in found] == wanted


def test_from_simulation_to_real_money_both_records_are_needed() -> None:
    found = gates(Ladder(), M.SIMULATION, M.LIVE, {M.SIMULATION: Shown(30, Decimal(5))})
    assert [gate.open for gate in found] == [True, False, False]


def test_a_ladder_of_zeros_asks_for_no_record() -> None:
    for was in (M.VALIDATION, M.SIMULATION, M.PAPER):
        assert gates(Ladder(0, 0), was, M.LIVE, {}) == []
