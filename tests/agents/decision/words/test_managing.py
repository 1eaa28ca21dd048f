"""What is done with an open position, in words: parts that are closed, stops that move."""

import json
from decimal import Decimal

import pytest

from agents.decision.words import Reading, read
from agents.domain.symbols import DEFAULT_UNIVERSE

HEAD = "Buy BTC when RSI(14) on 15m < 30, stop 1%"
BOTH = "BTC 15m long when rsi<30, short when rsi>70, stop 1%"
CROSS = "macd(12,26,9).line crosses {} macd(12,26,9).signal"


def reading(rest: str, head: str = HEAD) -> Reading:
    return read(f"{head}{rest if rest[:1] in ';.' else f', {rest}'}", DEFAULT_UNIVERSE)


def texts(found: Reading) -> list[str]:
    return [str(step) for step in found.manage]


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        ("sell half when RSI > 70", ["close 50% when rsi(14) > 70"]),
        ("take half off when RSI > 70", ["close 50% when rsi(14) > 70"]),
        ("take half off when MACD crosses down", [f"close 50% when {CROSS.format('below')}"]),
        ("close 50% when rsi(14) > 70", ["close 50% when rsi(14) > 70"]),
        ("take 30% off if RSI is overbought", ["close 30% when rsi(14) > 70"]),
        ("close a third once price crosses above EMA(50)",
         ["close 33.33% when close crosses above ema(50)"]),
        ("scale out 25% when RSI > 70 and price above the 200 ema",
         ["close 25% when rsi(14) > 70 and close > ema(200)"]),
        (". Trim half when RSI > 70. Risk 1%", ["close 50% when rsi(14) > 70"]),
        ("reduce by half as soon as RSI > 70", ["close 50% when rsi(14) > 70"]),
        ("reduce the position to 25% when RSI > 70", ["close 75% when rsi(14) > 70"]),
        ("halve the position when RSI > 70", ["close 50% when rsi(14) > 70"]),
        ("sell half of my BTC when BTC hits 70000", ["close 50% when close >= 70000"]),
        ("half off when RSI > 70", ["close 50% when rsi(14) > 70"]),
        ("take profit on half when RSI > 70", ["close 50% when rsi(14) > 70"]),
        ("take half at RSI 70", ["close 50% when rsi(14) >= 70"]),
        ("sell half when it is above 60", ["close 50% when rsi(14) > 60"]),
        ("sell half when RSI > 60 or MACD crosses down",
         [f"close 50% when rsi(14) > 60 or {CROSS.format('below')}"]),
        ("sell half when RSI > 70, price above ema 200, risk 1%",
         ["close 50% when rsi(14) > 70 and close > ema(200)"]),
        ("when RSI > 70 sell half", ["close 50% when rsi(14) > 70"]),
        ("; if RSI > 70, take half off; risk 1%", ["close 50% when rsi(14) > 70"]),
        ("RSI > 70 -> sell half", ["close 50% when rsi(14) > 70"]),
        ("on RSI > 70 sell half", ["close 50% when rsi(14) > 70"]),
        ("RSI > 70, sell half", ["close 50% when rsi(14) > 70"]),
        ("sell half of the stack early when RSI > 70", ["close 50% when rsi(14) > 70"]),
        ("move stop to entry after RSI crosses above 50",
         ["stop to entry when rsi(14) crosses above 50"]),
        ("RSI above 70: trim 25%", ["close 25% when rsi(14) > 70"]),
        ("sell a third when RSI > 60, two thirds when RSI > 70",
         ["close 33.33% when rsi(14) > 60", "close 66.67% when rsi(14) > 70"]),
        ("move stop to entry when RSI > 60", ["stop to entry when rsi(14) > 60"]),
        ("stop to breakeven when price crosses above EMA(50)",
         ["stop to entry when close crosses above ema(50)"]),
        ("SL to BE once MACD crosses above signal",
         [f"stop to entry when {CROSS.format('above')}"]),
        (". Once RSI > 60, move the stop to breakeven", ["stop to entry when rsi(14) > 60"]),
        ("sell half and move stop to BE when RSI > 70",
         ["close 50% when rsi(14) > 70", "stop to entry when rsi(14) > 70"]),
        ("sell half when RSI > 70 and move stop to BE",
         ["close 50% when rsi(14) > 70", "stop to entry when rsi(14) > 70"]),
        ("when RSI > 70 sell half and move stop to BE",
         ["close 50% when rsi(14) > 70", "stop to entry when rsi(14) > 70"]),
    ],
)  # fmt: skip
def test_steps(said: str, steps: list[str]) -> None:
    found = reading(said)
    assert texts(found) == steps
    assert (found.entry_long, found.entry_short, found.side) == ("rsi(14) < 30", None, "long")
    assert (found.exit_long, found.exit_short) == (None, None)
    assert (found.targets, found.trailing, found.guidance) == ((), None, None)
    assert found.unread == ()
    spec = found.spec()
    assert spec is not None
    assert spec.manage == found.manage


@pytest.mark.parametrize(
    ("said", "steps", "leaving"),
    [
        ("sell half when RSI > 70, close the rest when RSI > 80", 1, "rsi(14) > 80"),
        ("sell half when RSI > 70, sell the rest when RSI > 80", 1, "rsi(14) > 80"),
        ("sell half when RSI > 70 and the rest when RSI > 80", 1, "rsi(14) > 80"),
        ("sell half when RSI > 70, exit the remainder if RSI > 80", 1, "rsi(14) > 80"),
        ("scale out: 25% when RSI > 60, 25% when RSI > 70, rest when RSI > 80", 2, "rsi(14) > 80"),
        ("if RSI > 70 take 1/3 off, sell the remaining 2/3 when RSI > 80", 1, "rsi(14) > 80"),
        ("close half the trade when RSI > 70, and the other half when RSI > 80", 1,
         "rsi(14) > 80"),
        ("sell half at 2R, dump the rest when RSI > 80", 0, "rsi(14) > 80"),
        ("trim 25% when RSI > 70; when RSI > 80 close the rest", 1, "rsi(14) > 80"),
        ("a third off when RSI > 60, another third when RSI > 70, the rest when RSI > 80", 2,
         "rsi(14) > 80"),
        ("sell half when RSI > 60, exit when MACD crosses down", 1, CROSS.format("below")),
    ],
)  # fmt: skip
def test_the_rest_is_closed_by_the_exit_rule(said: str, steps: int, leaving: str) -> None:
    found = reading(said)
    assert len(found.manage) == steps
    assert found.exit_long == leaving
    assert found.entry_long == "rsi(14) < 30"
    assert found.unread == ()


@pytest.mark.parametrize(
    ("said", "targets", "trailing", "exit_long"),
    [
        ("move stop to BE after 1R, sell half at 2R", ["2R"], "breakeven after 1R", None),
        ("breakeven at tp1, target 2R", ["2R"], "breakeven after 2R", None),
        ("breakeven when up 2%, target 2R", ["2R"], "breakeven after 2R", None),
        ("sell half at 70000", ["price 70000"], None, None),
        ("sell half when up 2%", ["2%"], None, None),
        ("half at 1.5R, rest at 3R", ["1.5R", "3R"], None, None),
        ("sell all when RSI > 70", [], None, "rsi(14) > 70"),
        ("close when RSI > 70", [], None, "rsi(14) > 70"),
        ("sell when RSI > 70", [], None, "rsi(14) > 70"),
        ("scale in 25%", [], None, None),
        ("take profit when RSI > 70", [], None, "rsi(14) > 70"),
    ],
)
def test_targets_trails_and_exits_stay_what_they_are(
    said: str, targets: list[str], trailing: str | None, exit_long: str | None
) -> None:
    found = reading(said)
    assert found.manage == ()
    assert [one.at for one in found.targets] == targets
    assert (found.trailing, found.exit_long) == (trailing, exit_long)
    assert found.entry_long == "rsi(14) < 30"
    assert "manage" not in found.as_json()


@pytest.mark.parametrize(
    "said",
    [
        "sell half when it feels toppy",
        "sell half when momentum fades",
        "sell half when RSI > 70 and momentum fades",
        "sell half when it feels toppy, rsi > 70",
        "sell half when ETH drops 5%",
        "sell half when RSI > 170",
        "sell some when RSI > 70",
        "take some profit when RSI > 70",
        "partially close when RSI > 70",
        "close part of the position when RSI > 70",
        "don't sell half when RSI > 70",
        "stop selling half when RSI > 70",
    ],
)
def test_what_can_not_be_done_is_named_whole(said: str) -> None:
    found = reading(f"{said}; target 3R")
    assert found.unread == (said,)
    assert any(question.field == "manage" for question in found.asks)
    assert found.manage == ()
    assert (found.exit_long, found.entry_long) == (None, "rsi(14) < 30")
    assert [one.at for one in found.targets] == ["3R"]
    assert found.side == "long"


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        ("sell half when rsi > 60, cover half when rsi < 40",
         ["long: close 50% when rsi(14) > 60", "short: close 50% when rsi(14) < 40"]),
        ("buy back half when rsi < 40", ["short: close 50% when rsi(14) < 40"]),
        ("close half when rsi > 50", ["close 50% when rsi(14) > 50"]),
        ("close half of the shorts when rsi < 40", ["short: close 50% when rsi(14) < 40"]),
        ("long: trim 25% when rsi > 60; short: trim 25% when rsi < 40",
         ["long: close 25% when rsi(14) > 60", "short: close 25% when rsi(14) < 40"]),
        ("close half when macd crosses the signal",
         [f"long: close 50% when {CROSS.format('below')}",
          f"short: close 50% when {CROSS.format('above')}"]),
        ("move the stop to entry when adx > 25", ["stop to entry when adx(14) > 25"]),
    ],
)  # fmt: skip
def test_sides_of_a_strategy_with_both(said: str, steps: list[str]) -> None:
    found = reading(said, BOTH)
    assert texts(found) == steps
    assert (found.entry_long, found.entry_short) == ("rsi(14) < 30", "rsi(14) > 70")
    assert (found.exit_long, found.exit_short) == (None, None)


def test_the_rest_of_each_side_has_its_exit() -> None:
    found = reading("sell the rest when rsi > 65, cover the rest when rsi < 35", BOTH)
    assert (found.exit_long, found.exit_short) == ("rsi(14) > 65", "rsi(14) < 35")


def test_a_mirrored_side_has_the_opposite_step() -> None:
    found = reading("sell half when rsi > 60, vice versa for shorts")
    assert texts(found) == [
        "long: close 50% when rsi(14) > 60",
        "short: close 50% when rsi(14) < 40",
    ]


@pytest.mark.parametrize("verb", ["cover", "close", "sell"])
def test_one_side_needs_no_word_for_it(verb: str) -> None:
    found = read(f"BTC 15m short when rsi>70, stop 1%, {verb} half when rsi < 40", DEFAULT_UNIVERSE)
    assert texts(found) == ["close 50% when rsi(14) < 40"]
    assert (found.side, found.exit_short, found.entry_short) == ("short", None, "rsi(14) > 70")


def test_a_step_of_the_other_side_is_left_out_and_said() -> None:
    found = reading("short: trim half when rsi < 40")
    assert found.manage == ()
    assert any("only goes long" in question for question in found.questions)
    assert found.unread


def test_more_than_six_are_named() -> None:
    found = reading(", ".join(f"sell 10% when RSI > {level}" for level in range(60, 76, 2)))
    assert len(found.manage) == 6
    assert found.unread == ("close 10% when rsi(14) > 72", "close 10% when rsi(14) > 74")
    assert any("6 steps" in question for question in found.questions)


def test_the_same_step_counts_once_and_parts_are_explained() -> None:
    once = reading("sell half when RSI > 70, sell half when RSI > 70")
    twice = reading("sell half when RSI > 70, sell half when RSI > 80")
    note = "Each step closes its part of what is open by then."
    assert len(once.manage) == 1
    assert note not in once.assumptions
    assert note in twice.assumptions


def test_the_json_names_steps_only_where_there_are_any() -> None:
    found = reading("sell half when RSI > 70").as_json()
    assert found["manage"] == ["close 50% when rsi(14) > 70"]
    assert json.loads(json.dumps(found)) == found
    assert "manage" not in reading("target 2R").as_json()


def test_a_timeframe_named_in_a_step_counts_for_the_strategy() -> None:
    found = read("buy btc when rsi<30, stop 1%, sell half when 15m rsi > 70", DEFAULT_UNIVERSE)
    assert found.timeframe == "15m"
    assert found.manage[0].close == Decimal("0.5")


def test_spellings_and_words_stay_those_of_the_user() -> None:
    said = f"{HEAD}, sell half when RSI is overbougt"
    found = read(said, DEFAULT_UNIVERSE)
    assert found.said == said
    assert any("“overbougt” as overbought" in note for note in found.assumptions)
    assert texts(found) == ["close 50% when rsi(14) > 70"]


LINES = "BTC/USDT 15m\nentry long: rsi(14) < 30\nentry short: rsi(14) > 70\nstop: 2%\n"


@pytest.mark.parametrize(
    ("lines", "steps"),
    [
        ("manage: close 50% when rsi > 60", ["close 50% when rsi(14) > 60"]),
        ("manage: long: close 50% when rsi > 60\nmanage: short: stop to entry when rsi < 40",
         ["long: close 50% when rsi(14) > 60", "short: stop to entry when rsi(14) < 40"]),
        ("manage: close 50% when rsi > 60\nsell a third when MACD crosses down",
         [f"long: close 33.33% when {CROSS.format('below')}", "close 50% when rsi(14) > 60"]),
        ("manage: sell half when RSI > 60", ["long: close 50% when rsi(14) > 60"]),
    ],
)  # fmt: skip
def test_lines_of_the_rule_language(lines: str, steps: list[str]) -> None:
    found = read(f"{LINES}{lines}", DEFAULT_UNIVERSE)
    assert texts(found) == steps
    assert (found.entry_long, found.entry_short) == ("rsi(14) < 30", "rsi(14) > 70")
    assert (found.exit_long, found.exit_short, found.stop) == (None, None, "2%")
    assert found.unread == ()


def test_a_step_on_a_shorter_timeframe_is_asked_about() -> None:
    text = "BTC 1h\nentry long: rsi < 30\nstop: 2%\nmanage: close 50% when rsi@15m > 70"
    found = read(text, DEFAULT_UNIVERSE)
    assert any("15m" in question for question in found.questions)
