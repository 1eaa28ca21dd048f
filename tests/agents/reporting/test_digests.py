"""Each period is told once: with kills, in two processes, and after a time in which nothing ran."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from agents.domain.digest import PREFERENCE, Digest
from agents.domain.user import Identity, NoticeKind, Place
from agents.reporting.digests import Digests
from tests.support.clock import ManualClock
from tests.support.memory import Database, InMemory

MONDAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Desk:
    """A process with one user in Berlin."""

    def __init__(self) -> None:
        self.clock = ManualClock(MONDAY)
        self.database = Database()
        self.start()

    def start(self) -> None:
        self.memory = InMemory(self.database)
        self.digests = Digests(self.memory, self.clock)

    async def wants(self, at: str = "08:00", weekday: str | None = None) -> int:
        identity, place = Identity("telegram", "1"), Place("telegram", "1")
        now = self.clock.wall()
        user = await self.memory.users.join(identity, "Ada", place, operator=False, at=now)
        await self.memory.users.set_zone(user.id, "Europe/Berlin")
        stored = Digest(at, weekday, now).as_json()
        await self.memory.preferences.write(user.id, PREFERENCE, stored, now)
        return user.id

    async def minutes(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(60)
            await self.digests.tell_due()

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """(period, since, until) in UTC."""
        told = [notice.facts for notice in self.memory.told if notice.kind is NoticeKind.DIGEST]
        return [(one["period"], one["since"][:16], one["until"][:16]) for one in told]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_nothing_is_told_of_the_time_before_it_was_wanted(desk: Desk) -> None:
    await desk.wants()
    await desk.minutes(18 * 60)
    assert desk.told == []


async def test_each_day_is_told_once(desk: Desk) -> None:
    await desk.wants()
    await desk.minutes(48 * 60)
    assert desk.told == [
        ("day", "2026-03-02T07:00", "2026-03-03T07:00"),
        ("day", "2026-03-03T07:00", "2026-03-04T07:00"),
    ]


async def test_each_week_is_told_once(desk: Desk) -> None:
    await desk.wants("20:30", "wed")
    for _ in range(24 * 15):
        desk.clock.advance(3600)
        await desk.digests.tell_due()
    assert desk.told == [
        ("week", "2026-02-25T19:30", "2026-03-04T19:30"),
        ("week", "2026-03-04T19:30", "2026-03-11T19:30"),
    ]


async def test_after_days_away_the_newest_period_is_told_once(desk: Desk) -> None:
    await desk.wants()
    desk.clock.advance(timedelta(days=4).total_seconds())
    desk.start()
    await desk.minutes(60)
    assert desk.told == [("day", "2026-03-05T07:00", "2026-03-06T07:00")]


async def test_restarts_and_two_processes_tell_once(desk: Desk) -> None:
    await desk.wants()
    desk.clock.advance(timedelta(hours=20).total_seconds())
    other = Digests(InMemory(desk.database), desk.clock)
    counts = await asyncio.gather(desk.digests.tell_due(), other.tell_due())
    assert sum(counts) == 1
    desk.start()
    await desk.minutes(3)
    assert len(desk.told) == 1


async def test_a_move_to_another_zone_tells_no_day_twice(desk: Desk) -> None:
    user = await desk.wants()
    await desk.minutes(20 * 60)
    assert len(desk.told) == 1
    await desk.memory.users.set_zone(user, "America/New_York")
    await desk.minutes(10 * 60)
    assert len(desk.told) == 1
    await desk.minutes(24 * 60)
    assert len(desk.told) == 2


async def test_what_is_off_is_not_told(desk: Desk) -> None:
    user = await desk.wants()
    await desk.memory.preferences.write(user, PREFERENCE, None, desk.clock.wall())
    await desk.minutes(30 * 60)
    assert desk.told == []


async def test_one_that_cannot_be_told_keeps_no_other_from_it(desk: Desk) -> None:
    user = await desk.wants()
    await desk.memory.preferences.write(user - 1, PREFERENCE, {"at": "soon"}, desk.clock.wall())
    await desk.minutes(24 * 60)
    assert len(desk.told) == 1
