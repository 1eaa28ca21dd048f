"""The real desk, killed by itself at a named point: `CRASH_AT=approval.marked:2` is the second
time that the point is passed. Run as `python -m tests.support.crashing`."""

import asyncio
import os
import signal
import sys
from functools import partial

from agents.execution.checkpoints import POINTS
from bot.__main__ import serve
from bot.app import build
from bot.log import start_logging
from bot.settings import load_settings


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


def main() -> int:
    settings = load_settings()
    start_logging("warning", settings.secrets())
    killer = Killer(os.environ.get("CRASH_AT", ""))
    return asyncio.run(serve(settings, partial(build, checkpoint=killer)))


if __name__ == "__main__":
    sys.exit(main())
