"""Guards: the orders that rest at an exchange for a position are kept as its book says.

Declarative. From a stored position follows what should rest (`legs.wanted`); that is compared with
the stored unsettled resting orders, and the difference is placed and cancelled, one step after the
other, each from what is stored by then. So a process may die anywhere and the next one goes on,
and whoever changes a position only has to say so (`ExitBook.follow`).

The new order is placed before the old one is cancelled, or in its place where the exchange locks
the coins: a position is never bare for longer than one round trip. A trailing stop is moved when
it gained a tenth of R; a stop moved by hand or to break-even at once. What rests is not watched
here, except for a stop that should have been filled; what does not rest is.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from agents.domain.errors import BrokerAway, BrokerBusy, TryAgain
from agents.domain.market import Instrument
from agents.domain.money import ZERO
from agents.domain.order import BrokerOrder, OrderIntent, OrderState
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position, PositionState
from agents.domain.trail import ids
from agents.domain.venue import GuardStyle
from agents.execution.booking.settlement import left_to_close
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.dues import Backoff, Dues
from agents.execution.guards.escalating import Escalation, Watches
from agents.execution.guards.lateness import Late, Lateness
from agents.execution.guards.legs import RESTING, Difference, Group, covers, difference
from agents.execution.guards.resting import NotMoved, Outcome, Resting, Verdict
from agents.execution.guards.scenes import TRAIL_STEP, Ask, Scene, Scenes
from agents.execution.leaving.closing import meant
from agents.execution.leaving.exitbook import AtExchange, ExitBook
from agents.execution.turns import Locks, Turns, together

log = logging.getLogger(__name__)
_STEPS = 24  # in one go
_UNCLEAR = 3  # answers lost in one go
_GONE_AFTER = timedelta(seconds=2)  # an order that rested and that the exchange does not know
_ASK_AGAIN = (1, 2, 5, 10, 30)  # seconds


class Guards:
    def __init__(
        self,
        memory: Memory,
        clock: Clock,
        book: ExitBook,
        scenes: Scenes,
        resting: Resting,
        escalation: Escalation,
        *,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._book = book
        self._scenes = scenes
        self._resting = resting
        self._escalation = escalation
        self._passed = passed
        self._watches = Watches(memory, clock)
        self._turns: Turns[int] = Turns(self._tend)
        self._locks: Locks[int] = Locks()
        self._asks: dict[int, Ask] = {}
        self._later: Dues[int] = Dues()
        self._pauses: Backoff[int] = Backoff(*_ASK_AGAIN)
        self._vanished: dict[int, datetime] = {}
        self._overdue = Lateness()
        self._looked: set[int] = set()  # since the start, or since an exchange was away
        book.listen(self._followed)

    def leaves_out(self, held_back: Callable[[int], bool]) -> None:
        """`held_back` says of an exit that waits to be sent, or never arrived."""
        self._scenes.held_back = held_back

    # --- waking -------------------------------------------------------------------------------

    def wake(self, position_id: int, *, look: bool = False, exact: bool = False) -> None:
        """Have its orders compared soon."""
        self._asks.setdefault(position_id, Ask()).add(Ask(look=look, exact=exact))
        self._turns.put(position_id)

    def trailed(self, position_ids: Iterable[int]) -> None:
        """Their stops trailed; those that gained enough are moved."""
        for position_id in self._book.lagging(position_ids, TRAIL_STEP):
            self.wake(position_id, exact=True)

    def overdue(self, position_id: int) -> None:
        """The price is far beyond its resting stop."""
        self._overdue.note(position_id)
        self.wake(position_id, look=True)

    def hurry(self) -> None:
        """An exchange answers again: what waits goes on, and nothing is moved unseen."""
        self._looked.clear()
        for position_id in self._later.every():
            self.wake(position_id)

    async def every_second(self) -> None:
        """What waited goes on; dangers are told."""
        for position_id in self._later.due(self._clock.wall()):
            self.wake(position_id)
        await self._escalation.tell_due()
        await self._watches.tell_due()

    async def idle(self) -> None:
        await self._turns.idle()

    @property
    def busy(self) -> bool:
        return self._turns.busy

    def _followed(self, position: Position) -> None:
        if not self._scenes.nothing_rests(position):
            self.wake(position.id, exact=True)

    # --- for exits ----------------------------------------------------------------------------

    async def release(self, intent: OrderIntent, instrument: Instrument) -> Decimal:
        """How much an exit may close now, base currency; zero when nothing is left for it. Where
        coins are locked, what rests for them was cancelled and booked first.

        Raises TryAgain while that is not certain.
        """
        broker, number = self._scenes.broker(intent.mode), intent.position_id
        if broker is None or number is None or broker.style(instrument) is GuardStyle.LOCAL:
            return intent.quantity
        async with self._locks.of(number):
            if broker.style(instrument) is not GuardStyle.SEPARATE:
                await self._make_way(number, intent)
            scene = await self._scenes.of(number, intent)
        self._passed("exit.released")
        if scene is None:
            return intent.quantity
        free = scene.position.quantity - (scene.flying - intent.left)
        return instrument.amount(max(min(meant(intent, scene.position), free), ZERO))

    async def look(self, position_id: int) -> None:
        """Ask the exchange of its resting orders, and book what they filled. Raises TryAgain."""
        async with self._locks.of(position_id):
            scene = await self._scenes.of(position_id)
            if scene is not None:
                await self._look(scene, Ask(look=True))
        self.wake(position_id)

    async def ended(self, intent: OrderIntent, answer: BrokerOrder) -> None:
        """A resting order ended without our asking."""
        broker, number = self._scenes.broker(intent.mode), intent.position_id
        if broker is None or number is None:
            return
        async with self._locks.of(number):
            before = await self._memory.orders.get(intent.id)
            after = await self._resting.take(before, answer, broker)
        if self._resting.surprising(before, after):
            self._asks.setdefault(number, Ask()).ended.append(after)
        self.wake(number, look=True)

    async def _make_way(self, position_id: int, intent: OrderIntent) -> None:
        """Cancel what rests for an exit's coins, all of it at once; what is to rest for the others
        is placed beside the exit."""
        try:
            scene = await self._cleared(position_id, intent)
        except Exception:
            self.wake(position_id, look=True)
            raise
        self.wake(position_id, exact=True)
        if scene is not None and scene.in_the_way:
            raise BrokerAway("What rests at the exchange for it is not released yet.")

    async def _cleared(self, position_id: int, intent: OrderIntent) -> Scene | None:
        scene = await self._scenes.of(position_id, intent)
        if scene is None or not scene.in_the_way:
            return scene
        await self._look(scene, Ask())
        if (scene := await self._scenes.of(position_id, intent)) is None:
            return None
        todo = self._todo(scene, exact=True)
        await self._cancel(scene, [item for group in todo.stale for item in group])
        return await self._scenes.of(position_id, intent)

    # --- a turn -------------------------------------------------------------------------------

    async def _tend(self, position_id: int) -> None:
        async with self._locks.of(position_id):
            ask = self._asks.pop(position_id, Ask())
            ask.look = ask.look or position_id not in self._looked
            self._looked.add(position_id)
            try:
                await self._bring(position_id, ask)
            except Exception as fault:
                self._put_off(position_id, ask, fault)
            else:
                self._pauses.forget(position_id)

    def _put_off(self, position_id: int, ask: Ask, fault: Exception) -> None:
        trace, level = (None, log.warning) if isinstance(fault, TryAgain) else (fault, log.error)
        level("A stop waits: %s", fault, exc_info=trace, extra={"position": position_id})
        self._asks.setdefault(position_id, Ask()).add(ask)
        pause = self._pauses.next(position_id)
        if not isinstance(fault, NotMoved):  # it may be bare
            pause = min(pause, timedelta(seconds=5))
        if isinstance(fault, BrokerBusy):  # exits go first
            pause = max(pause, timedelta(seconds=fault.retry_after + 0.5))
        self._later.put(position_id, self._clock.wall() + pause)

    async def _bring(self, position_id: int, ask: Ask) -> None:
        """Do what differs until nothing does. Raises TryAgain, when it has to go on later."""
        scene: Scene | None = None
        try:
            for _ in range(_STEPS):
                scene = await self._scenes.of(position_id)
                if scene is None or not await self._step(scene, ask):
                    break
            else:
                raise BrokerAway("Its orders keep changing.")
        except Exception:
            await self._note(await self._scenes.of(position_id))
            raise
        await self._note(scene)

    async def _step(self, scene: Scene, ask: Ask) -> bool:
        """The next thing to do; False when there is none for now."""
        if ask.look or any(item.state not in RESTING for item in scene.resting):
            await self._look(scene, ask)
            return True
        if scene.position.state is PositionState.CLOSED:
            return await self._cancel(scene, scene.left_over)
        self._escalation.recall(scene.position.id, scene.orders, covered=scene.covered)
        self._escalation.judge(scene.position.id, ask.ended, scene.orders)
        ask.ended.clear()
        if scene.position.id in self._overdue and not scene.closing:
            return await self._late(scene)
        todo = self._todo(scene, exact=ask.exact)
        return await self._work(scene, ask, todo) if todo else False

    async def _work(self, scene: Scene, ask: Ask, todo: Difference) -> bool:
        """Stops first, and new before old. Where coins are locked a new order takes the place of
        an old one. What is old makes way for nothing else until the entry is over."""
        number = scene.position.id
        if todo.missing_stops:
            if scene.closing and (scene.covered or self._escalation.closing(number)):
                return False  # an exit for all of it is on its way
            if (why := self._escalation.must_close(number)) and not scene.covered:
                return await self._close(scene, why)
            groups, instead = scene.swap(todo)
            if groups:
                return await self._place(scene, ask, groups, instead)
            return await self._cancel(scene, instead) if instead else self._when_grown(number)
        if stale := [item for group in todo.stale for item in group]:
            return self._when_grown(number) if scene.grows else await self._cancel(scene, stale)
        return await self._place(scene, ask, todo.missing, [])

    def _when_grown(self, number: int) -> bool:
        """Go on when its entry is over."""
        self._later.put(number, self._clock.wall() + timedelta(seconds=1))
        return False

    async def _place(
        self, scene: Scene, ask: Ask, groups: Sequence[Group], instead: Sequence[OrderIntent]
    ) -> bool:
        """All at once, so that nothing of it is bare for longer than one round trip."""
        ask.look = bool(instead)  # until it is certain what became of them
        self._expect(scene, groups)
        numbers = accumulate((len(group) for group in groups), initial=scene.number)
        outcomes = await together(
            self._resting.place(scene.ground, group, number, instead)
            for group, number in zip(groups, numbers, strict=False)
        )
        go_on: list[bool] = []
        for group, outcome in zip(groups, outcomes, strict=True):
            if outcome.verdict is Verdict.PLACED:
                ask.look = False
                go_on.append(await self._cancel(scene, instead) or True)
            else:
                go_on.append(await self._not_placed(scene, ask, group, outcome))
        return any(go_on)

    def _expect(self, scene: Scene, groups: Sequence[Group]) -> None:
        """A target that may rest in a moment is not taken here as well."""
        number = scene.position.id
        known = self._book.at_exchange(number) or AtExchange()
        coming = {leg.target for group in groups for leg in group if leg.target is not None}
        self._book.rests(number, replace(known, targets=known.targets | coming))

    async def _not_placed(self, scene: Scene, ask: Ask, group: Group, outcome: Outcome) -> bool:
        number = scene.position.id
        if outcome.verdict is Verdict.UNCLEAR:
            ask.unclear += 1
            if ask.unclear >= _UNCLEAR:
                raise BrokerAway("The exchange gives no answer.")
            return True
        if outcome.verdict is Verdict.TOO_NEAR and covers(group):
            beyond = "the price was beyond the stop already"
            return await self._close(scene, beyond) or ask.look
        if covers(group) and scene.covered and not ask.look:
            raise NotMoved(f"The stop stays where it rests: {outcome.why}.")
        if targets := [leg.target for leg in group if leg.target is not None]:
            self._escalation.strike_targets(number, targets)
        else:
            self._escalation.strike(number, outcome.why)
        log.error("A resting order was refused: %s", outcome.why, extra=ids(scene.position))
        return True

    async def _cancel(self, scene: Scene, intents: Sequence[OrderIntent]) -> bool:
        """Whether there was anything to cancel."""
        await self._resting.cancel_all(intents, scene.ground.broker)
        return bool(intents)

    async def _close(self, scene: Scene, why: str) -> bool:
        """Whether an order to close it was stored; if not, it is tried again later."""
        closed = await self._escalation.close(scene.position, why)
        if (again := self._escalation.close_again(scene.position.id)) is not None:
            self._later.put(scene.position.id, again)
        return closed

    # --- what became of them ------------------------------------------------------------------

    async def _look(self, scene: Scene, ask: Ask) -> None:
        for intent in scene.resting:
            if ask.look or intent.state not in RESTING:
                await self._look_at(scene, intent, ask)
        ask.look = False

    async def _look_at(self, scene: Scene, intent: OrderIntent, ask: Ask) -> None:
        if intent.state is OrderState.NEW:
            await self._resting.forget(intent)
            return
        after = await self._resting.look(intent, scene.ground.broker)
        if after is None:
            now = self._clock.wall()
            if now - self._vanished.setdefault(intent.id, now) < _GONE_AFTER:
                raise BrokerAway("The exchange does not know a resting order; asked again.")
            after = await self._resting.forget(intent)
        self._vanished.pop(intent.id, None)
        if self._resting.surprising(intent, after):
            ask.ended.append(after)

    async def _late(self, scene: Scene) -> bool:
        """An overdue stop that was looked up: it is being filled, or the position is closed, again
        and again until it is."""
        number = scene.position.id
        late = self._overdue.of(scene)
        if late is Late.BEING_FILLED:
            self._asks.setdefault(number, Ask()).look = True
            self._later.put(number, self._clock.wall() + timedelta(seconds=1))
        if late is not Late.STUCK:
            return late is Late.OVER
        return await self._close(scene, "the price passed the stop and it was not filled")

    # --- what should be -----------------------------------------------------------------------

    def _todo(self, scene: Scene, *, exact: bool) -> Difference:
        without = self._escalation.watched_here(scene.position.id)
        return difference(scene.wanted(exact=exact, without=without), scene.resting)

    async def _note(self, scene: Scene | None) -> None:
        """Tell the book what it need not watch, and whoever should know of a bare position."""
        if scene is None:
            return
        position, number = scene.position, scene.position.id
        if position.state is PositionState.CLOSED:
            await self._over(position)
            return
        held = self._book.held(number)
        stale = held is None or held.position.version < position.version
        if stale and number not in self._book.unarmed:
            self._book.follow(position, left_to_close(scene.orders))
        targets = frozenset(item.target for item in scene.resting if item.target is not None)
        self._book.rests(number, AtExchange(scene.stop if scene.covered else None, targets))
        late = number in self._overdue
        if scene.covered and not late:
            self._watches.rests(position)
            await self._escalation.over(position, "has its stop at the exchange again")
        elif scene.closing:
            self._watches.forget(number)
        else:
            self._in_danger(position, covered=scene.covered)

    def _in_danger(self, position: Position, *, covered: bool) -> None:
        """It has no stop at the exchange, or one that is not filled."""
        if not covered:
            self._watches.here_only(position)
        if self._escalation.closing(position.id):
            self._escalation.failed(position, covered=covered)
            if (again := self._escalation.close_again(position.id)) is not None:
                self._later.put(position.id, again)

    async def _over(self, position: Position) -> None:
        self._book.rests(position.id, None)
        self._watches.forget(position.id)
        self._overdue.forget(position.id)
        self._looked.discard(position.id)
        await self._escalation.over(position, "is closed")
        self._escalation.forget(position.id)
