"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class ManualClock:
    """Market and human time, moved by hand: `advance` moves both, human time `speed` times less.

    Satisfies Clock and the PlayedClock of the simulated and replayed markets.
    """

    def __init__(
        self, at: datetime = NOON, *, wall: datetime | None = None, speed: float = 1.0
    ) -> None:
        self.speed = speed
        self._at = at
        self._wall = wall or at

    def begin(self, at: datetime) -> None:
        self._at = at

    def advance(self, step: timedelta | float) -> datetime:
        """Move by `step` (seconds of market time when a number); answers the new market time."""
        moved = step if isinstance(step, timedelta) else timedelta(seconds=step)
        self._at += moved
        self._wall += moved / self.speed
        return self._at

    def move_to(self, moment: datetime) -> datetime:
        return self.advance(moment - self._at)

    def now(self) -> datetime:
        return self._at

    def wall(self) -> datetime:
        return self._wall

    def wall_at(self, moment: datetime) -> datetime:
        return self._wall + (moment - self._at) / self.speed
