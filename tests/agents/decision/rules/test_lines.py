"""Strategy text in lines, as people write it."""

import json
from pathlib import Path

import pytest

from agents.decision.rules import is_rule_text, parse_lines
from agents.decision.rules.lines import RULES
from agents.domain.errors import RuleError

LONG = {"entry_long": "rsi(14) < 30", "stop": "2%"}


@pytest.mark.parametrize(
    ("text", "header", "lines", "rest"),
    [
        ("BTC/USDT 5m\nentry long: rsi<30\nstop: 2%", "BTC/USDT 5m", LONG, ()),
        ("BTC/USDT 5m entry long: rsi < 30 stop: 2%", "BTC/USDT 5m", LONG, ()),
        ("btc, 5m. Entry Long: RSI < 30; stop 2%", "btc, 5m", LONG, ()),
        ("BTC 5m; entry long = rsi < 30, stop loss 2%.", "BTC 5m", LONG, ()),
        ("entry long: rsi < 30 SL: 2%", "", LONG, ()),
        ("long entry: rsi < 30. stop-loss: 2%", "", LONG, ()),
        ("entry long: rsi < 30; hold the door; stop 2%", "", LONG, ("hold the door",)),
        ("ETH entry long: rsi<30 risk: 1% stop: 2%; max 2 positions", "ETH", LONG,
         ("risk: 1%", "max 2 positions")),
        ("entry long:\n  rsi < 30\n  and close > 1\n\nstop:\n 2%", "",
         {"entry_long": "rsi(14) < 30 and close > 1", "stop": "2%"}, ()),
        ("entry long: (rsi < 30\nor close > 1)\nand\nvolume > 5", "",
         {"entry_long": "(rsi(14) < 30 or close > 1) and volume > 5"}, ()),
        ("entry long: rsi < 30\nthis is a note", "", {"entry_long": "rsi(14) < 30"},
         ("this is a note",)),
        ("entry long: close > open; 3R", "", {"entry_long": "close > open", "target": "3R"}, ()),
        ("entry short: close < open; stop above highest(10); 50% at 1R, rest at 2R", "",
         {"entry_short": "close < open", "stop": "above highest(10)",
          "target": "50% at 1R, rest at 2R"}, ()),
        ("target: 50% at 1R\ntarget: rest at 2R\nexit short: rsi > 50", "",
         {"exit_short": "rsi(14) > 50", "target": "50% at 1R, rest at 2R"}, ()),
        ("take profit: 4% trailing stop: 2%; breakeven after 1R", "",
         {"target": "4%", "trailing": "trail 2%; breakeven after 1R"}, ()),
        ("stop: long 2%,\n short 3%; trail 3 atr", "",
         {"stop": "long 2%, short 3%", "trailing": "trail 3 atr"}, ()),
        ("hello", "hello", {}, ()),
        ("", "", {}, ()),
    ],
)  # fmt: skip
def test_lines(text: str, header: str, lines: dict[str, str], rest: tuple[str, ...]) -> None:
    found = parse_lines(text)
    assert (found.header, dict(found.lines), found.rest) == (header, lines, rest)


@pytest.mark.parametrize(
    ("text", "steps", "rest"),
    [
        ("manage: close 50% when rsi > 70", ["close 50% when rsi(14) > 70"], ()),
        ("Manage: CLOSE 12.5 % WHEN rsi > 70\nmanage: stop to entry when rsi > 60",
         ["close 12.5% when rsi(14) > 70", "stop to entry when rsi(14) > 60"], ()),
        ("manage: long: close 50% when rsi > 70; manage: short: close 50% when rsi < 30; hold on",
         ["long: close 50% when rsi(14) > 70", "short: close 50% when rsi(14) < 30"], ("hold on",)),
        ("manage: close 50% when rsi > 70\n and close > 1; stop to entry when rsi > 60",
         ["close 50% when rsi(14) > 70 and close > 1", "stop to entry when rsi(14) > 60"], ()),
        ("management: stop to entry when (rsi > 60\nor close > 1) risk: 1%",
         ["stop to entry when rsi(14) > 60 or close > 1"], ("risk: 1%",)),
    ],
)  # fmt: skip
def test_steps(text: str, steps: list[str], rest: tuple[str, ...]) -> None:
    found = parse_lines(f"BTC/USDT 5m entry long: rsi < 30; stop: 2%; {text}")
    assert [str(step) for step in found.steps] == steps
    assert (dict(found.lines), found.rest) == (LONG, rest)
    assert parse_lines(str(found)) == found


def test_a_print_of_lines_parses_back_to_itself() -> None:
    text = "BTC/USDT 5m entry long: rsi<30 entry short: rsi>70 stop: 2% target: 2R; trail 1 atr"
    found = parse_lines(text)
    assert parse_lines(str(found)) == found
    assert str(found).splitlines() == [
        "BTC/USDT 5m",
        "entry long: rsi(14) < 30",
        "entry short: rsi(14) > 70",
        "stop: 2%",
        "target: 2R",
        "trailing: trail 1 atr",
    ]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("BTC 15m\nentry long: rsi < 30 and\n close > ema(5)@5m", " close > ema(5)@5m", "@5m"),
        ("entry long: rsi<30\nstop: 3R", "stop: 3R", "3R"),
        ("entry long: rsi<30 stop: 2% stop: 3%", "entry long: rsi<30 stop: 2% stop: 3%", "stop"),
        ("entry long: rsy < 3; stop 2%", "entry long: rsy < 3; stop 2%", "rsy"),
        ("stop: 2%\nmanage: close 5% when rsy < 3", "manage: close 5% when rsy < 3", "rsy"),
    ],
)
def test_an_error_points_into_the_whole_text(text: str, line: str, word: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_lines(text)
    _, shown, carets = caught.value.pointed().splitlines()
    assert shown == line
    assert shown[carets.index("^") : carets.rindex("^") + 1] == word


@pytest.mark.parametrize(
    ("text", "timeframe"),
    [
        ("BTC/USDT 15m entry long: close > 1", "15m"),
        ("BTC 60M. entry long: close > 1", "1h"),
        ("BTC entry long: close > 1", None),
        ("BTC 5m or 15m entry long: close > 1", None),
    ],
)
def test_the_timeframe_of_the_header(text: str, timeframe: str | None) -> None:
    assert parse_lines(text).timeframe == timeframe


def test_what_is_rule_text() -> None:
    assert is_rule_text("BTC 5m entry long: rsi < 30")
    assert is_rule_text("exit short: rsi < 30")
    assert not is_rule_text("buy btc when rsi < 30, stop: 2%")
    assert not is_rule_text("my entry long ago was bad")


def test_samples_in_the_rule_language(shared_data: Path) -> None:
    rows = (shared_data / "text" / "sentences.jsonl").read_text("utf-8").splitlines()
    samples = [row for row in map(json.loads, rows) if row["kind"] == "rule language"]
    assert len(samples) >= 3
    for sample in samples:
        expected, found = sample["expect"], parse_lines(sample["text"])
        assert found.timeframe == expected["timeframe"]
        assert found.rest == ()
        for name in (*RULES, "stop"):
            assert found.lines.get(name) == expected.get(name), sample["id"]
        for target, stated in zip(found.targets, expected.get("targets", []), strict=True):
            assert (target.at, float(target.share)) == (stated["at"], stated["share"])
