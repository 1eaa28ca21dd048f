"""A clock that moves when a test says so."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class ManualClock:
    """Market time and human time; `advance` moves both, `wait` only people's.

    With a `speed`, human time moves that many times less than the market's. `begin` makes it a
    PlayedClock for the simulated and the replayed market.
    """

    def __init__(
        self, market: datetime = START, wall: datetime | None = None, *, speed: float = 1.0
    ) -> None:
        self.speed = speed
        self._market = market
        self._wall = wall or market

    def now(self) -> datetime:
        return self._market

    def wall(self) -> datetime:
        return self._wall

    def wall_at(self, moment: datetime) -> datetime:
        return self._wall + (moment - self._market) / self.speed

    def begin(self, at: datetime) -> None:
        """The market's clock is set to `at`; people's is not."""
        self._market = at

    def advance(self, seconds: float = 1) -> None:
        self._market += timedelta(seconds=seconds)
        self._wall += timedelta(seconds=seconds / self.speed)

    def move_to(self, moment: datetime) -> None:
        """Advance until market time is `moment`."""
        self.advance((moment - self._market).total_seconds())

    def wait(self, seconds: float) -> None:
        """People wait and the market stands still."""
        self._wall += timedelta(seconds=seconds)
