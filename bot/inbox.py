"""The clerk: stores what people say before anything is done about it, then has it handled once."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from agents.domain.lease import Lease
from agents.domain.mail import Inbox, InboxItem, Outbox
from agents.domain.ports import Clock, Transactions
from agents.domain.user import NoticeKind, Place
from handlers.chat import Glance, Incoming, Platform, Reply, incoming_from_json, text
from handlers.veil import shown

log = logging.getLogger(__name__)

Handle = Callable[[Incoming], Awaitable[Sequence[Reply]]]


class OwnerOf(Protocol):
    """The id of the user whose answer that is, 0 for a stranger's."""

    async def __call__(self, incoming: Incoming, *, personal: bool) -> int: ...


LEASE_SECONDS = 60.0
_LOOK_SECONDS = 1.0  # how often what another process stored is looked for
_AT_ONCE = 16
_PAGE = 200
_LONGEST_PAGE = 10_000
_POISON = 3  # attempts that ended with the process
_MOMENT = 0.7  # seconds after which a person wants a sign of life
_SIGN_LASTS = 4.0


async def _nothing_at_once(incoming: Incoming) -> Glance:
    return Glance()


async def _as_it_is(incoming: Incoming) -> Incoming:
    return incoming


async def _everything(incoming: Incoming) -> bool:
    return True


class Clerk:
    """Handles stored updates: in order per chat and per sender, side by side otherwise.

    `handle` is the router. `answered` is called when answers were put into the outbox. `veil` takes
    secrets out of an update, or seals them, before it is stored; what `burns` says is a secret is
    deleted in its chat while it is handled, which may take a while. `glance` says what can be said
    at once, `wants` which updates are kept at all. `lease` is how long (seconds) an update that
    another process began is left to it; 0 for a process that is alone on its database.
    """

    def __init__(
        self,
        inbox: Inbox,
        outbox: Outbox,
        transactions: Transactions,
        handle: Handle,
        owner_of: OwnerOf,
        platforms: Mapping[str, Platform],
        clock: Clock,
        *,
        glance: Callable[[Incoming], Awaitable[Glance]] = _nothing_at_once,
        wants: Callable[[Incoming], Awaitable[bool]] = _everything,
        answered: Callable[[], None] = lambda: None,
        veil: Callable[[Incoming], Awaitable[Incoming]] = _as_it_is,
        burns: Callable[[Incoming], bool] = lambda incoming: False,
        lease: float = LEASE_SECONDS,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._transactions = transactions
        self._handle = handle
        self._owner_of = owner_of
        self._platforms = platforms
        self._clock = clock
        self._glance = glance
        self._wants = wants
        self._answered = answered
        self._veil = veil
        self._burns = burns
        self._lease = Lease(lease)
        self._page = _PAGE
        self._pause = pause
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._lanes: dict[int, frozenset[str]] = {}
        self._woken = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    # --- receiving ----------------------------------------------------------------------------

    async def store(self, incoming: Incoming) -> bool:
        """Once this returns the update can't be lost; False when it was seen already."""
        incoming = await self._veil(incoming)
        is_new = await self._inbox.store(
            incoming.place.platform, incoming.key, incoming.as_json(), self._clock.wall()
        )
        if is_new:
            self.wake()
        return is_new

    async def receive(self, incoming: Incoming) -> Glance:
        """`store` as platforms want it, with what may be said of the update at once."""
        if not await self._wants(incoming):
            return Glance()
        if not await self.store(incoming):
            log.debug("An update came a second time.", extra={"key": incoming.key})
        try:
            return await self._glance(incoming)
        except Exception:  # it is stored, and its handling will meet the same fault
            log.exception("Nothing could be said of an update at once.")
            return Glance()

    # --- life ---------------------------------------------------------------------------------

    def wake(self) -> None:
        self._woken.set()

    async def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="clerk")

    async def stop(self, grace: float = 3.0) -> None:
        """Begin nothing more, and let what is under way end within `grace` seconds; what does not
        is handled at the next start."""
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        tasks = list(self._under_way.values())
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def round(self) -> int:
        """Handle what can be handled now and wait for it; how many updates were begun."""
        await self._launch()
        tasks = list(self._under_way.values())
        await asyncio.gather(*tasks)
        return len(tasks)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._woken.clear()
            try:
                await self._launch()
            except Exception:
                log.exception("The inbox can't be read; it is tried again.")
            timer = loop.call_later(_LOOK_SECONDS, self._woken.set)
            await self._woken.wait()
            timer.cancel()

    # --- what may begin -----------------------------------------------------------------------

    async def _launch(self) -> None:
        pending = await self._inbox.pending(self._page)
        others = [item for item in pending if item.attempts and item.id not in self._under_way]
        left = {item.id for item in self._lease.expired(others, self._clock.wall())}
        busy = set().union(*self._lanes.values())
        for item in pending:
            lanes = _lanes(item)
            may_begin = not item.attempts or item.id in left
            is_free = item.id not in self._under_way and busy.isdisjoint(lanes)
            if may_begin and is_free and len(self._under_way) < _AT_ONCE:
                self._begin(item, lanes)
            busy |= lanes  # whoever comes later in the same lane waits, begun or not
        self._look_further(full=len(pending) == self._page)

    def _look_further(self, *, full: bool) -> None:
        """One chat that sends hundreds of messages must not hide everybody else's."""
        starved = full and len(self._under_way) < _AT_ONCE
        self._page = min(2 * self._page, _LONGEST_PAGE) if starved else _PAGE

    def _begin(self, item: InboxItem, lanes: frozenset[str]) -> None:
        self._lanes[item.id] = lanes
        self._under_way[item.id] = task = asyncio.create_task(self._work(item))
        task.add_done_callback(lambda _: self._ended(item))

    def _ended(self, item: InboxItem) -> None:
        del self._under_way[item.id], self._lanes[item.id]
        self.wake()

    # --- one update ---------------------------------------------------------------------------

    async def _work(self, item: InboxItem) -> None:
        try:
            if not await self._inbox.begin(item):
                return
        except Exception:
            log.exception("An update could not be begun.", extra={"key": item.key})
            await self._pause(_LOOK_SECONDS)
            return
        try:
            incoming = incoming_from_json(item.payload)
        except (KeyError, TypeError, ValueError):
            log.exception("A stored update can't be read.", extra={"key": item.key})
            await self._surely(item, lambda: self._inbox.failed(item, "unreadable"))
            return
        if item.attempts >= _POISON:
            await self._set_aside(item, incoming)
        else:
            replies = await self._replies(incoming)
            await self._surely(item, lambda: self._conclude(item, incoming, replies))
        self._answered()

    async def _replies(self, incoming: Incoming) -> Sequence[Reply]:
        try:
            async with self._sign_of_life(incoming.place), self._taken_away(incoming):
                return await self._handle(incoming)
        except Exception:
            number = _number()
            log.exception("An update could not be handled.", extra={"fault": number})
            return [
                Reply(
                    text(
                        "Something went wrong on my side. Look at /status before you try again; "
                        f"the operator finds it in the log as {number}."
                    )
                )
            ]

    async def _set_aside(self, item: InboxItem, incoming: Incoming) -> None:
        """An update that was begun again and again and never ended must not begin once more."""
        number = _number()
        log.error("An update was set aside.", extra={"fault": number, "key": item.key})
        said = f" “{shown(incoming.text)[:80]}”" if incoming.text else ""
        reply = Reply(
            text(
                f"Your message{said} broke off {item.attempts} times and was set aside. Look at "
                f"/status; the operator finds it in the log as {number}."
            )
        )

        async def write() -> None:
            async with self._transactions.transaction():
                await self._put(item, incoming, [reply])
                await self._inbox.failed(item, f"set aside as {number}")

        await self._surely(item, write)

    async def _conclude(
        self, item: InboxItem, incoming: Incoming, replies: Sequence[Reply]
    ) -> None:
        """The answers and the end of the update are one commit."""
        async with self._transactions.transaction():
            await self._put(item, incoming, replies)
            await self._inbox.done(item)

    async def _put(self, item: InboxItem, incoming: Incoming, replies: Sequence[Reply]) -> None:
        now = self._clock.wall()
        for index, reply in enumerate(replies):
            await self._outbox.put(
                await self._owner_of(incoming, personal=reply.personal),
                incoming.place,
                NoticeKind.REPLY,
                f"reply:{item.platform}:{item.key}:{index}",
                {**reply.as_json(), **_target(incoming, reply)},
                at=now,
                card=reply.card,
                replies_to=reply.replies_to,
            )

    async def _surely(self, item: InboxItem, write: Callable[[], Awaitable[None]]) -> None:
        """What was handled is written, however long the database is away."""
        while True:
            try:
                return await write()
            except Exception:
                log.exception("Answers could not be stored.", extra={"key": item.key})
                await self._pause(_LOOK_SECONDS)

    @asynccontextmanager
    async def _taken_away(self, incoming: Incoming) -> AsyncIterator[None]:
        """Meanwhile a secret is deleted where it was written; its answer does it again, and says
        so where that is not possible."""
        platform = self._platforms.get(incoming.place.platform)
        if platform is None or not self._burns(incoming):
            yield
            return
        task = asyncio.create_task(platform.remove(incoming.place, incoming.message_id))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @asynccontextmanager
    async def _sign_of_life(self, place: Place) -> AsyncIterator[None]:
        task = asyncio.create_task(self._show_life(place))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _show_life(self, place: Place) -> None:
        platform = self._platforms.get(place.platform)
        await self._pause(_MOMENT)
        while platform:
            await platform.typing(place)
            await self._pause(_SIGN_LASTS)


def _lanes(item: InboxItem) -> frozenset[str]:
    """What an update keeps busy: its chat and its sender."""
    try:
        platform, chat, _ = item.payload["place"]
        return frozenset(
            {f"{platform} chat {chat}", f"{platform} sender {item.payload['sender'][1]}"}
        )
    except (KeyError, TypeError, ValueError, IndexError):
        return frozenset({f"unreadable {item.id}"})


def _target(incoming: Incoming, reply: Reply) -> dict[str, Any]:
    """Which message an answer edits (the tapped one) or, in a group, answers."""
    waiting: dict[str, Any] = {"reply_to": incoming.reply_to} if incoming.reply_to else {}
    if waiting and (incoming.text is not None or reply.personal):
        waiting["awaited"] = True  # it goes there also when it answers a card
    if reply.edits and not reply.card:
        # What a person wrote is no message of ours: the answer to it is a new one.
        edited = {"message_id": incoming.message_id} if incoming.text is None else {}
        return {**edited, **waiting}
    if waiting:
        return waiting
    if not incoming.private and (incoming.text is not None or reply.personal):
        return {"reply_to": incoming.message_id}
    return {}


def _number() -> str:
    """Short enough to read out, and not guessable from another one."""
    return secrets.token_hex(4)
