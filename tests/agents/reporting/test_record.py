"""The totals of a record, against a naive count of the same story."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from statistics import mean, median
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agents.domain.record import Entry, RecordKind, follow
from agents.reporting.record import Fate, losing_streak, outcomes, results, totals
from tests.support.stored import NOON

K = RecordKind


@dataclass(frozen=True)
class Told:
    """One signal of a made-up channel: its fate, and its result where it has one."""

    fate: Fate
    result: Decimal = Decimal(0)
    length: int = 1  # how many signals later it ends


def entries_of(story: list[tuple[RecordKind, dict[str, Any]]]) -> list[Entry]:
    made: list[Entry] = []
    for minute, (kind, facts) in enumerate(story):
        last = made[-1] if made else None
        made.append(follow(last, 3, kind, facts, NOON + timedelta(minutes=minute)))
    return made


def record_of(signals: list[Told]) -> list[Entry]:
    """The entries of many signals whose stories overlap."""
    timed: list[tuple[int, RecordKind, dict[str, Any]]] = []
    for place, told in enumerate(signals):
        signal = {"signal": place + 1}
        timed.append((place, K.SIGNAL, {**signal, "symbol": "BTC/USDT", "side": "long"}))
        after = place + told.length
        if told.fate is Fate.NOT_TAKEN:
            timed.append((after, K.NOT_TAKEN, {**signal, "reason": "expired"}))
        if told.fate in {Fate.OPEN, Fate.CLOSED, Fate.UNKNOWN}:
            timed.append((place, K.FILLED, {**signal, "price": "100"}))
            timed.append((place, K.STOP_MOVED, {**signal, "stop": "99"}))
        if told.fate is Fate.CLOSED:
            timed.append((after, K.CLOSED, {**signal, "r": told.result}))
        if told.fate is Fate.UNKNOWN:
            timed.append((after, K.CLOSED, signal))
    timed.sort(key=lambda step: step[0])
    return entries_of([(kind, facts) for _, kind, facts in timed])


MULTIPLES = st.decimals(min_value=-3, max_value=9, places=2)
SIGNALS = st.lists(
    st.builds(Told, st.sampled_from(Fate), MULTIPLES, st.integers(1, 4)), max_size=25
)


@given(SIGNALS)
def test_the_totals_are_those_of_a_naive_count(signals: list[Told]) -> None:
    entries = record_of(signals)
    found = totals(entries)
    assert found.signals == len(signals)
    counted = {fate: sum(told.fate is fate for told in signals) for fate in Fate}
    assert found.open == counted[Fate.OPEN]
    assert found.waiting == counted[Fate.WAITING]
    assert found.not_taken == counted[Fate.NOT_TAKEN]
    assert found.unknown == counted[Fate.UNKNOWN]
    assert found.closed == counted[Fate.CLOSED]
    made = [told.result for told in signals if told.fate is Fate.CLOSED]
    assert found.total == sum(made)
    assert found.wins == len([r for r in made if r > 0])
    assert found.losses == len([r for r in made if r < 0])
    if made:
        assert found.average is not None and found.median is not None
        assert abs(found.average - mean(made)) < Decimal("1e-20")
        assert found.median == median(made)
        assert (found.best, found.worst) == (max(made), min(made))
    else:
        assert (found.average, found.median, found.best, found.worst) == (None,) * 4


@given(SIGNALS)
def test_the_worst_run_is_that_of_a_naive_search(signals: list[Told]) -> None:
    """Every stretch of results is looked at."""
    entries = record_of(signals)
    made = [result for _, result in results(entries)]
    stretches = [made[i:j] for i in range(len(made)) for j in range(i + 1, len(made) + 1)]
    found = totals(entries)
    assert found.drawdown == max([Decimal(0), *(-sum(part) for part in stretches)])
    losing = [len(part) for part in stretches if all(r < 0 for r in part)]
    assert found.streak == max(losing, default=0)


@given(SIGNALS)
def test_results_come_in_the_order_of_their_closing(signals: list[Told]) -> None:
    entries = record_of(signals)
    closings = [Decimal(e.body["r"]) for e in entries if e.kind == K.CLOSED and "r" in e.body]
    found = results(entries)
    assert [result for _, result in found] == closings
    assert [at for at, _ in found] == sorted(at for at, _ in found)


def test_no_signals() -> None:
    found = totals([])
    assert (found.signals, found.closed, found.total) == (0, 0, Decimal(0))
    assert found.since is None
    assert losing_streak([]) == 0


def test_only_the_first_closing_counts_and_a_correction_changes_no_number() -> None:
    entries = entries_of(
        [
            (K.SIGNAL, {"signal": 1}),
            (K.FILLED, {"signal": 1}),
            (K.CLOSED, {"signal": 1, "r": "-1"}),
            (K.CLOSED, {"signal": 1, "r": "5"}),
            (K.FILLED, {"signal": 1}),
            (K.NOT_TAKEN, {"signal": 1}),
            (K.CORRECTION, {"signal": 1, "text": "It was +5R, honestly"}),
            (K.CORRECTION, {"text": "Sorry for the noise"}),
        ]
    )
    found = totals(entries)
    assert (found.closed, found.total, found.corrections) == (1, Decimal(-1), 2)
    (outcome,) = outcomes(entries)
    assert outcome.corrections == ("It was +5R, honestly",)
    assert (outcome.fate, outcome.ended_by) == (Fate.CLOSED, 3)


def test_a_fill_after_it_was_given_up_counts() -> None:
    entries = entries_of(
        [(K.SIGNAL, {"signal": 1}), (K.NOT_TAKEN, {"signal": 1}), (K.FILLED, {"signal": 1})]
    )
    assert [one.fate for one in outcomes(entries)] == [Fate.OPEN]


def test_what_is_about_no_published_signal_is_no_signal() -> None:
    odd: list[tuple[RecordKind, dict[str, Any]]] = [
        (K.CLOSED, {"signal": 4, "r": "9"}),
        (K.SIGNAL, {"signal": "1"}),
        (K.SIGNAL, {}),
    ]
    assert totals(entries_of(odd)).signals == 0


def test_a_result_that_is_no_number_is_not_taken_for_one() -> None:
    for r in ("NaN", "many", "", None, "Infinity"):
        entries = entries_of([(K.SIGNAL, {"signal": 1}), (K.CLOSED, {"signal": 1, "r": r})])
        assert (totals(entries).unknown, totals(entries).closed) == (1, 0)
