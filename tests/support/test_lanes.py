"""Every test goes to one worker, and no worker is left with a test that it can't begin."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.lanes import LONGEST, STORIES, Lanes, place_of


class Config:
    """What the scheduler asks of pytest's."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def getvalue(self, _: str) -> list[str]:
        return ["popen"] * self.workers

    def getoption(self, _: str) -> None:
        return None


@dataclass(eq=False)
class Worker:
    """Begins with a test once it knows the next one, or that there is none."""

    sent: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    shutting_down: bool = False
    gateway: Any = field(default_factory=lambda: SimpleNamespace(id="gw"))

    def send_runtest_some(self, tests: list[int]) -> None:
        self.sent += tests

    def shutdown(self) -> None:
        self.shutting_down = True

    @property
    def waiting(self) -> list[int]:
        return self.sent[len(self.done) :]

    @property
    def can_run(self) -> bool:
        return len(self.waiting) > (0 if self.shutting_down else 1)


def begun(workers: int, tests: list[str]) -> tuple[Any, list[Worker]]:
    lanes: Any = Lanes(Config(workers))
    nodes = [Worker() for _ in range(workers)]
    for node in nodes:
        lanes.add_node(node)
        lanes.add_node_collection(node, tests)
    lanes.schedule()
    return lanes, nodes


def story(number: int) -> str:
    return f"{STORIES}test_story.py::test_{number}"


def other(number: int) -> str:
    return f"tests/agents/test_agents.py::test_{number}"


@pytest.mark.parametrize("stories", [0, 1, 2, 7])
@pytest.mark.parametrize("others", [0, 1, 2, 7, 200])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_each_is_run_once(workers: int, stories: int, others: int) -> None:
    tests = [*map(story, range(stories)), *map(other, range(others))]
    lanes, nodes = begun(workers, tests)
    while able := [node for node in nodes if node.can_run]:
        node = min(able, key=lambda one: len(one.done))
        test = node.waiting[0]
        node.done.append(test)
        lanes.mark_test_complete(node, test)
    assert sorted(test for node in nodes for test in node.done) == list(range(len(tests)))


def test_stories_begin_beside_the_others() -> None:
    tests = [*map(story, range(9)), *map(other, range(200))]
    _, nodes = begun(5, tests)
    assert [node.sent[0] for node in nodes[:3]] == [0, 1, 2]
    assert all(tests[node.sent[1]] == other(node.sent[1] - 9) for node in nodes[:3])
    assert not any(tests[test].startswith(STORIES) for node in nodes[3:] for test in node.sent)


def test_the_longest_come_first() -> None:
    longest = f"{STORIES}{LONGEST[0]}.py::test"
    assert sorted([other(0), story(0), longest], key=place_of) == [longest, story(0), other(0)]
