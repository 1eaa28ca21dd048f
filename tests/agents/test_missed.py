"""Candles that nobody looked at: each recorded once, and a long absence told in few rows."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from agents.domain.decision import Action
from agents.domain.market import Timeframe
from agents.domain.strategy import Mode, RunKind, Strategy, StrategyState
from agents.missed import MOST, missed
from tests.support.clock import START
from tests.support.desk import spec

FIVE = Timeframe.parse("5m")
STEP = FIVE.length


def strategy(**changes) -> Strategy:
    told = {
        "id": 1,
        "owner_id": 1,
        "number": 1,
        "name": "Dips",
        "version": 1,
        "state": StrategyState.ACTIVE,
        "mode": Mode.PAPER,
        "run": RunKind.CONTINUOUS,
        "spec": spec(),
        "sentence": "",
        "created_at": START,
        "activated_at": START - timedelta(days=100),
    }
    return Strategy(**{**told, **changes})


def rows(last, item=None, closed=START, now=START):
    return list(missed([item or strategy()], last, FIVE, closed, now))


def test_each_candle_between_the_last_one_and_this_one() -> None:
    found = rows({(1, "BTC/USDT"): START - 4 * STEP})
    assert [one.closed for one in found] == [START - 3 * STEP, START - 2 * STEP, START - STEP]
    assert {one.action for one in found} == {Action.MISSED}


def test_nothing_when_none_is_between_or_the_clock_went_back() -> None:
    for last in (START - STEP, START, START + 100 * STEP):
        assert rows({(1, "BTC/USDT"): last}) == []


def test_a_strategy_that_never_decided_counts_from_its_activation() -> None:
    fresh = strategy(activated_at=START - 2 * STEP - timedelta(minutes=3))
    assert [one.closed for one in rows({}, fresh)] == [START - 2 * STEP, START - STEP]


def test_a_pause_is_not_an_absence() -> None:
    resumed = strategy(activated_at=START - STEP)
    assert rows({(1, "BTC/USDT"): START - 500 * STEP}, resumed) == []


def test_each_symbol_counts_for_itself() -> None:
    both = strategy(spec=spec(symbols=("BTC/USDT", "ETH/USDT")))
    last = {(1, "BTC/USDT"): START - 3 * STEP, (1, "ETH/USDT"): START - 2 * STEP}
    assert [one.symbol for one in rows(last, both)] == ["BTC/USDT", "BTC/USDT", "ETH/USDT"]


def test_a_long_absence_is_a_few_rows_and_the_oldest_tells_the_rest() -> None:
    found = rows({(1, "BTC/USDT"): START - (MOST + 11) * STEP})
    assert len(found) == MOST
    assert found[0].reason == (
        "it closed while Parley was not running, as did the 10 candles before it"
    )
    assert found[1].reason == "it closed while Parley was not running"


def test_one_candle_more_than_the_rows_is_told_as_one() -> None:
    found = rows({(1, "BTC/USDT"): START - (MOST + 2) * STEP})
    assert found[0].reason.endswith(", as did the candle before it")


@given(behind=st.integers(-50, 1_000_000))
def test_rows_never_grow_with_the_absence(behind: int) -> None:
    found = rows({(1, "BTC/USDT"): START - behind * STEP}, strategy(activated_at=None))
    assert len(found) == min(max(0, behind - 1), MOST)
    assert all(one.closed < START for one in found)
