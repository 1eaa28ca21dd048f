"""Work that synchronous listeners hand over: a tick must not wait for the database."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)


class Backlog(Generic[T]):
    """Does what is put into it in order, in batches, in one task that lives while there is work.

    `work` is given everything that has come together since it was last called, and answers for
    its own errors: one that escapes is logged, and the next batch goes on.
    """

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[None]]) -> None:
        self._work = work
        self._waiting: list[T] = []
        self._task: asyncio.Task[None] | None = None

    def put(self, item: T) -> None:
        self._waiting.append(item)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    @property
    def busy(self) -> bool:
        """Whether there is work that `idle` has not yet seen the end of."""
        return self._task is not None

    async def idle(self) -> None:
        """Return when nothing waits any more; raises what ended the work, once."""
        while self._task is not None:
            task = self._task
            try:
                await task
            finally:
                if task.done() and self._task is task:
                    self._task = None

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._work(batch)
            except Exception:
                log.exception("A piece of waiting work failed; it is looked at again each minute.")
