"""Signals: which candles give one, and at which prices."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.decision.plan import NoLevels, levels
from agents.decision.rules import Context
from agents.decision.signals import Signal, entry_signals, exit_verdict, look
from agents.domain.market import Instrument
from agents.domain.proposal import PlannedTarget, Trailing
from agents.domain.strategy import Side, Sides, StrategySpec
from agents.extraction.frame import Frame
from tests.support.rule_trees import CONDITIONS, FIVE_MINUTES, FRAMES, START, candles

D = Decimal
STEPS = Instrument("BTC/USDT", "BTC", "USDT", D("0.5"), D("0.001"), D("0.001"), D(5))


def spec(**said: object) -> StrategySpec:
    base = {"symbols": ("BTC/USDT",), "side": Sides.BOTH, "timeframe": "5m", "stop": "2%"}
    return StrategySpec.model_validate(base | said)


def frame_of(*closes: float) -> Frame:
    close = np.array(closes, dtype=np.float64)
    opened = START + FIVE_MINUTES.ms * np.arange(len(close), dtype=np.int64)
    prices = (close, close + 1, close - 1, close, np.ones(len(close)))
    return Frame("BTC/USDT", FIVE_MINUTES, opened, prices)


RISING = frame_of(*range(100, 130))  # atr(14) is 2 at the end


def targets(*said: tuple[str, str]) -> list[dict[str, str]]:
    return [{"at": at, "share": share} for at, share in said]


@pytest.mark.parametrize(
    ("side", "stop", "price"),
    [
        (Side.LONG, "2%", "98"),
        (Side.SHORT, "2%", "102"),
        (Side.LONG, "1.5 atr", "97"),
        (Side.SHORT, "1.5 atr", "103"),
        (Side.LONG, "price 61.5", "61.5"),
        (Side.LONG, "below lowest(3)", "95"),
        (Side.SHORT, "above highest(3) + 1.5", "100.5"),
        (Side.LONG, "long 1%, short 3%", "99"),
        (Side.SHORT, "long 1%, short 3%", "103"),
    ],
)
def test_stops_become_prices(side: Side, stop: str, price: str) -> None:
    frame = frame_of(*np.arange(75, 97, 1.0), 94, 96, 98, 97.0)
    plan = spec(stop=stop)
    context = Context.of(frame)
    context.seen["atr(14)"] = 2.0  # a round range, to be read off
    found = levels(plan, side, context, D(100))
    assert not isinstance(found, NoLevels)
    assert found.stop == D(price)


def test_targets_and_trailing_become_prices() -> None:
    plan = spec(
        stop="2%",
        targets=targets(("1.5R", "0.25"), ("4%", "0.25"), ("2 atr", "0.25"), ("price 140", "0.1")),
        trailing="trail 3 atr; breakeven after 1R",
    )
    found = levels(plan, Side.LONG, Context.of(RISING), D(129))
    assert not isinstance(found, NoLevels)
    assert found.stop == D("126.42")
    assert found.targets == (
        PlannedTarget(D("132.87"), D("0.25")),
        PlannedTarget(D("134.16"), D("0.25")),
        PlannedTarget(D("133"), D("0.25")),
        PlannedTarget(D("140"), D("0.1")),
    )
    assert found.trailing == Trailing(distance=D(6), breakeven_r=D(1))
    short = levels(plan, Side.SHORT, Context.of(RISING), D(129))
    assert not isinstance(short, NoLevels)
    assert [target.price for target in short.targets][:2] == [D("125.13"), D("123.84")]


def test_with_an_instrument_r_is_measured_to_the_rounded_stop() -> None:
    plan = spec(stop="2%", targets=targets(("2R", "1")))
    found = levels(plan, Side.LONG, Context.of(RISING), D(129), STEPS)
    assert not isinstance(found, NoLevels)
    assert (found.stop, found.targets[0].price) == (D("126.5"), D("134.0"))


def test_a_trailing_distance_is_the_first_stop_where_none_was_said() -> None:
    plan = spec(stop=None, trailing="trail 2 atr")
    found = levels(plan, Side.LONG, Context.of(RISING), D(129))
    assert not isinstance(found, NoLevels)
    assert found.stop == D(125)


@pytest.mark.parametrize(
    ("said", "side", "reason"),
    [
        ({"stop": "price 130"}, Side.LONG,
         "the stop (price 130) at 130 is not below the price 129"),
        ({"stop": "price 129"}, Side.LONG,
         "the stop (price 129) at 129 is not below the price 129"),
        ({"stop": "below lowest(5)"}, Side.SHORT,
         "the stop (below lowest(5)) at 124 is not above the price 129"),
        ({"stop": "ema(200)"}, Side.LONG, "the stop (ema(200)) is not known yet"),
        ({"stop": "close - 500"}, Side.LONG,
         "the stop (close - 500) at -371 is not below the price 129"),
        ({"stop": "long 2%"}, Side.SHORT, "the strategy has no stop for a short trade"),
        ({"stop": None}, Side.LONG, "the strategy has no stop for a long trade"),
    ],
)  # fmt: skip
def test_without_a_usable_stop_there_is_a_reason(
    said: dict[str, object], side: Side, reason: str
) -> None:
    assert levels(spec(**said), side, Context.of(RISING), D(129)) == NoLevels(reason)


def test_an_unknown_trailing_distance_is_a_reason_too() -> None:
    plan = spec(trailing="trail 2 atr")
    found = levels(plan, Side.LONG, Context.of(frame_of(100, 101)), D(101))
    assert found == NoLevels("the trailing distance (2 atr) is not known yet")


def test_a_look_enters_holds_and_says_why() -> None:
    context = Context.of(RISING)
    enters = look(spec(entry_long="close > 100", entry_short="close < 100"), context)
    assert enters.side is Side.LONG
    assert enters.levels is not None
    assert enters.levels.price == D(129)
    assert enters.verdicts.keys() == {Side.LONG, Side.SHORT}
    reasons = {
        look(spec(**said), context).reason
        for said in (
            {"entry_long": "close < 100"},
            {"entry_long": "close > 100", "entry_short": "close > 100"},
            {"entry_long": "ema(200) > 100"},
            {},
            {"entry_long": "close > 1", "windows": [{"from": "08:00", "to": "09:00"}]},
            {"entry_long": "close > 1", "side": "short"},
        )
    }
    assert reasons == {
        "the rules do not pass",
        "the long and the short rule pass at once",
        "the rules need more history",
        "the strategy has no entry rule",
        "the rules pass outside the strategy's hours",
    }


def test_an_exit_rule_is_looked_at_for_its_side() -> None:
    plan = spec(entry_long="close > 1", exit_long="close > 120")
    verdict = exit_verdict(plan, Side.LONG, Context.of(RISING))
    assert verdict is not None
    assert verdict.passed
    assert exit_verdict(plan, Side.SHORT, Context.of(RISING)) is None


def test_every_true_candle_signals_and_both_sides_at_once_do_not() -> None:
    plan = spec(entry_long="close > 101", entry_short="close < 103", targets=targets(("2R", "1")))
    found = list(entry_signals(plan, frame_of(100, 101, 102, 103, 104)))
    assert [(one.side.value, float(one.price)) for one in found] == [
        ("short", 100.0),
        ("short", 101.0),
        ("long", 103.0),
        ("long", 104.0),
    ]
    assert found[0].as_json() == {
        "time": "2024-01-01T00:05:00+00:00",
        "symbol": "BTC/USDT",
        "side": "short",
        "price": 100.0,
        "stop": 102.0,
        "targets": [96.0],
    }


def test_only_the_sides_that_the_strategy_takes_signal() -> None:
    plan = spec(entry_long="close > 1", entry_short="close > 1", side="long")
    assert {one.side for one in entry_signals(plan, RISING)} == {Side.LONG}


def test_a_strategy_without_a_stop_signals_without_one() -> None:
    plan = spec(entry_long="close > 128", stop=None, targets=targets(("2R", "0.5"), ("4%", "0.5")))
    (signal,) = entry_signals(plan, RISING)
    assert (signal.stop, signal.targets) == (None, (None, D("134.16")))
    assert signal.as_json()["targets"] == [None, 134.16]


def test_windows_filter_by_the_close_in_their_zone_over_midnight() -> None:
    hours = [{"from": "22:00", "to": "02:00", "tz": "America/New_York", "days": ["mon"]}]
    frame = candles(5, 12 * 24 * 9)
    plan = spec(entry_long="close > 0", windows=hours)
    times = [
        one.time.astimezone(ZoneInfo("America/New_York")) for one in entry_signals(plan, frame)
    ]
    assert len(times) == 2 * 4 * 12
    assert {(time.weekday(), time.hour) for time in times} == {(0, 22), (0, 23), (1, 0), (1, 1)}


@given(
    CONDITIONS.map(str),
    CONDITIONS.map(str),
    FRAMES,
    st.sampled_from(["2%", "2 atr", "lowest(4)", "long ema(4)@15m, short above highest(4)"]),
    st.sampled_from([[], targets(("2R", "1")), targets(("bb(5,1.5).upper@1h", "1"))]),
    st.sampled_from([None, "trail 2 atr"]),
)
@settings(deadline=None, max_examples=100)
def test_the_last_candle_of_a_history_is_a_look(
    long: str,
    short: str,
    frame: Frame,
    stop: str,
    out: list[dict[str, str]],
    trailing: str | None,
) -> None:
    """Live looks at one candle, a backtest at all of them: they must see the same."""
    plan = spec(entry_long=long, entry_short=short, stop=stop, targets=out, trailing=trailing)
    seen = look(plan, Context.of(frame))
    last = [
        one for one in entry_signals(plan, frame) if one.time.timestamp() * 1000 == frame.closed[-1]
    ]
    assert last == [_as_signal(frame, seen.levels, last)] if seen.levels else last == []


def _as_signal(frame: Frame, found: object, last: list[Signal]) -> Signal:
    """`found` levels as a signal, the unknown targets of the history beside them."""
    from agents.decision.plan import Levels

    assert isinstance(found, Levels)
    known = iter(target.price for target in found.targets)
    stated = tuple(None if target is None else next(known) for target in last[0].targets)
    return Signal(last[0].time, frame.symbol, found.side, found.price, found.stop, stated)
