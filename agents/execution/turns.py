"""Work by key: at most one piece at a time for each, and all keys beside each other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
log = logging.getLogger(__name__)


class Turns(Generic[K]):
    """Does what is put into it, each key in a task of its own, so that a slow exchange holds up
    nobody else. A key that is put while it is worked on gets another turn afterwards.

    `work` answers for its own errors: one that escapes is logged.
    """

    def __init__(self, work: Callable[[K], Awaitable[None]]) -> None:
        self._work = work
        self._again: set[K] = set()
        self._tasks: dict[K, asyncio.Task[None]] = {}

    def put(self, key: K) -> None:
        task = self._tasks.get(key)
        if task is not None and not task.done():
            self._again.add(key)
            return
        self._tasks[key] = asyncio.get_running_loop().create_task(self._run(key))

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def under_way(self, keys: Iterable[K]) -> list[asyncio.Task[None]]:
        """What is being done for these keys."""
        found = [self._tasks[key] for key in keys if key in self._tasks]
        return [task for task in found if not task.done()]

    async def idle(self) -> None:
        """Return when nothing is worked on any more; raises what ended a piece, once."""
        while self._tasks:
            done, _ = await asyncio.wait(self._tasks.values())
            self._tasks = {key: task for key, task in self._tasks.items() if task not in done}
            for ended in [task.exception() for task in done if not task.cancelled()]:
                if ended is not None:
                    raise ended

    async def _run(self, key: K) -> None:
        again = True
        while again:
            self._again.discard(key)
            try:
                await self._work(key)
            except Exception:
                log.exception("A piece of work failed; it is looked at again each minute.")
            again = key in self._again
        del self._tasks[key]


class Locks(Generic[K]):
    """A lock for each key, as long as somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[K, asyncio.Lock] = WeakValueDictionary()

    def of(self, key: K) -> asyncio.Lock:
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock


async def together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Done beside each other. Raises the first fault once all are over: none is left half done."""
    found = await asyncio.gather(*works, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return [one for one in found if not isinstance(one, BaseException)]
