"""Which test runs where when several workers share them: what waits beside what computes.

A story runs real processes and waits for them most of the time: many at once leave the machine
idle, and one after the other they take minutes. So some workers are lanes for the stories, and the
others compute meanwhile; whoever has nothing of its own left helps the others.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from xdist.scheduler import LoadScheduling

STORIES = "tests/stories/"
LONGEST = (
    *("test_crashes", "test_live_story", "test_live_crashes", "test_telegram_story"),
    *("test_page_story", "test_discord_story", "test_desk_votes", "test_own_key"),
)
"""The stories to begin with, so that the others wait for none of them in the end."""
BATCH = 10
"""So many tests that compute are sent to a worker at once."""


def place_of(test: str) -> int:
    """Where a test of this name stands among all: stories first, and the longest before others."""
    if not test.startswith(STORIES):
        return len(LONGEST) + 1
    name = test.removeprefix(STORIES).partition(".py")[0]
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


class Lanes(LoadScheduling):  # type: ignore[misc]  # xdist ships no types
    """`--dist load` with two queues: `pending` are the tests that nobody has yet, by number."""

    def check_schedule(self, node: Any, duration: float = 0) -> None:
        """A worker begins with a test once it knows the one after it, so it needs two."""
        if node.shutting_down:
            return
        if not self.pending:
            node.shutdown()
        elif len(self.node2pending[node]) < 2:
            self._send_tests(node, BATCH)

    def _send_tests(self, node: Any, num: int) -> None:
        if tests := self._choice(node, num):
            sent = set(tests)
            self.pending[:] = [test for test in self.pending if test not in sent]
            self.node2pending[node].extend(tests)
            node.send_runtest_some(tests)

    def _choice(self, node: Any, most: int) -> list[int]:
        """A story goes out with a short test after it, so that none waits behind another one."""
        lanes = (len(self.nodes) + 1) // 2
        share = len(self.pending) // (4 * len(self.nodes))
        stories = list(islice(self._waiting(True), 2))
        others = list(islice(self._waiting(False), max(2, min(most, share))))
        if stories and (self.nodes.index(node) < lanes or not others):
            return stories[:1] + (others or stories[1:])[:1]
        return others if len(others) > 1 else others + stories[:1]

    def _waiting(self, is_story: bool) -> Iterator[int]:
        return (
            test for test in self.pending if self.collection[test].startswith(STORIES) is is_story
        )
