"""Autonomy and quiet hours: who decides a proposal, at any hour of any zone."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.domain.autonomy import (
    LONGEST,
    MANUAL,
    SHORTEST,
    Act,
    Autonomy,
    AutonomyKind,
    Course,
)
from agents.domain.quiet import QuietHours, QuietRule, course, held
from agents.domain.strategy import WEEKDAYS, Window

D = Decimal
ASSISTED = Autonomy(AutonomyKind.ASSISTED, confidence=D("0.7"), risk=D(1))
VETO = Autonomy(AutonomyKind.VETO, window=300)
AUTOPILOT = Autonomy(AutonomyKind.AUTOPILOT)
NIGHT = Window(**{"from": "22:00", "to": "07:00", "tz": "Europe/Berlin"})
AT_NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
BY_DAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")

windows = some.integers(SHORTEST, LONGEST)
autonomies = some.one_of(
    some.just(MANUAL),
    some.just(AUTOPILOT),
    some.builds(lambda seconds: Autonomy(AutonomyKind.VETO, window=seconds), windows),
    some.builds(
        lambda sure, risk: Autonomy(AutonomyKind.ASSISTED, confidence=sure, risk=risk),
        some.decimals("0.01", "1", places=2),
        some.decimals("0.01", "5", places=2),
    ),
)
clocks = some.builds(
    lambda hour, minute: f"{hour:02}:{minute:02}", some.integers(0, 23), some.integers(0, 59)
)
hours = some.builds(
    lambda begin, end, zone, days: Window(
        **{"from": begin, "to": end, "tz": zone, "days": tuple(sorted(days))}
    ),
    clocks,
    clocks,
    some.sampled_from(ZONES),
    some.sets(some.sampled_from(WEEKDAYS)),
)
quiets = some.builds(
    lambda window, rule, seconds: QuietHours(
        window, rule, seconds if rule is QuietRule.VETO else None
    ),
    hours,
    some.sampled_from(QuietRule),
    windows,
)
moments = some.datetimes(
    datetime(2025, 12, 25),  # noqa: DTZ001  # hypothesis adds the zone
    datetime(2027, 1, 5),  # noqa: DTZ001
    timezones=some.just(UTC),
) | some.builds(
    # around the nights on which clocks are changed
    lambda night, minutes: night + timedelta(minutes=minutes),
    some.sampled_from(
        [
            datetime(2026, 3, 29, tzinfo=UTC),
            datetime(2026, 10, 25, tzinfo=UTC),
            datetime(2026, 3, 8, 6, tzinfo=UTC),
            datetime(2026, 11, 1, 5, tzinfo=UTC),
        ]
    ),
    some.integers(-1500, 1500),
)
confidences = some.none() | some.floats(0, 1)
risks = some.decimals("0", "6", places=4)


@pytest.mark.parametrize(
    ("autonomy", "confidence", "risk", "wanted"),
    [
        (MANUAL, 0.99, "0.1", Course(Act.ASKS)),
        (VETO, None, "2", Course(Act.RUNS, 300, "veto window")),
        (AUTOPILOT, None, "2", Course(Act.RUNS, 0, "autopilot")),
        (ASSISTED, 0.7, "1", Course(Act.RUNS, 0, "assisted, within its bounds")),
        (ASSISTED, None, "0.1", Course(Act.ASKS, 0, "no model stated a confidence")),
        (ASSISTED, 0.699999, "1", Course(Act.ASKS, 0, "confidence 69.99% is below 70%")),
        (ASSISTED, 0.9, "1.0001", Course(Act.ASKS, 0, "risk 1.01% is above 1%")),
    ],
)
def test_what_a_strategy_does(
    autonomy: Autonomy, confidence: float | None, risk: str, wanted: Course
) -> None:
    assert autonomy.course(confidence, D(risk)) == wanted


@pytest.mark.parametrize(
    ("rule", "autonomy", "wanted"),
    [
        (QuietRule.HOLD, AUTOPILOT, Course(Act.HELD, 0, "quiet hours")),
        (QuietRule.HOLD, MANUAL, Course(Act.HELD, 0, "quiet hours")),
        (QuietRule.SILENT, MANUAL, Course(Act.ASKS)),
        (QuietRule.SILENT, VETO, Course(Act.RUNS, 300, "veto window")),
        (QuietRule.VETO, MANUAL, Course(Act.RUNS, 600, "quiet hours, veto window")),
        (QuietRule.VETO, AUTOPILOT, Course(Act.RUNS, 600, "quiet hours, veto window")),
        (QuietRule.AUTOPILOT, MANUAL, Course(Act.RUNS, 0, "quiet hours, autopilot")),
        (QuietRule.AUTOPILOT, ASSISTED, Course(Act.ASKS, 0, "no model stated a confidence")),
    ],
)
def test_what_quiet_hours_make_of_it(rule: QuietRule, autonomy: Autonomy, wanted: Course) -> None:
    quiet = QuietHours(NIGHT, rule, 600 if rule is QuietRule.VETO else None)
    assert course(autonomy, quiet, AT_NIGHT, None, D("0.5")) == wanted
    by_day = autonomy.course(None, D("0.5"))
    assert course(autonomy, quiet, BY_DAY, None, D("0.5")) == by_day
    assert course(autonomy, None, AT_NIGHT, None, D("0.5")) == by_day


@given(quiet=quiets, at=moments)
def test_hours_are_those_on_a_wall_clock_there(quiet: QuietHours, at: datetime) -> None:
    """Against intervals laid out on the wall clock's own line, a day before and that day."""
    local = at.astimezone(ZoneInfo(quiet.hours.tz)).replace(tzinfo=None)
    covered = False
    for day in (local.date() - timedelta(days=1), local.date()):
        begin = datetime.combine(day, datetime.strptime(quiet.hours.from_, "%H:%M").time())  # noqa: DTZ007
        end = datetime.combine(day, datetime.strptime(quiet.hours.to, "%H:%M").time())  # noqa: DTZ007
        if end <= begin:
            end += timedelta(days=1)
        on = not quiet.hours.days or WEEKDAYS[day.weekday()] in quiet.hours.days
        covered = covered or (on and begin <= local < end)
    assert quiet.cover(at) is covered
    assert bool(held(quiet, at)) is (covered and quiet.rule is QuietRule.HOLD)


@given(autonomy=autonomies, quiet=some.none() | quiets, at=moments, sure=confidences, risk=risks)
def test_nothing_runs_that_nobody_let_run(
    autonomy: Autonomy, quiet: QuietHours | None, at: datetime, sure: float | None, risk: Decimal
) -> None:
    way = course(autonomy, quiet, at, sure, risk)
    by_night = quiet is not None and quiet.cover(at)
    if way.act is Act.RUNS:
        let = autonomy.kind is not AutonomyKind.MANUAL
        night_lets = by_night and quiet and quiet.rule in {QuietRule.VETO, QuietRule.AUTOPILOT}
        assert let or night_lets
        assert way.window == 0 or SHORTEST <= way.window <= LONGEST
    if autonomy.kind is AutonomyKind.ASSISTED and way.act is Act.RUNS:
        assert sure is not None and autonomy.confidence is not None and autonomy.risk is not None
        assert D(str(sure)) >= autonomy.confidence and risk <= autonomy.risk
    assert (way.act is Act.HELD) is bool(held(quiet, at))


@given(autonomy=autonomies, quiet=some.none() | quiets, at=moments, sure=confidences, risk=risks)
def test_what_is_stored_is_read_as_it_was(
    autonomy: Autonomy, quiet: QuietHours | None, at: datetime, sure: float | None, risk: Decimal
) -> None:
    assert Autonomy.from_json(json.loads(json.dumps(autonomy.as_json()))) == autonomy
    stored = json.loads(json.dumps(quiet.as_json() if quiet else None))
    assert QuietHours.from_json(stored) == quiet
    way = course(autonomy, quiet, at, sure, risk)
    assert Course.parse(str(way)) == way
    assert way.runs_at(at) == (at + timedelta(seconds=way.window) if way.act is Act.RUNS else None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": AutonomyKind.VETO},
        {"kind": AutonomyKind.VETO, "window": 29},
        {"kind": AutonomyKind.VETO, "window": 3601},
        {"kind": AutonomyKind.MANUAL, "window": 60},
        {"kind": AutonomyKind.ASSISTED, "confidence": D("0.7")},
        {"kind": AutonomyKind.ASSISTED, "risk": D(1)},
        {"kind": AutonomyKind.ASSISTED, "confidence": D("1.1"), "risk": D(1)},
        {"kind": AutonomyKind.ASSISTED, "confidence": D("0.7"), "risk": D(0)},
        {"kind": AutonomyKind.AUTOPILOT, "risk": D(1)},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError):
        Autonomy(**wrong)


def test_a_window_goes_with_its_rule() -> None:
    with pytest.raises(ValueError):
        QuietHours(NIGHT, QuietRule.HOLD, 60)
    with pytest.raises(ValueError):
        QuietHours(NIGHT, QuietRule.VETO)
