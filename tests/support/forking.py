"""Desks that start in a fraction of a second: forked off a process that has imported everything.

What runs is the real desk in a process of its own, which can be killed; only the seconds of
importing are spared, so that many kills fit into a test. `python -m tests.support.forking` is the
process that forks: it reads a JSON line for each desk and answers with its number, and again when
it has ended.
"""

import asyncio
import importlib
import json
import os
import select
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.sources import ROOT

_HEAVY = (
    *("bot.app", "bot.app.talking", "bot.app.trading", "bot.platforms.telegram"),
    *("bot.connectors.market_ccxt", "ccxt.pro", "ccxt.async_support", "telegram.ext"),
    *("agents.extraction.catalogue", "agents.extraction.trend", "tortoise.backends.sqlite"),
)


@dataclass
class Forked:
    """One desk. `ended` is set when it is gone; `code` is its exit code, negative for a signal."""

    number: int
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    code: int | None = None

    async def kill(self) -> None:
        """SIGKILL: nothing can be finished."""
        self._signal(signal.SIGKILL)
        await self.ended.wait()

    async def stop(self) -> int | None:
        """SIGTERM; the exit code."""
        self._signal(signal.SIGTERM)
        await self.ended.wait()
        return self.code

    def _signal(self, number: signal.Signals) -> None:
        """To one that runs: it may have died by itself, and not be reported yet."""
        if not self.ended.is_set():
            with suppress(ProcessLookupError):
                os.kill(self.number, number)

    async def lives(self, seconds: float) -> bool:
        """Whether it still runs after so long; it may die by itself before."""
        try:
            await asyncio.wait_for(self.ended.wait(), seconds)
        except TimeoutError:
            return True
        return False


class Nursery:
    """Starts desks: `async with Nursery() as nursery: desk = await nursery.start(...)`."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._born: asyncio.Queue[int] = asyncio.Queue()
        self._desks: dict[int, Forked] = {}
        self._gone: dict[int, int] = {}

    async def __aenter__(self) -> "Nursery":
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.support.forking"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        for desk in list(self._desks.values()):
            await desk.kill()
        assert self._process and self._reading
        self._process.kill()
        await self._process.wait()
        await self._reading

    async def start(self, folder: Path, environment: Mapping[str, str]) -> Forked:
        """A desk in `folder` with this environment alone; what it says goes to `log` there."""
        assert self._process and self._process.stdin
        wanted = {"folder": str(folder), "environment": dict(environment)}
        self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
        await self._process.stdin.drain()
        desk = Forked(await self._born.get())
        self._desks[desk.number] = desk
        if desk.number in self._gone:
            self._end(desk.number, self._gone.pop(desk.number))
        return desk

    async def _read(self) -> None:
        assert self._process and self._process.stdout
        while line := await self._process.stdout.readline():
            said: dict[str, Any] = json.loads(line)
            if "code" in said:
                self._end(said["number"], said["code"])
            else:
                self._born.put_nowait(said["number"])

    def _end(self, number: int, code: int) -> None:
        desk = self._desks.pop(number, None)
        if desk is None:  # it was quicker than the word of its birth
            self._gone[number] = code
            return
        desk.code = code
        desk.ended.set()


# --- the process that forks ---------------------------------------------------------------------


def _become(wanted: Mapping[str, Any]) -> int:
    """What a forked process does: it is a desk from here on."""
    os.setsid()
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(log, 2)
    from tests.support.crashing import main

    return main()


def _say(**said: object) -> None:
    os.write(1, json.dumps(said).encode() + b"\n")


def _reap() -> None:
    while True:
        try:
            number, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not number:
            return
        _say(number=number, code=os.waitstatus_to_exitcode(status))


def _serve() -> None:
    for name in _HEAVY:
        importlib.import_module(name)
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 64)
            _reap()
        if 0 not in ready:
            continue
        read = os.read(0, 65_536)
        if not read:
            return
        *lines, waiting = (waiting + read).split(b"\n")
        for line in lines:
            child = os.fork()
            if not child:
                code = 1
                try:
                    code = _become(json.loads(line))
                finally:
                    os._exit(code)
            _say(number=child)


if __name__ == "__main__":
    _serve()
