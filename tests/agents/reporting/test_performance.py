"""Performance: definitions checked against plain arithmetic; unknown is None."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agents.domain.position import Position, PositionState
from agents.domain.proposal import Trailing
from agents.domain.strategy import Mode, Side
from agents.reporting.performance import (
    daily,
    drawdown,
    equity_curve,
    grouped,
    performance,
)

START = datetime(2022, 1, 19, 23, tzinfo=UTC)


def trade(gross: Decimal, hours: int = 0, symbol: str = "BTC/USDT") -> Position:
    return Position(
        owner_id=1,
        strategy_id=1,
        strategy_name="dip",
        account_id=1,
        proposal_id=hours,
        symbol=symbol,
        timeframe="5m",
        mode=Mode.PAPER,
        side=Side.LONG,
        quantity=Decimal(0),
        entered=Decimal(2),
        entry_price=Decimal(100),
        initial_stop=Decimal(95),
        stop=Decimal(95),
        targets=(),
        trailing=Trailing(),
        best=Decimal(100),
        realised=gross,
        fees=Decimal(1),
        opened_at=START,
        state=PositionState.CLOSED,
        closed_at=START + timedelta(hours=hours),
    )


def test_nothing_closed_is_unknown() -> None:
    summary = performance([])
    assert summary.trades == 0
    assert summary.net == 0
    assert summary.win_rate is summary.profit_factor is summary.average_r is None


def test_the_numbers_of_three_trades() -> None:
    summary = performance([trade(Decimal(g), h) for h, g in enumerate((21, -10, 11))])
    assert summary.net == 19
    assert (summary.wins, summary.losses) == (2, 1)
    assert summary.profit_factor == Decimal(30) / Decimal(11)
    assert summary.median_r == 1  # net 10 on a risk of 5 x 2
    assert summary.drawdown == 11


def test_days_are_those_of_the_reader() -> None:
    trades = [trade(Decimal(11), 0), trade(Decimal(11), 2)]
    assert [row[1] for row in daily(trades, "UTC")] == [1, 1]
    assert [row[1:] for row in daily(trades, "Asia/Tokyo")] == [(2, Decimal(20))]


def test_groups_by_symbol() -> None:
    groups = grouped([trade(Decimal(5)), trade(Decimal(5), symbol="ETH/USDT")], lambda p: p.symbol)
    assert list(groups) == ["BTC/USDT", "ETH/USDT"]


@given(st.lists(st.integers(-100, 100).map(Decimal), max_size=30))
def test_the_curve_ends_where_the_sum_does(results: list[Decimal]) -> None:
    trades = [trade(result, hour) for hour, result in enumerate(results)]
    curve = equity_curve(trades, Decimal(1000), START)
    assert curve[-1][1] == 1000 + sum(trade.net() for trade in trades)
    values = [Decimal(0)]
    for result in results:
        values.append(values[-1] + result)
    falls = [max(values[: i + 1]) - value for i, value in enumerate(values)]
    assert drawdown(results) == max(falls)
