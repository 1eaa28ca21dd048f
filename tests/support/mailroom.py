"""A postman with everything around him, on a clock that tests move."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, cast

from agents.domain.mail import Outbox, OutboxItem, OutboxState
from agents.domain.user import NoticeKind, Place
from bot.outbox import Postman
from handlers.chat import Picture, Reply, reply_from_json, text
from tests.support.clock import START, ManualClock
from tests.support.memory import Database, InMemory
from tests.support.memory_mail import MemoryOutbox
from tests.support.platform import MemoryPlatform

OWNER = 7


class Mailroom:
    """One process. `states` holds what cards show at present; items of kind REPLY carry their
    reply, all others are rendered from the state of their card. `passing` is called before and
    after each use of the outbox."""

    def __init__(
        self,
        platform: MemoryPlatform | None = None,
        *,
        database: Database | None = None,
        clock: ManualClock | None = None,
        lease: float = 0.0,
        elapsed: Callable[[], float] | None = None,
        states: dict[str, Reply | None] | None = None,
        passing: Callable[[str], None] | None = None,
    ) -> None:
        self.clock = clock or ManualClock()
        self.memory = InMemory(database)
        self.outbox: Outbox = MemoryOutbox(self.memory.session)
        if passing:
            self.outbox = cast(Outbox, Passing(self.outbox, passing))
        self.platform = platform or MemoryPlatform(elapsed=self.elapsed)
        self.states: dict[str, Reply | None] = {} if states is None else states
        self.refused: list[tuple[Place, str]] = []
        self.drawn: list[Picture] = []
        self.render_fault: Exception | None = None
        self.draw_fault: Exception | None = None
        self.postman = Postman(
            self.outbox,
            {self.platform.name: self.platform},
            self._render,
            self._draw,
            self.clock,
            on_refused=self._on_refused,
            lease=lease,
            elapsed=elapsed or self.elapsed,
            pause=self._pause,
        )
        self.pauses = 0
        self.on_pause: Callable[[], None] = lambda: None
        self._keys = 0

    def elapsed(self) -> float:
        return (self.clock.wall() - START).total_seconds()

    async def put(self, place: Place, content: str | Reply, **rest: Any) -> None:
        reply = text_reply(content) if isinstance(content, str) else content
        facts = {**reply.as_json(), **rest}
        await self.tell(place, NoticeKind.REPLY, facts, reply.card, reply.replies_to)

    async def tell(
        self,
        place: Place,
        kind: NoticeKind,
        facts: Mapping[str, Any] | None = None,
        card: str = "",
        replies_to: str = "",
    ) -> None:
        self._keys += 1
        key = f"{id(self)} {self._keys}"
        at = self.clock.wall()
        await self.outbox.put(
            OWNER, place, kind, key, facts or {}, at=at, card=card, replies_to=replies_to
        )

    async def rounds(self) -> None:
        """All that can go at this moment."""
        while await self.postman.round():
            continue

    async def run(self, seconds: float, step: float = 0.25) -> None:
        """As the postman would in `seconds` of time."""
        until = self.clock.wall() + timedelta(seconds=seconds)
        await self.rounds()
        while self.clock.wall() < until:
            self.clock.advance(step)
            await self.rounds()

    def rows(self, state: OutboxState | None = None) -> list[OutboxItem]:
        every: list[OutboxItem] = self.memory.rows("outbox")
        return [row for row in every if state is None or row.state is state]

    async def _render(self, item: OutboxItem) -> Reply | None:
        if self.render_fault:
            raise self.render_fault
        if item.kind is NoticeKind.REPLY:
            return reply_from_json(item.facts)
        return self.states[item.card]

    async def _draw(self, picture: Picture, owner_id: int) -> bytes:
        assert owner_id == OWNER
        if self.draw_fault:
            raise self.draw_fault
        self.drawn.append(picture)
        return picture.kind.encode()

    async def _on_refused(self, item: OutboxItem, reason: str) -> None:
        self.refused.append((item.place, reason))

    async def _pause(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.pauses += 1
        self.on_pause()
        await asyncio.sleep(0)


class Passing:
    """Whatever it wraps, with a look at every point between two calls."""

    def __init__(self, inner: object, passing: Callable[[str], None]) -> None:
        self._inner = inner
        self._passing = passing

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def call(*args: Any, **options: Any) -> Any:
            self._passing(f"before {name}")
            answer = await method(*args, **options)
            self._passing(f"after {name}")
            return answer

        return call


def text_reply(content: str) -> Reply:
    return Reply(text(content))


def failing(
    fault: BaseException, times: int = 1, *, what: str = "", place: Place | None = None
) -> Callable[[str, Place], None]:
    """For MemoryPlatform's `before` and `after`: raise the first `times` times that it fits."""
    left = times

    def check(called: str, where: Place) -> None:
        nonlocal left
        if left > 0 and (not what or called == what) and (place is None or where == place):
            left -= 1
            raise fault

    return check
