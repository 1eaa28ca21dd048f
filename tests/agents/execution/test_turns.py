"""Work by key, and what is due at a moment."""

import asyncio
from datetime import timedelta

import pytest

from agents.execution.dues import Backoff, Dues
from agents.execution.turns import Turns
from tests.support.clock import START


class Work:
    """Notes what is worked on; waits at a gate where there is one."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.began = asyncio.Event()
        self.gates: dict[str, asyncio.Event] = {}
        self.faults: dict[str, BaseException] = {}
        self.turns: Turns[str] = Turns(self.work)

    async def work(self, key: str) -> None:
        if key in self.gates:
            await self.gates[key].wait()
        self.done.append(key)
        self.began.set()
        if key in self.faults:
            raise self.faults.pop(key)


async def test_one_that_waits_holds_up_no_other() -> None:
    work = Work()
    work.gates["slow"] = asyncio.Event()
    for key in ("slow", "quick"):
        work.turns.put(key)
    await work.began.wait()
    assert work.done == ["quick"]
    work.gates["slow"].set()
    await work.turns.idle()
    assert work.done == ["quick", "slow"] and not work.turns.busy


async def test_what_is_put_during_a_turn_gets_one_more_and_not_two() -> None:
    work = Work()
    work.gates["one"] = asyncio.Event()
    work.turns.put("one")
    await asyncio.sleep(0)
    for _ in range(3):
        work.turns.put("one")
    work.gates["one"].set()
    await work.turns.idle()
    assert work.done == ["one", "one"]


async def test_a_fault_is_logged_and_the_next_turn_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work()
    work.faults["one"] = ValueError("no")
    work.turns.put("one")
    await work.turns.idle()
    assert "A piece of work failed" in caplog.text
    work.turns.put("one")
    await work.turns.idle()
    assert work.done == ["one", "one"]


class Gone(BaseException):
    """The process ends."""


async def test_what_ends_a_process_is_raised_once() -> None:
    work = Work()
    work.faults["one"] = Gone()
    work.turns.put("one")
    with pytest.raises(Gone):
        await work.turns.idle()
    await work.turns.idle()
    assert not work.turns.busy


def test_the_earlier_moment_counts_and_the_longest_waiting_comes_first() -> None:
    dues: Dues[str] = Dues()
    for key, seconds in (("late", 3), ("early", 2), ("early", 9), ("never", 50)):
        dues.put(key, START + timedelta(seconds=seconds))
    assert dues.due(START + timedelta(seconds=1)) == []
    assert "early" in dues and dues.at("early") == START + timedelta(seconds=2)
    assert dues.due(START + timedelta(seconds=9)) == ["early", "late"]
    assert "early" not in dues and dues.at("early") is None
    dues.drop("never")
    assert dues.due(START + timedelta(days=1)) == []


def test_pauses_grow_until_the_last_one() -> None:
    pauses: Backoff[int] = Backoff(1, 2, 5)
    seconds = [pauses.next(7).total_seconds() for _ in range(5)]
    assert seconds == [1, 2, 5, 5, 5]
    assert pauses.spent(7) and not pauses.spent(8)
    pauses.forget(7)
    assert pauses.next(7).total_seconds() == 1
