"""A clock that stands at the close."""

from datetime import datetime

from bench.market import CLOSE


class CloseClock:
    """Market time and human time are the close."""

    def now(self) -> datetime:
        return CLOSE

    def wall(self) -> datetime:
        return CLOSE

    def wall_at(self, moment: datetime) -> datetime:
        return moment
