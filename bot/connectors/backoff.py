"""How long to wait before the next attempt."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Doubles from `first` to `longest` seconds, each a quarter more or less by luck, so that
    many who lost the same server do not come back at once."""

    first: float = 1.0
    longest: float = 60.0
    luck: Callable[[], float] = random.random
    _failures: int = field(default=0, init=False)

    def failed(self) -> float:
        """Seconds to wait after one more failure."""
        wait = min(self.longest, self.first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return wait * (0.75 + 0.5 * self.luck())

    def succeeded(self) -> None:
        self._failures = 0
