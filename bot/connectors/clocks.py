"""Clocks: the market's time, and people's time beside it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from agents.domain.ports import Clock

# A step back of the machine's clock up to this long (NTP) is waited out, so that the market's
# time does not run backwards; a longer one mends a wrong time and is followed.
_WAITED_OUT = timedelta(minutes=5)


def human_time() -> datetime:
    """Human time, aware UTC."""
    return datetime.now(UTC)


class PlayedClock(Clock, Protocol):
    """A clock whose market time a simulated or replayed market sets when it starts."""

    def begin(self, at: datetime) -> None:
        """Let market time run on from `at`."""


class RealClock:
    """Market time is human time."""

    def __init__(self, human: Callable[[], datetime] = human_time) -> None:
        self._human = human
        self._latest = human()

    def now(self) -> datetime:
        found = self._human()
        if self._latest - _WAITED_OUT <= found < self._latest:
            return self._latest
        self._latest = found
        return found

    def wall(self) -> datetime:
        return self._human()

    def wall_at(self, moment: datetime) -> datetime:
        return moment


class MovingClock:
    """Market time of a simulated or replayed market: `speed` market seconds per second.

    It stands still at `start` until `begin`. It counts elapsed seconds (`elapsed`, monotonic),
    so that a jump of the machine's clock does not move the market.
    """

    def __init__(
        self,
        start: datetime,
        speed: float = 60.0,
        *,
        elapsed: Callable[[], float] = time.monotonic,
        human: Callable[[], datetime] = human_time,
    ) -> None:
        if speed <= 0:
            raise ValueError("speed is market seconds per second and above 0")
        self.speed = speed
        self._start = start.astimezone(UTC)
        self._elapsed = elapsed
        self._human = human
        self._begun: float | None = None

    def begin(self, at: datetime) -> None:
        """Run on from `at`; time that passed while nothing ran is not caught up."""
        self._start = at.astimezone(UTC)
        self._begun = self._elapsed()

    def now(self) -> datetime:
        if self._begun is None:
            return self._start
        return self._start + timedelta(seconds=(self._elapsed() - self._begun) * self.speed)

    def wall(self) -> datetime:
        return self._human()

    def wall_at(self, moment: datetime) -> datetime:
        return self._human() + (moment - self.now()) / self.speed
