"""A market clock that stands at the close, beside the human one that goes on."""

from datetime import UTC, datetime

from bench.market import CLOSE


class CloseClock:
    """Market time is the close; human time is what it is."""

    def now(self) -> datetime:
        return CLOSE

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def wall_at(self, moment: datetime) -> datetime:
        """Whenever one asks, the close is now."""
        return self.wall() + (moment - CLOSE)
