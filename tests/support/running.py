"""The real `python -m bot` as a process in a folder of its own: started, killed, started again."""

import asyncio
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from bot.running import CLOCK_NOTE
from storage.database import open_database
from tests.support.sources import ROOT

PATIENCE = 40.0
"""Seconds until a wait is a failure; nothing is timed by it."""

DIP = datetime(2026, 3, 17, 11, 45, tzinfo=UTC)
"""On the simulated market: half an hour later rsi(14) of BTC on 5m falls below 35, and a trade of
then reaches its target of 2 % after an hour."""

UNHURRIED = {
    "PARLEY_SPEED": "240",
    "PARLEY_PRICE_TOLERANCE": "1",
    "PARLEY_MAX_SLIPPAGE_PERCENT": "100",
}
"""Settings that leave a test on a busy machine time to approve that trade."""

_OPEN = "Open "


class Ended(Exception):
    """The process ended when it should have run."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"it ended with {code}:\n{said}")
        self.code = code
        self.said = said


@dataclass
class Running:
    """One desk on one folder. `settings` are its environment, and nothing of ours comes along.

    The port of the first start is kept, so that an open page finds the next process again.
    """

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    address: str = ""
    lines: list[str] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def database(self) -> Path:
        return self.folder / "var" / "parley.db"

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """No file of the process may grow: what a full disk is to it."""
        assert self._process
        process = self._process.pid
        room, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0, most))
        try:
            yield
        finally:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (room, most))

    @property
    def root(self) -> str:
        """`http://127.0.0.1:8080`, without the token."""
        return self.address.partition("/?")[0]

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    async def start(self) -> str:
        """Run until the page's address is said; that address. Raises Ended."""
        self.address = ""
        await self._launch()
        await self._until(lambda: self.address or self._over())
        if not self.address:
            raise Ended(await self.wait(), self.log)
        self.settings["PORT"] = self.root.rpartition(":")[2]
        return self.address

    async def refused(self) -> Ended:
        """Start where it must not: how it ended."""
        try:
            await self.start()
        except Ended as ended:
            return ended
        raise AssertionError(f"it runs:\n{self.log}")

    async def _launch(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-W", "error::RuntimeWarning", "-m", "bot"),
            cwd=self.folder,
            env=self._environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout and self._process.stderr
        self._tasks = [
            asyncio.create_task(self._listen(self._process.stdout)),
            asyncio.create_task(self._listen(self._process.stderr)),
        ]

    def _environment(self) -> dict[str, str]:
        own = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(ROOT)}
        return {**own, "PORT": "0", **self.settings}

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        while raw := await stream.readline():
            line = raw.decode().rstrip("\n")
            if line.startswith(_OPEN):
                self.address = line.removeprefix(_OPEN)
            async with self._news:
                self.lines.append(line)
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    def _over(self) -> bool:
        return all(task.done() for task in self._tasks)

    async def _until(self, come: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(come)

    async def hear(self, words: str) -> str:
        """The first line of the log with these words, waited for."""
        found: list[str] = []

        def come() -> bool:
            found[:] = [line for line in self.lines if words in line]
            return bool(found)

        await self._until(come)
        return found[0]

    async def wait(self) -> int:
        """Until the process has ended and everything it said has been read; its exit code."""
        assert self._process
        async with asyncio.timeout(PATIENCE):
            code = await self._process.wait()
            await asyncio.gather(*self._tasks)
        return code

    async def terminate(self) -> int:
        """SIGTERM, as a service manager sends it; the exit code."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL: nothing can be finished."""
        await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> int:
        assert self._process
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self.wait()

    async def health(self) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.root}/health") as answer,
        ):
            return await answer.json()


@asynccontextmanager
async def running(folder: Path, **settings: str) -> AsyncIterator[Running]:
    """A started desk, killed at the end if it still runs."""
    desk = Running(folder, settings)
    try:
        await desk.start()
        yield desk
    finally:
        if desk._process is not None:
            await desk.kill()


async def market_at(folder: Path, moment: datetime) -> None:
    """Let the simulated market of a desk in `folder`, not yet started, go on at `moment`: its
    prices depend on the time, and a story wants the same ones every day."""
    memory = await open_database(f"sqlite://{folder}/var/parley.db")
    try:
        await memory.notes.write(CLOCK_NOTE, moment.isoformat())
    finally:
        await memory.close()


def free_port() -> int:
    """A port that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
