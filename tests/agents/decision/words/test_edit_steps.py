"""Changing what is done with an open position by a sentence."""

import pytest

from agents.decision.words import Edit, edit, read
from agents.domain.strategy import StrategySpec
from agents.domain.symbols import DEFAULT_UNIVERSE

HALF, QUARTER = "close 50% when rsi(14) > 70", "close 25% when rsi(14) > 75"
ENTRY = "stop to entry when rsi(14) > 60"


def spec(text: str) -> StrategySpec:
    found = read(text, DEFAULT_UNIVERSE).spec()
    assert found is not None
    return found


PLAIN = spec("BTC 15m long when rsi<30, stop 2%, target 2R")
MANAGED = spec(
    "BTC 15m long when rsi<30, stop 2%, target 2R, sell half when rsi > 70, sell 25% when rsi > 75,"
    " move stop to entry when rsi > 60"
)
BOTH = spec(
    "BTC 15m long when rsi<30, short when rsi > 70, stop 2%, sell half when rsi > 60,"
    " cover half when rsi < 40, move stop to entry when adx > 25"
)
SHORT = spec("BTC 15m short when rsi > 70, stop 2%, target 2R")


def changed(text: str, before: StrategySpec = MANAGED) -> Edit:
    return edit(before, text, DEFAULT_UNIVERSE)


def steps(done: Edit) -> list[str]:
    assert done.spec is not None, done.questions
    return [str(step) for step in done.spec.manage]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("also sell half when RSI > 70", [HALF]),
        ("move the stop to entry when RSI > 60", [ENTRY]),
        ("when RSI > 70 sell half and move the stop to BE",
         [HALF, "stop to entry when rsi(14) > 70"]),
    ],
)  # fmt: skip
def test_a_step_is_added(text: str, after: list[str]) -> None:
    done = changed(text, PLAIN)
    assert steps(done) == after
    assert [change.field for change in done.changes] == ["manage"]
    assert (done.changes[0].before, done.changes[0].after) == ("none", "; ".join(after))
    assert done.unread == ()


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("remove the management", []),
        ("no steps", []),
        ("no trims", [ENTRY]),
        ("no more partials", [ENTRY]),
        ("no scaling out", [ENTRY]),
        ("don't sell half", [QUARTER, ENTRY]),
        ("remove sell half", [QUARTER, ENTRY]),
        ("stop selling half", [QUARTER, ENTRY]),
        ("stop selling half when RSI > 70", [QUARTER, ENTRY]),
        ("don't sell half when RSI > 70", [QUARTER, ENTRY]),
        ("remove the stop to entry", [HALF, QUARTER]),
        ("don't move the stop to breakeven", [HALF, QUARTER]),
        ("remove the second step", [HALF, ENTRY]),
        ("remove step 2", [HALF, ENTRY]),
        ("remove the step when rsi > 70", [QUARTER, ENTRY]),
        ("sell a third when RSI > 70", ["close 33.33% when rsi(14) > 70", QUARTER, ENTRY]),
        ("sell half when RSI > 80 instead of 70",
         ["close 50% when rsi(14) > 80", QUARTER, ENTRY]),
        ("move the stop to entry when rsi > 65 instead",
         [HALF, QUARTER, "stop to entry when rsi(14) > 65"]),
    ],
)  # fmt: skip
def test_steps_are_taken_out_and_replaced(text: str, after: list[str]) -> None:
    done = changed(text)
    assert steps(done) == after
    assert {change.field for change in done.changes} == {"manage"}
    assert done.unread == ()


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("remove the management", PLAIN),
        ("don't sell half", PLAIN),
        ("don't sell a third", MANAGED),
        ("don't sell half when RSI > 90", MANAGED),
        ("remove the trim", MANAGED),
        ("remove the rsi step", MANAGED),
        ("remove the fifth step, remove step 9", MANAGED),
        ("sell half when it feels toppy", PLAIN),
        (", ".join(f"sell 5% when adx > {level}" for level in (20, 21, 22, 23)), MANAGED),
    ],
    ids=range(9),
)
def test_what_is_not_clear_changes_nothing(text: str, before: StrategySpec) -> None:
    done = changed(text, before)
    assert done.spec is None
    assert done.questions


def test_two_ways_to_the_entry_are_asked_about() -> None:
    before = MANAGED.model_copy(update={"trailing": "breakeven after 1R"})
    done = changed("don't move the stop to entry", before)
    assert done.spec is None
    assert any(
        "breakeven after 1R" in question and ENTRY in question for question in done.questions
    )


def test_the_rest_is_closed_by_the_exit_rule() -> None:
    done = changed("sell half when RSI > 70, sell the rest when RSI > 80", PLAIN)
    assert steps(done) == [HALF]
    assert done.spec is not None
    assert done.spec.exit_long == "rsi(14) > 80"


@pytest.mark.parametrize(
    ("before", "long", "short"),
    [(BOTH, "rsi(14) > 80", None), (PLAIN, "rsi(14) > 80", None), (SHORT, None, "rsi(14) > 80")],
    ids=["both", "long", "short"],
)
def test_selling_the_rest_is_an_exit_of_its_side(
    before: StrategySpec, long: str | None, short: str | None
) -> None:
    done = changed("sell the rest when rsi > 80", before)
    assert done.spec is not None
    assert (done.spec.exit_long, done.spec.exit_short) == (long, short)


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("sell 10% when rsi > 65", "long: close 10% when rsi(14) > 65"),
        ("cover 10% when rsi < 35", "short: close 10% when rsi(14) < 35"),
        ("trim 10% when adx > 40", "close 10% when adx(14) > 40"),
    ],
)
def test_a_step_of_a_strategy_with_both_sides(text: str, added: str) -> None:
    assert steps(changed(text, BOTH)) == [*(str(step) for step in BOTH.manage), added]


def test_a_side_that_goes_takes_its_steps_along() -> None:
    assert steps(changed("only longs", BOTH)) == [
        "close 50% when rsi(14) > 60",
        "stop to entry when adx(14) > 25",
    ]


@pytest.mark.parametrize("text", ["short when rsi > 75", "vice versa for shorts"])
def test_no_step_begins_to_hold_for_a_side_that_comes(text: str) -> None:
    done = changed(text)
    assert steps(done) == [f"long: {step}" for step in (HALF, QUARTER, ENTRY)]
    assert any("long positions only" in note for note in done.assumptions)


def test_each_step_must_fit_the_timeframe() -> None:
    before = spec("btc 15m long when rsi < 30, stop 2%, sell half when the 1h rsi > 70")
    done = changed("use 4h", before)
    assert done.spec is None
    assert any("1h" in question for question in done.questions)


@pytest.mark.parametrize("text", ["stop 1%", "use 1h", "remove the target", "risk 1%"])
def test_other_edits_leave_the_steps(text: str) -> None:
    done = changed(text)
    assert steps(done) == [HALF, QUARTER, ENTRY]
    assert "manage" not in {change.field for change in done.changes}
