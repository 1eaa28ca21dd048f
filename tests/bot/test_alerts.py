"""Errors of the machine reach its operators: once a while, without anybody's words."""

import asyncio
import logging

from agents.domain.user import Identity, NoticeKind, Place
from bot.alerts import QUIET, Bell
from tests.support.clock import START, ManualClock
from tests.support.memory import InMemory


async def somebody(memory: InMemory, account: str, *, operator: bool) -> int:
    identity, home = Identity("telegram", account), Place("telegram", account)
    return (await memory.users.join(identity, account, home, operator=operator, at=START)).id


def error(
    said: str, *args: object, name: str = "bot.outbox", **fields: object
) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.ERROR, "f", 1, said, args, None)
    for key, value in fields.items():
        setattr(record, key, value)
    return record


async def test_operators_are_told_and_nobody_else() -> None:
    memory, clock = InMemory(), ManualClock()
    operator = await somebody(memory, "1", operator=True)
    await somebody(memory, "2", operator=False)
    bell = Bell(memory, clock.wall)
    for _ in range(3):
        bell.handle(error("Answers could not be stored.", key="secret words"))
    assert await bell.ring() == 1
    (told,) = memory.told
    assert (told.owner_id, told.kind) == (operator, NoticeKind.OPERATOR)
    assert told.facts["summary"] == "Answers could not be stored."
    assert told.facts["count"] == 3
    assert "secret" not in str(told.facts)


async def test_the_same_error_is_told_once_in_a_while() -> None:
    memory, clock = InMemory(), ManualClock()
    await somebody(memory, "1", operator=True)
    bell = Bell(memory, clock.wall)
    for seconds, rings in ((0, 1), (60, 0), (QUIET.total_seconds(), 1)):
        clock.wait(seconds)
        bell.handle(error("A platform can't be reached.", platform="telegram"))
        assert await bell.ring() == rings
    assert memory.told[-1].facts["summary"] == "A platform can't be reached (telegram)."


async def test_what_people_wrote_and_what_libraries_say_is_left_out() -> None:
    memory, clock = InMemory(), ManualClock()
    await somebody(memory, "1", operator=True)
    bell = Bell(memory, clock.wall)
    bell.handle(error("Proposal %s could not go on.", "my secret strategy"))
    bell.handle(error("Task failed: buy BTC for 10,000", name="asyncio"))
    await bell.ring()
    assert [told.facts["summary"] for told in memory.told] == [
        "Proposal … could not go on.",
        "A fault in asyncio.",
    ]


async def test_a_warning_rings_nothing_and_a_flood_is_bounded() -> None:
    memory = InMemory()
    await somebody(memory, "1", operator=True)
    bell = Bell(memory, ManualClock().wall)
    logger = logging.Logger("agents.cycle")
    logger.addHandler(bell)
    logger.warning("Only a warning.")
    for number in range(1_000):
        logger.error(f"Error {number}.")
    assert await bell.ring() == 50


async def test_it_listens_until_it_is_cancelled() -> None:
    memory, rung = InMemory(), asyncio.Event()
    await somebody(memory, "1", operator=True)
    looks = 0

    async def pause(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            logging.getLogger("storage.mail").error("The disk is full.")
        else:
            rung.set()
            await asyncio.Event().wait()

    bell = Bell(memory, ManualClock().wall, pause)
    task = asyncio.create_task(bell.watch())
    await rung.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [told.facts["summary"] for told in memory.told] == ["The disk is full."]
    assert bell not in logging.getLogger().handlers
