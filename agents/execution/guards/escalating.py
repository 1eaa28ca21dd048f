"""What follows when an exchange refuses or drops a stop: another attempt, a market close, an alarm.

Everything here is counted and spaced out, so that nothing is asked of an exchange without bound:
two refusals within ten minutes lead to a market close, one that fails is tried again after 1, 2,
5 and so on up to 60 seconds, a stop once in between each time, and the alarm is repeated each
minute until the position has its stop again or is closed.

After a restart, refusals and closes that failed are counted from the stored orders of a position
that has no stop; not those of single targets, nor stops that rested and were dropped, which are
not told apart from those that the process before took back itself.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agents.domain.order import FAILED, OrderIntent, OrderKind, OrderPurpose, OrderState
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position
from agents.domain.trail import ids
from agents.domain.user import Notice, NoticeKind
from agents.execution.leaving.closing import Closing, Exit
from agents.execution.telling import card_of

log = logging.getLogger(__name__)
STRIKES = 2
STRIKES_COUNT_FOR = timedelta(minutes=10)
ALARM_EVERY = timedelta(seconds=60)
_CLOSE_AGAIN = (1, 2, 5, 10, 30, 60)  # seconds
_CLOSED = "closed at the market"  # how the reason of such an order begins
Send = Callable[[OrderIntent], None]


@dataclass(slots=True)
class Trouble:
    """Of one position. `alarm` is since when it is in danger, `told` when that was said last."""

    strikes: int = 0
    struck: datetime | None = None
    targets: dict[int, int] = field(default_factory=dict)
    why: str = ""
    closes: int = 0
    next_close: datetime | None = None
    alarm: datetime | None = None
    told: datetime | None = None
    position: Position | None = None
    covered: bool = False  # by a stop that is not filled, although the price passed it

    def struck_at(self, now: datetime, why: str) -> None:
        if self.struck is not None and now - self.struck > STRIKES_COUNT_FOR:
            self.strikes = 0
        self.strikes += 1
        self.struck, self.why = now, why

    def closed_at(self, now: datetime, why: str) -> None:
        """A market close was made. A stop is tried once before the next."""
        pause = _CLOSE_AGAIN[min(self.closes, len(_CLOSE_AGAIN) - 1)]
        self.closes += 1
        self.next_close = now + timedelta(seconds=pause)
        self.strikes, self.why = min(self.strikes, STRIKES - 1), why


class Escalation:
    def __init__(self, memory: Memory, clock: Clock, closing: Closing) -> None:
        self._memory = memory
        self._clock = clock
        self._closing = closing
        self._troubles: dict[int, Trouble] = {}
        self._recalled: set[int] = set()
        self._send: Send = _nobody

    def sends_by(self, send: Send) -> None:
        self._send = send

    # --- counting -----------------------------------------------------------------------------

    def strike(self, position_id: int, why: str) -> None:
        """The exchange refused a stop, or dropped one that rested."""
        self._of(position_id).struck_at(self._clock.wall(), why)

    def recall(self, position_id: int, orders: Sequence[OrderIntent], *, covered: bool) -> None:
        """What the process before this one counted; when a position is first looked at, unless
        stops at rest cover it."""
        if position_id in self._recalled:
            return
        self._recalled.add(position_id)
        begin = self._clock.wall() - STRIKES_COUNT_FOR
        recent = [one for one in orders if one.sent_at is not None and one.sent_at >= begin]
        for one in () if covered else recent:
            at = one.sent_at or begin
            if one.state is OrderState.REJECTED and one.kind is OrderKind.STOP and not one.pair:
                self._of(position_id).struck_at(at, one.error)
            elif one.state in FAILED and one.reason.startswith(_CLOSED):
                self._of(position_id).closed_at(at, one.reason.removeprefix(f"{_CLOSED}: "))

    def strike_targets(self, position_id: int, indices: Sequence[int]) -> None:
        targets = self._of(position_id).targets
        for index in indices:
            targets[index] = targets.get(index, 0) + 1

    def judge(
        self, position_id: int, ended: Sequence[OrderIntent], orders: Sequence[OrderIntent]
    ) -> None:
        """Orders that ended by themselves count against the exchange, stops that ended together
        once; but not where the other one of a pair was filled: that is what ends them."""
        dropped: list[OrderIntent] = []
        for one in ended:
            others = [item for item in orders if item.pair == one.pair and one.pair]
            if any(item.filled for item in others if item.id != one.id):
                continue
            if one.kind is OrderKind.STOP:
                dropped.append(one)
            elif not one.pair and one.target is not None:
                self.strike_targets(position_id, [one.target])
        if dropped:
            self.strike(position_id, dropped[0].error or "it dropped the stop")

    def watched_here(self, position_id: int) -> frozenset[int]:
        """The targets that the exchange refused too often."""
        trouble = self._troubles.get(position_id)
        refused = trouble.targets.items() if trouble else ()
        return frozenset(index for index, count in refused if count >= STRIKES)

    def must_close(self, position_id: int) -> str:
        """Why no other stop is tried; empty while one may be."""
        trouble = self._troubles.get(position_id)
        if trouble is None or trouble.strikes < STRIKES:
            return ""
        return f"the exchange took no stop: {trouble.why}" if trouble.why else "it took no stop"

    def closing(self, position_id: int) -> bool:
        """Whether a market close was tried."""
        trouble = self._troubles.get(position_id)
        return trouble is not None and trouble.closes > 0

    # --- closing ------------------------------------------------------------------------------

    def close_again(self, position_id: int) -> datetime | None:
        """When a market close that failed may be tried again."""
        return self._of(position_id).next_close

    async def close(self, position: Position, why: str) -> bool:
        """Close it at the market, unless that was tried just now; whether an order is stored."""
        trouble, now = self._of(position.id), self._clock.wall()
        if trouble.next_close is not None and now < trouble.next_close:
            return False
        trouble.closed_at(now, why)
        log.error("A position is closed at the market: %s", why, extra=ids(position))
        wish = Exit(position.id, OrderPurpose.STOP, f"{_CLOSED}: {why}")
        intents = await self._closing.store([wish])
        for intent in intents:
            self._send(intent)
        if not intents:  # an exit for all of it is on its way, and has not failed
            trouble.closes -= 1
        return bool(intents)

    def failed(self, position: Position, *, covered: bool) -> None:
        """It is still open after a market close, and has no stop; or, `covered`, one that is not
        filled."""
        trouble = self._of(position.id)
        trouble.position, trouble.covered = position, covered
        trouble.alarm = trouble.alarm or self._clock.wall()

    async def over(self, position: Position, how: str) -> None:
        """It has its stop again, or is closed: `how`. Strikes are remembered while it is open."""
        trouble = self._troubles.get(position.id)
        if trouble is None:
            return
        if trouble.told is not None and trouble.alarm is not None:
            key = f"alarm:{position.id}:{trouble.alarm.isoformat()}:over"
            facts = {"summary": f"{_name(position)} {how}.", "position_id": position.id}
            await self._memory.notices.tell(_notice(position, NoticeKind.ACCOUNT, key, facts))
        trouble.closes = 0
        trouble.alarm = trouble.told = None

    def forget(self, position_id: int) -> None:
        self._troubles.pop(position_id, None)
        self._recalled.discard(position_id)

    # --- the loudest message there is ---------------------------------------------------------

    async def tell_due(self) -> None:
        """Alarms, each once a minute; looked at every second."""
        now = self._clock.wall()
        for trouble in list(self._troubles.values()):
            position, since = trouble.position, trouble.alarm
            if position is None or since is None:
                continue
            if trouble.told is not None and now - trouble.told < ALARM_EVERY:
                continue
            await self._alarm(position, trouble, since, first=trouble.told is None)
            trouble.told = now

    async def _alarm(
        self, position: Position, trouble: Trouble, since: datetime, *, first: bool
    ) -> None:
        occurrence = f"alarm:{position.id}:{since.isoformat()}"
        unfilled = "a stop at the exchange that is not filled"
        has = unfilled if trouble.covered else "no stop at the exchange"
        summary = (
            f"{_name(position)} has {has}, and closing it failed: "
            f"{trouble.why.rstrip('.')}. It is tried again and again; close it at the exchange "
            "yourself if you can."
        )
        facts = {"summary": summary, "position_id": position.id, "since": since.isoformat()}
        key = f"{occurrence}:{self._clock.wall().isoformat()}"
        await self._memory.notices.tell(_notice(position, NoticeKind.ALARM, key, facts))
        for user in await self._memory.users.everyone() if first else ():
            if user.operator and user.id != position.owner_id:
                detail = {"summary": "A live position has no stop", "detail": summary}
                told = Notice(user.id, NoticeKind.OPERATOR, f"{occurrence}:{user.id}", detail)
                await self._memory.notices.tell(told)

    def _of(self, position_id: int) -> Trouble:
        return self._troubles.setdefault(position_id, Trouble())


class Watches:
    """Says of a position once that its stop is watched here only, when that lasts; and when it
    rests at the exchange again."""

    LASTS = timedelta(seconds=10)

    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._since: dict[int, tuple[datetime, Position]] = {}
        self._told: dict[int, datetime] = {}  # position → since when
        self._again: list[tuple[Position, datetime]] = []

    def here_only(self, position: Position) -> None:
        since, _ = self._since.get(position.id, (self._clock.wall(), position))
        self._since[position.id] = since, position

    def rests(self, position: Position) -> None:
        self._since.pop(position.id, None)
        if position.id in self._told:
            self._again.append((position, self._told.pop(position.id)))

    def forget(self, position_id: int) -> None:
        self._since.pop(position_id, None)
        self._told.pop(position_id, None)

    async def tell_due(self) -> None:
        now = self._clock.wall()
        for since, position in list(self._since.values()):
            if position.id not in self._told and now - since >= self.LASTS:
                words = (
                    f"The stop of {_name(position)} does not rest at the exchange at the moment. "
                    "It is watched here, and the position is closed at the market when the price "
                    "reaches it."
                )
                await self._tell(position, "watched", since, words)
                self._told[position.id] = since
        while self._again:
            position, since = self._again[-1]
            words = f"The stop of {_name(position)} rests at the exchange again."
            await self._tell(position, "rests", since, words)
            self._again.pop()

    async def _tell(self, position: Position, what: str, since: datetime, words: str) -> None:
        facts = {"summary": words, "position_id": position.id}
        key = f"{what}:position:{position.id}:{since.isoformat()}"
        await self._memory.notices.tell(_notice(position, NoticeKind.ACCOUNT, key, facts))


def _name(position: Position) -> str:
    return f"#{position.id} {position.side} {position.symbol}"


def _notice(position: Position, kind: NoticeKind, key: str, facts: dict[str, object]) -> Notice:
    return Notice(position.owner_id, kind, key, facts, replies_to=card_of(position.proposal_id))


def _nobody(intent: OrderIntent) -> None:
    words = "An order has nobody to send it; it goes out at the next look."
    log.error(words, extra=ids(intent))
