"""Work on a connection that is finished even when its task is cancelled meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` to its end; a cancellation that comes meanwhile is raised afterwards.

    A statement that a worker thread or a server has begun can't be taken back by cancelling the
    one who waits for it; leaving early would let the next user of the connection meet it.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as signal:
            cancelled = signal
        except BaseException:
            break
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # seen, so that asyncio does not report it as forgotten
    raise cancelled
