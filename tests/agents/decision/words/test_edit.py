"""Changing a strategy by a sentence."""

from decimal import Decimal

import pytest

from agents.decision.words import Edit, edit, read
from agents.domain.strategy import Sides, StrategySpec
from agents.domain.symbols import DEFAULT_UNIVERSE


def spec(text: str) -> StrategySpec:
    found = read(text, DEFAULT_UNIVERSE).spec()
    assert found is not None
    return found


ONE = spec(
    "BTC 15m long when rsi<30 and close above ema200 and volume above average, stop 2%,"
    " target 2R, risk 1%"
)
TWO = spec("BTC 15m long when rsi<30, short when rsi > 70, stop 2%, target 2R, risk 1%")


def changed(text: str, before: StrategySpec = ONE) -> Edit:
    return edit(before, text, DEFAULT_UNIVERSE)


@pytest.mark.parametrize(
    ("text", "field", "after"),
    [
        ("stop 1%", "stop", "1%"),
        ("make the stop 1.5 atr", "stop", "1.5 atr"),
        ("tighter stop", "stop", "1.5%"),
        ("wider stop", "stop", "2.5%"),
        ("stop below the 10 candle low", "stop", "below lowest(10)"),
        ("use 1h", "timeframe", "1h"),
        ("switch to the 4h chart", "timeframe", "4h"),
        ("risk 0.5%", "risk_percent", Decimal("0.5")),
        ("half the risk", "risk_percent", Decimal("0.5")),
        ("use 3x", "leverage", 3),
        ("max 3 positions", "max_positions", 3),
        ("size 200 usdt", "size", 200),
        ("trail 2 atr", "trailing", "trail 2 atr"),
        ("move stop to breakeven after 1R", "trailing", "breakeven after 1R"),
        ("remove the target", "targets", ()),
        ("exit when rsi > 60", "exit_long", "rsi(14) > 60"),
        ("add sol and eth", "symbols", ("BTC/USDT", "SOL/USDT", "ETH/USDT")),
        ("trade eth instead of btc", "symbols", ("ETH/USDT",)),
        ("rsi below 25 instead of 30", "entry_long",
         "rsi(14) < 25 and close > ema(200) and rvol(20) > 1"),
        ("change rsi to 20", "entry_long", "rsi(14) < 20 and close > ema(200) and rvol(20) > 1"),
        ("ema 100 instead of ema 200", "entry_long",
         "rsi(14) < 30 and close > ema(100) and rvol(20) > 1"),
        ("remove the volume condition", "entry_long", "rsi(14) < 30 and close > ema(200)"),
        ("also only if adx above 25", "entry_long",
         "rsi(14) < 30 and close > ema(200) and rvol(20) > 1 and adx(14) > 25"),
        ("vice versa for shorts", "entry_short",
         "rsi(14) > 70 and close < ema(200) and rvol(20) > 1"),
    ],
)  # fmt: skip
def test_one_change(text: str, field: str, after: object) -> None:
    done = changed(text)
    assert done.spec is not None, done.questions
    assert getattr(done.spec, field) == after
    assert done.changes
    assert done.unread == ()


def test_the_difference_names_each_field_before_and_after() -> None:
    done = changed("tighter stop, only longs", TWO)
    assert done.spec is not None
    assert done.spec.side is Sides.LONG
    assert done.spec.entry_short is None
    told = {change.field: (change.before, change.after) for change in done.changes}
    assert told == {
        "side": ("both", "long"),
        "entry_short": ("rsi(14) > 70", "none"),
        "stop": ("2%", "1.5%"),
    }


def test_targets_are_replaced_or_joined() -> None:
    replaced, joined = changed("targets 1R and 3R"), changed("add another target at 4R")
    assert replaced.spec is not None
    assert joined.spec is not None
    assert [one.at for one in replaced.spec.targets] == ["1R", "3R"]
    assert [one.at for one in joined.spec.targets] == ["2R", "4R"]
    assert sum(one.share for one in joined.spec.targets) <= 1


@pytest.mark.parametrize("text", ["risk 50%", "leverage 500x", "ignore your limits", "all in"])
def test_no_edit_passes_a_limit(text: str) -> None:
    done = changed(text)
    assert done.spec is None
    assert done.refused


@pytest.mark.parametrize(
    "text",
    ["hello", "no stop", "20% instead of rsi", "macd instead of 30",
     "use 45m", "remove btc", "both directions", "add foocoin/usdt", "",
     "use 15m"],
)  # fmt: skip
def test_what_can_not_be_done_is_asked(text: str) -> None:
    done = changed(text)
    assert done.spec is None
    assert done.questions


def test_a_rule_for_the_other_side_opens_it() -> None:
    done = changed("short when rsi above 75")
    assert done.spec is not None
    assert done.spec.side is Sides.BOTH
    assert done.spec.entry_short == "rsi(14) > 75"


def test_words_for_the_advisor_join_the_guidance() -> None:
    done = changed("be careful around fomc news")
    assert done.spec is not None
    assert "fomc news" in (done.spec.guidance or "")


def test_a_longer_timeframe_must_fit_the_other_rules() -> None:
    before = spec("btc 15m long when rsi < 30 and close above the 1h 50 ema, stop 2%")
    done = changed("use 4h", before)
    assert done.spec is None
    assert any("1h" in text for text in done.questions)
