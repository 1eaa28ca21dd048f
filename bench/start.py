"""From the start of `python -m bot` to its first look at Telegram, and the memory that it takes."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL

import psutil

from tests.support.telegram_remote import TelegramRemote, telegram_process

ROOT = Path(__file__).parent.parent
STARTS = 3
IDLE = 5.0  # seconds
ANN = 42
SENTENCES = (
    "Buy BTC when RSI(14) on 5m drops below 45, stop 1%, target 2R, risk 1%",
    "Buy ETH when RSI(14) on 5m drops below 45, stop 1%, target 2R, risk 1%",
    "Short SOL when RSI(14) on 5m rises above 55, stop 1%, target 2R, risk 1%",
)
HOUR = 3_600 / 240  # seconds for an hour of the market at the speed below


@dataclass(frozen=True)
class Started:
    """`first` makes the database, `seconds` are of the starts after it; memory in bytes."""

    first: float
    seconds: list[float]
    idle: int
    busy: int


async def measure(folder: Path) -> Started:
    """The memory is that of the process with all its children."""
    async with telegram_process() as people:
        seconds = []
        for _ in range(1 + STARTS):
            began = time.perf_counter()
            async with running(folder, people):
                seconds.append(time.perf_counter() - began)
        async with running(folder, people) as process:
            await asyncio.sleep(IDLE)
            idle = memory_of(process)
        async with running(folder, people, PARLEY_SPEED="240") as process:
            await trade_for_an_hour(people)
            busy = memory_of(process)
    return Started(seconds[0], seconds[1:], idle, busy)


@asynccontextmanager
async def running(
    folder: Path, people: TelegramRemote, **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The bot as a process of its own, from its first poll on."""
    await people.look(ANN)
    before = people.counts.get("getupdates", 0)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        cwd=folder,
        env=environment(folder, people) | settings,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        async with asyncio.timeout(60):
            while people.counts.get("getupdates", 0) == before:
                await people.look(ANN, again=False)
        yield process
    finally:
        process.terminate()
        await process.wait()


def environment(folder: Path, people: TelegramRemote) -> dict[str, str]:
    """Nothing of this shell's but where programs are."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "TELEGRAM_BOT_TOKEN": people.token,
        "TELEGRAM_API_URL": people.url,
        "PARLEY_ADMINS": f"telegram:{ANN}",
        "PORT": str(free_port()),
    }


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def memory_of(process: asyncio.subprocess.Process) -> int:
    """Resident bytes of a process and of those that it started."""
    whole = psutil.Process(process.pid)
    return sum(one.memory_info().rss for one in [whole, *whole.children(recursive=True)])


async def trade_for_an_hour(people: TelegramRemote) -> None:
    """Three strategies, their cards with charts, and an approval of every proposal."""
    await people.control("private", user=ANN)
    for sentence in SENTENCES:
        await people.say(ANN, ANN, sentence)
    tapped: set[tuple[int, str]] = set()
    ends = time.perf_counter() + HOUR
    while time.perf_counter() < ends:
        for message in await people.look(ANN):
            labels = [button["text"] for row in message.keyboard for button in row]
            for label in labels:
                wanted = "Activate" in label or "Approve" in label
                if wanted and (message.id, label) not in tapped:
                    tapped.add((message.id, label))
                    await people.tap(ANN, ANN, message.id, label)
        await asyncio.sleep(0.5)
