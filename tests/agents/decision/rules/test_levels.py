"""Stops, targets and trailing: what is accepted, printed and refused."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.decision.rules import (
    At,
    Fixed,
    Level,
    Multiple,
    Percent,
    Ranges,
    Stop,
    Trail,
    parse_stop,
    parse_target_level,
    parse_targets,
    parse_trailing,
    targets_text,
)
from agents.domain.errors import RuleError
from agents.domain.strategy import Target
from tests.support.rule_trees import VALUES

AMOUNTS = st.decimals("0.01", 99, places=2)
DISTANCES = AMOUNTS.map(Percent) | AMOUNTS.map(Ranges)
LEVELS: st.SearchStrategy[Level] = (
    DISTANCES
    | st.decimals("0.00000001", 10**6, places=8).map(Fixed)
    | st.builds(At, VALUES, st.sampled_from(["below", "above"]))
)
STOPS = LEVELS.map(lambda level: Stop(level, level)) | st.builds(Stop, LEVELS, LEVELS)
TRAILS = st.builds(Trail, DISTANCES, st.none() | AMOUNTS) | AMOUNTS.map(lambda r: Trail(None, r))


@given(STOPS)
def test_a_printed_stop_parses_back_to_itself(stop: Stop) -> None:
    assert parse_stop(str(stop), "5m") == stop


@given(LEVELS | AMOUNTS.map(Multiple))
def test_a_printed_target_parses_back_to_itself(level: Level) -> None:
    assert parse_target_level(str(level), "5m") == level


@given(TRAILS)
def test_a_printed_trailing_parses_back_to_itself(trail: Trail) -> None:
    assert parse_trailing(str(trail), "5m") == trail


@given(st.lists(st.tuples(AMOUNTS, st.integers(1, 25)), min_size=2, max_size=4), st.booleans())
def test_printed_targets_parse_back_to_themselves(
    said: list[tuple[Decimal, int]], close_all: bool
) -> None:
    targets = [Target(at=str(Multiple(r)), share=Decimal(share) / 100) for r, share in said]
    if close_all:
        rest = 1 - sum(target.share for target in targets[:-1])
        targets[-1] = Target(at=targets[-1].at, share=rest)
    assert parse_targets(targets_text(tuple(targets))) == tuple(targets)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("2 %", "2%"),
        ("02.50%", "2.5%"),
        ("1.5ATR", "1.5 atr"),
        ("2 atr(14)", "2 atr"),
        ("price 61000", "price 61000"),
        ("61000", "price 61000"),
        ("0.00002", "price 0.00002"),
        ("below lowest(10)", "below lowest(10)"),
        ("above highest", "above highest(20)"),
        ("lowest(10)[1]", "lowest(10)[1]"),
        ("ema(50)-0.5*atr", "ema(50) - 0.5*atr(14)"),
        ("below ema(20)@1h", "below ema(20)@1h"),
        ("long 2%, short above highest(10)", "long 2%, short above highest(10)"),
        ("Short 3% , Long 2%", "long 2%, short 3%"),
        ("long 2%, short 2%", "2%"),
        ("long 2%", "long 2%"),
    ],
)
def test_stops_as_people_write_them(text: str, printed: str) -> None:
    assert str(parse_stop(text, "5m")) == printed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("3R", "A stop can't be in R"),
        ("120%", "can't be reached"),
        ("0%", "out of range"),
        ("-3%", "written like 2%"),
        ("-3", "A price is above zero"),
        ("0 atr", "out of range"),
        ("2 atr(20)", "close - 2*atr(20)"),
        ("price 0", "above zero"),
        ("price ema(5)", "plain number"),
        ("long 2%, long 3%", "said twice"),
        ("2%, 3%", "I can't use ','"),
        ("close@1m", "shorter than the strategy's"),
        ("rsi < 30", "I can't use '<'"),
        ("", "There is nothing here"),
    ],
)
def test_stops_that_make_no_sense_are_refused(text: str, says: str) -> None:
    with pytest.raises(RuleError, match=re.escape(says)):
        parse_stop(text, "5m")


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("3r", [("3R", 1)]),
        ("price 70000", [("price 70000", 1)]),
        ("prev_day.high", [("prev_day.high", 1)]),
        ("50% at 1.5R, rest at 3R", [("1.5R", "0.5"), ("3R", "0.5")]),
        ("50% at 4%", [("4%", "0.5")]),
        ("25% at 1 atr, 25% at bb.upper, rest at 3R",
         [("1 atr", "0.25"), ("bb(20,2).upper", "0.25"), ("3R", "0.5")]),
        ("33.3% at 1R, 33.3% at 2R, 33.4% at 3R", [("1R", "0.333"), ("2R", "0.333"),
                                                   ("3R", "0.334")]),
    ],
)  # fmt: skip
def test_targets_as_people_write_them(text: str, targets: list[tuple[str, str | int]]) -> None:
    expected = tuple(Target(at=at, share=Decimal(share)) for at, share in targets)
    assert parse_targets(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1R, 2R", "Say how much is closed at each"),
        ("60% at 1R, 50% at 2R", "make 100% at most"),
        ("100% at 1R, rest at 2R", "make 100% at most"),
        ("0% at 1R", "above 0%"),
        ("101R", "at most 100R"),
        ("1001%", "at most 1000%"),
        (", ".join(["10% at 1R"] * 6), "5 targets are the most"),
    ],
)
def test_targets_that_make_no_sense_are_refused(text: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        parse_targets(text)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("trail 2 %", "trail 2%"),
        ("trailing by 3 atr", "trail 3 atr"),
        ("2%", "trail 2%"),
        ("breakeven after 1r", "breakeven after 1R"),
        ("break-even at 1.5R", "breakeven after 1.5R"),
        ("breakeven after 1R and trail 2%", "trail 2%; breakeven after 1R"),
        ("trail 3 atr, breakeven after 1R", "trail 3 atr; breakeven after 1R"),
    ],
)
def test_trailing_as_people_write_it(text: str, printed: str) -> None:
    assert str(parse_trailing(text)) == printed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("trail 2%; trail 3%", "said twice"),
        ("trail 100%", "can't be reached"),
        ("trail 0%", "out of range"),
        ("trail 1R", "I can't use '1R'|I can't use 'R'"),
        ("breakeven after 200R", "at most 100R"),
    ],
)
def test_trailing_that_makes_no_sense_is_refused(text: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        parse_trailing(text)
