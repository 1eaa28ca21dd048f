"""Digests are due at the reader's own hour, once for each of the reader's days."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.domain.digest import Digest
from agents.domain.strategy import WEEKDAYS

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")

digests = some.builds(
    lambda hour, minute, day: Digest(f"{hour:02}:{minute:02}", day, LONG_AGO),
    some.integers(0, 23),
    some.integers(0, 59),
    some.none() | some.sampled_from(WEEKDAYS),
)
zones = some.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]
).map(ZoneInfo)
moments = some.integers(0, 3 * 365 * 86_400).map(
    lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(digest=digests, zone=zones, now=moments)
def test_the_newest_that_is_not_to_come(digest: Digest, zone: ZoneInfo, now: datetime) -> None:
    due = digest.due(now, zone)
    longest = timedelta(days=8 if digest.weekday else 2)
    assert due <= now < due + longest
    assert digest.due(due, zone) == due
    assert digest.due(due - timedelta(microseconds=1), zone) == digest.before(due, zone)
    local = due.astimezone(zone)
    assert digest.weekday in {None, WEEKDAYS[local.weekday()]}
    if f"{local:%H:%M}" != digest.at:  # only an hour that the clock left out
        wished = datetime.fromisoformat(f"{local:%Y-%m-%d}T{digest.at}").replace(tzinfo=zone)
        assert wished.astimezone(UTC).astimezone(zone) == local


@given(digest=digests, zone=zones, now=moments)
def test_once_for_each_day_of_the_reader(digest: Digest, zone: ZoneInfo, now: datetime) -> None:
    """Periods follow on each other without a gap, a local day or week apart."""
    due = digest.due(now, zone)
    before = digest.before(due, zone)
    between = due.astimezone(zone).date() - before.astimezone(zone).date()
    assert between == timedelta(days=7 if digest.weekday else 1)


@pytest.mark.parametrize(
    ("at", "now", "wanted"),
    [
        ("08:00", "2026-03-29T06:30", "2026-03-29T06:00"),  # the day that begins summer time
        ("08:00", "2026-03-28T08:30", "2026-03-28T07:00"),
        ("02:30", "2026-03-29T12:00", "2026-03-29T01:30"),  # 02:30 was left out: 03:30 there
        ("02:30", "2026-10-25T01:15", "2026-10-25T00:30"),  # it came twice: the first
        ("02:30", "2026-10-25T12:00", "2026-10-25T00:30"),
    ],
)
def test_when_clocks_are_changed(at: str, now: str, wanted: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    due = Digest(at, None, LONG_AGO).due(moment, BERLIN)
    assert due == datetime.fromisoformat(wanted).replace(tzinfo=UTC)


@given(digest=digests)
def test_it_is_read_as_it_was_stored(digest: Digest) -> None:
    assert Digest.from_json(json.loads(json.dumps(digest.as_json()))) == digest
    assert Digest.from_json(None) is None


@pytest.mark.parametrize(
    "wrong",
    [
        ("25:00", None, LONG_AGO),
        ("08:00", "someday", LONG_AGO),
        ("08:00", None, LONG_AGO.replace(tzinfo=None)),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: tuple) -> None:
    with pytest.raises(ValueError):
        Digest(*wrong)
