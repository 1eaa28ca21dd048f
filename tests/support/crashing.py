"""The real desk, killed by itself at a named point: `CRASH_AT=approval.marked:2` is the second
time that the point is passed. Run as `python -m tests.support.crashing`."""

import asyncio
import os
import sys
from functools import partial

from bot.__main__ import serve
from bot.app import build
from bot.log import start_logging
from bot.settings import load_settings
from tests.support.killing import Killer


def main() -> int:
    settings = load_settings()
    start_logging("warning", settings.secrets())
    killer = Killer(os.environ.get("CRASH_AT", ""))
    return asyncio.run(serve(settings, partial(build, checkpoint=killer)))


if __name__ == "__main__":
    sys.exit(main())
