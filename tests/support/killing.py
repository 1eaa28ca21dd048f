"""A checkpoint that kills its own process: `approval.marked:2` is the second time that the point is
passed."""

import os
import signal

from agents.execution.checkpoints import POINTS


class Killer:
    """A checkpoint that kills the process with SIGKILL: nothing is finished, nothing flushed."""

    def __init__(self, at: str) -> None:
        self._point, _, count = at.partition(":")
        self._left = int(count or 1)
        if self._point and self._point not in POINTS:
            raise ValueError(f"there is no point {self._point!r}")

    def __call__(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)
