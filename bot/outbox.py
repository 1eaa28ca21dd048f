"""The postman: delivers stored messages, in order per place, within limits, until they arrive."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, PlaceGone, PlaceMoved, TryAgain
from agents.domain.lease import Lease
from agents.domain.mail import Outbox, OutboxItem, OutboxState
from agents.domain.ports import Clock
from agents.domain.user import NoticeKind, Place
from bot.outbox_delivery import Delivery, Render, Reposting
from bot.outbox_pace import Pacing
from handlers.chat import Drawer, Outgoing, Platform, text

log = logging.getLogger(__name__)

Write = Callable[[], Awaitable[None]]
WhenRefused = Callable[[OutboxItem, str], Awaitable[None]]
WhenMoved = Callable[[Place, Place], Awaitable[None]]

LEASE_SECONDS = 60.0
_LOOK_SECONDS = 1.0  # how often other processes' messages are looked for
_AT_ONCE = 24  # deliveries under way on one platform
_PAGE = 100
_LONGEST_PAGE = 5_000
_BREATH = 0.02  # seconds between looks while much is under way
_LONGEST = 50.0  # seconds for one delivery; shorter than the lease
_LONGEST_PAUSE = 30.0
_PUZZLED = 5  # attempts at a message that fails by our own fault


class Postman:
    """Delivers what the outbox holds.

    `render` makes an item's text for its reader at delivery (None: nothing to say any more).
    `on_refused` hears of places that are gone, `on_moved` of those with a new id, `on_repost` of
    cards that are gone from theirs. `lease` is how long (seconds) another process's
    delivery is respected: 0 for a process that is alone on its database, whose unfinished items
    are its own from before a crash.
    """

    def __init__(
        self,
        outbox: Outbox,
        platforms: Mapping[str, Platform],
        render: Render,
        draw: Drawer,
        clock: Clock,
        *,
        on_refused: WhenRefused | None = None,
        on_moved: WhenMoved | None = None,
        on_repost: Reposting | None = None,
        lease: float = LEASE_SECONDS,
        elapsed: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._outbox = outbox
        self._platforms = platforms
        self._clock = clock
        self._on_refused = on_refused
        self._on_moved = on_moved
        self._on_repost = on_repost
        self._elapsed = elapsed
        self._pause = pause
        self._begun_at = (clock.wall(), elapsed())
        self._pacing = {name: Pacing(elapsed) for name in platforms}
        self._look_again = dict.fromkeys(platforms, 0.0)
        self._pages = dict.fromkeys(platforms, _PAGE)
        self._leases = {name: Lease(lease) for name in platforms}
        self._delivery = Delivery(
            outbox, platforms, render, draw, self._now, self._spend, self._reposted
        )
        self._under_way: dict[Place, tuple[int, asyncio.Task[None]]] = {}
        self._resumed: set[int] = set()
        self._puzzles: dict[int, int] = {}
        self._woken = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something was put into the outbox."""
        self._woken.set()

    async def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="postman")

    async def stop(self, grace: float = 3.0) -> None:
        """A last look, for answers that were just given; then what is under way has `grace`
        seconds to arrive. The rest goes out after the next start."""
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            await self._look()
        tasks = [task for _, task in self._under_way.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def round(self) -> int:
        """Deliver what is due now and wait for it; how many deliveries were tried."""
        await self._launch()
        tasks = [task for _, task in self._under_way.values()]
        await asyncio.gather(*tasks)
        return len(tasks)

    # --- when ---------------------------------------------------------------------------------

    def _now(self) -> datetime:
        """Wall time that does not run backward when the machine's clock is set back."""
        wall, elapsed = self._begun_at
        return max(self._clock.wall(), wall + timedelta(seconds=self._elapsed() - elapsed))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._woken.clear()
            timer = loop.call_later(await self._look(), self._woken.set)
            await self._woken.wait()
            timer.cancel()
            if self._under_way:
                await asyncio.sleep(_BREATH)

    async def _look(self) -> float:
        """Start what is due; seconds until the next look."""
        try:
            return min(_LOOK_SECONDS, await self._launch())
        except Exception:
            log.exception("The outbox can't be read; it is tried again.")
            return _LOOK_SECONDS

    async def _launch(self) -> float:
        waits = [await self._launch_on(platform) for platform in self._platforms]
        return min(waits, default=_LOOK_SECONDS)

    async def _launch_on(self, platform: str) -> float:
        """Start what is due on one platform; seconds until its limits allow more."""
        rest = self._pacing[platform].rest()
        if rest > 0:
            return rest
        await self._take_over(platform)
        page = self._pages[platform]
        items = await self._outbox.due(platform, self._now(), page)
        waits = [self._begin_or_wait(item) for item in items]
        # Should all of a page have to wait, others may hide behind it.
        starved = len(items) == page and all(waits) and not self._is_full(platform)
        self._pages[platform] = min(2 * page, _LONGEST_PAGE) if starved else _PAGE
        return min(filter(None, waits), default=_LOOK_SECONDS)

    def _begin_or_wait(self, item: OutboxItem) -> float:
        """0 when the item was begun, else the seconds until it may be."""
        platform = item.place.platform
        if item.place in self._under_way or self._is_full(platform):
            return _LOOK_SECONDS  # or earlier: the end of each delivery wakes
        paces = self._platforms[platform].paces(item.place, edit=_edits(item))
        wait = self._pacing[platform].wait(item.place, paces)
        if wait == 0:
            self._pacing[platform].count(paces)
            self._begin(item)
        return wait

    def _is_full(self, platform: str) -> bool:
        return sum(place.platform == platform for place in self._under_way) >= _AT_ONCE

    async def _take_over(self, platform: str) -> None:
        """Free what a killed process left in the middle of sending."""
        if self._elapsed() < self._look_again[platform]:
            return
        self._look_again[platform] = self._elapsed() + _LOOK_SECONDS
        mine = {number for number, _ in self._under_way.values()}
        others = [item for item in await self._outbox.stuck(platform) if item.id not in mine]
        for item in self._leases[platform].expired(others, self._now()):
            if await self._outbox.release(item):
                log.info("A delivery that broke off is taken up.", extra={"item": item.id})
                self._resumed.add(item.id)

    def _spend(self, place: Place) -> None:
        """An edit beyond what an item was counted for."""
        platform = self._platforms[place.platform]
        self._pacing[place.platform].count(platform.paces(place, edit=True))

    # --- one delivery -------------------------------------------------------------------------

    def _begin(self, item: OutboxItem) -> None:
        task = asyncio.create_task(self._deliver(item))
        self._under_way[item.place] = (item.id, task)
        task.add_done_callback(lambda _: self._ended(item.place))

    def _ended(self, place: Place) -> None:
        self._under_way.pop(place, None)
        self.wake()  # the place's next one may go

    async def _deliver(self, item: OutboxItem) -> None:
        if await self._taken(item):
            item = replace(item, attempts=item.attempts + 1, state=OutboxState.SENDING)
            await self._surely(item, await self._attempt(item))

    async def _taken(self, item: OutboxItem) -> bool:
        try:
            return await self._outbox.take(item)
        except Exception:
            log.exception("A message could not be begun.", extra={"item": item.id})
            await self._pause(_LOOK_SECONDS)
            return False

    async def _attempt(self, item: OutboxItem) -> Write:
        """Try once; what is to be written about it."""
        resumed = item.id in self._resumed
        pacing = self._pacing[item.place.platform]
        try:
            async with asyncio.timeout(_LONGEST):
                message_id = await self._delivery.deliver(item, resumed=resumed)
        except PlaceMoved as moved:
            return partial(self._move, item, moved.chat)
        except DeliveryRefused as no:
            return partial(self._refused, item, no)
        except (TryAgain, TimeoutError) as fault:
            return self._delayed(item, fault)
        except Exception as fault:
            return await self._puzzled(item, fault)
        pacing.worked()
        return partial(self._sent, item, message_id)

    async def _surely(self, item: OutboxItem, write: Write) -> None:
        """What has happened is written, however long the database is away: a message that was
        sent and is not known as sent would be sent twice."""
        while True:
            try:
                return await write()
            except Exception:
                log.exception("A delivery could not be recorded.", extra={"item": item.id})
                await self._pause(_LOOK_SECONDS)

    async def _sent(self, item: OutboxItem, message_id: str) -> None:
        await self._outbox.sent(item, message_id)
        self._settled(item)

    def _settled(self, item: OutboxItem) -> None:
        self._delivery.forget(item)
        self._resumed.discard(item.id)
        self._puzzles.pop(item.id, None)

    async def _move(self, item: OutboxItem, chat: str) -> None:
        place = item.place
        await self._outbox.move_place(
            Place(place.platform, place.chat), Place(place.platform, chat)
        )
        await self._outbox.retry(item, self._now(), "the chat has a new id")
        if self._on_moved:
            await self._on_moved(place, Place(place.platform, chat, place.thread))

    async def _reposted(self, place: Place, card: str) -> None:
        if self._on_repost:
            await self._on_repost(place, card)

    async def _refused(self, item: OutboxItem, no: DeliveryRefused) -> None:
        log.warning("A message was refused.", extra={"item": item.id, "reason": str(no)})
        await self._outbox.failed(item, str(no))
        self._settled(item)
        if self._on_refused and isinstance(no, PlaceGone):
            await self._on_refused(item, str(no))

    def _delayed(self, item: OutboxItem, fault: Exception) -> Write:
        pacing = self._pacing[item.place.platform]
        wait = backoff(item)
        if isinstance(fault, DeliveryDelayed) and fault.retry_after:
            wait = fault.retry_after
            pacing.asked_to_wait(item.place, wait)
        elif isinstance(fault, DeliveryDelayed | TimeoutError):
            pacing.failed(item.place)
        return self._again(item, wait, str(fault) or "no answer in time")

    def _again(self, item: OutboxItem, wait: float, error: str) -> Write:
        at = self._now() + timedelta(seconds=wait)
        return partial(self._outbox.retry, item, at, error)

    async def _puzzled(self, item: OutboxItem, fault: Exception) -> Write:
        """Our own fault: try again a few times, then say plainly that something is missing."""
        log.error("A message could not be made.", exc_info=fault, extra={"item": item.id})
        self._puzzles[item.id] = self._puzzles.get(item.id, 0) + 1
        if self._puzzles[item.id] < _PUZZLED:
            return self._again(item, backoff(item), repr(fault))
        try:
            await self._platforms[item.place.platform].send(item.place, _excuse(item))
        except TryAgain as delay:
            return self._delayed(item, delay)
        except DeliveryRefused as no:
            log.info("Nor could that be said.", extra={"reason": str(no)})
        return partial(self._given_up, item, repr(fault))

    async def _given_up(self, item: OutboxItem, error: str) -> None:
        await self._outbox.failed(item, error)
        self._settled(item)


def backoff(item: OutboxItem) -> float:
    """Seconds before the next attempt: doubling from half a second to half a minute, a little
    different for each item, so that those that failed together do not come together."""
    spread = 1 + (item.id % 8) / 32
    return min(_LONGEST_PAUSE, 0.5 * 2.0 ** min(item.attempts - 1, 10)) * spread


def _edits(item: OutboxItem) -> bool:
    """Whether it will most likely be an edit; only its delivery knows."""
    redraws = {
        NoticeKind.PROPOSAL_CHANGED,
        NoticeKind.POSITION_CHANGED,
        NoticeKind.SIGNAL_CHANGED,
    }
    return item.kind in redraws or bool(item.facts.get("edits"))


def _excuse(item: OutboxItem) -> Outgoing:
    return Outgoing(
        text(f"A message could not be shown here. Look at /status; its number is {item.id}.")
    )
