"""A clock that moves when a test says so."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class ManualClock:
    """Market time and human time; `advance` moves both, `wait` only people's."""

    def __init__(self, market: datetime = START, wall: datetime | None = None) -> None:
        self._market = market
        self._wall = wall or market

    def now(self) -> datetime:
        return self._market

    def wall(self) -> datetime:
        return self._wall

    def wall_at(self, moment: datetime) -> datetime:
        return self._wall + (moment - self._market)

    def advance(self, seconds: float = 1) -> None:
        self._market += timedelta(seconds=seconds)
        self._wall += timedelta(seconds=seconds)

    def wait(self, seconds: float) -> None:
        """People wait and the market stands still."""
        self._wall += timedelta(seconds=seconds)
