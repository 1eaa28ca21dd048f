"""Ticks into exit orders, in the loop turn of the tick; and what keeps the stops true.

`on_tick` decides at once and hands the storing to a backlog. What is stored is sent by the
orders' own backlog, so that a slow exchange does not hold up the next exit.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from agents.domain.errors import NotFound
from agents.domain.market import Tick
from agents.domain.order import UNSETTLED, OrderIntent, OrderPurpose
from agents.domain.ports import Memory
from agents.domain.position import Position, PositionState
from agents.domain.user import Notice, NoticeKind
from agents.execution.backlog import Backlog
from agents.execution.booking.settlement import in_flight
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.figures import plain
from agents.execution.guards.guarding import Guards
from agents.execution.guards.legs import at_exchange
from agents.execution.leaving.closing import Closing, Exit
from agents.execution.leaving.exitbook import ExitBook, Trigger, TriggerKind
from agents.execution.ordering.orders import Orders
from agents.execution.telling import card_of

log = logging.getLogger(__name__)
Work = Callable[[Sequence[Trigger]], Awaitable[None]]
_STOPS_AT_ONCE = 1_000  # a few milliseconds of the loop, as is the next
_LOADED_AT_ONCE = 500
_AT_ONCE = 50  # positions in one transaction: other writers get in between


class Exits:
    def __init__(
        self,
        memory: Memory,
        orders: Orders,
        closing: Closing,
        book: ExitBook,
        guards: Guards,
        *,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._orders = orders
        self._closing = closing
        self._book = book
        self._guards = guards
        self._passed = passed
        self._due: Backlog[Trigger] = Backlog(self._work_off)

    def on_tick(self, tick: Tick) -> None:
        """A tick listener: never waits."""
        for trigger in self._book.on_tick(tick):
            if trigger.kind is TriggerKind.OVERDUE:
                self._guards.overdue(trigger.position_id)
            else:
                self._due.put(trigger)

    async def idle(self) -> None:
        """Return when every exit that was set off is stored."""
        await self._due.idle()

    async def load(self) -> None:
        """Fill the book from what is stored; at start, before ticks come. What rested at an
        exchange counts as resting until the guards have looked: it may have been filled.
        Positions are read before orders: an exit that is stored in between is then seen."""
        still_open = await self._memory.positions.still_open()
        pending: dict[int, Decimal] = {}
        resting: dict[int, list[OrderIntent]] = {}
        for order in await self._memory.orders.in_states(UNSETTLED):
            if order.position_id is None or not order.reduces:
                continue
            if order.rests:
                resting.setdefault(order.position_id, []).append(order)
            else:
                left = order.quantity - order.filled
                pending[order.position_id] = pending.get(order.position_id, Decimal(0)) + left
        for place, position in enumerate(still_open):
            self._book.rests(position.id, at_exchange(position, resting.get(position.id, ())))
            await self._heal(position, pending.get(position.id, Decimal(0)))
            if place % _LOADED_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def heal(self) -> None:
        """Arm positions whose exit failed; every minute."""
        for position_id in sorted(self._book.unarmed):
            self._book.unarmed.discard(position_id)
            try:
                position = await self._memory.positions.by_id(position_id)
                await self._heal(position, await in_flight(self._memory, position_id))
            except NotFound:
                continue
            except Exception:
                self._book.unarmed.add(position_id)
                raise

    async def flush(self) -> int:
        """Write the stops that trailed since the last time; about once a second. How many. What
        the database did not take is written the next time."""
        risen = self._book.risen()
        try:
            await self._write(risen)
        except Exception:
            self._book.stir(risen)
            raise
        self._guards.trailed(risen)
        return len(risen)

    async def _write(self, risen: Sequence[int]) -> None:
        for start in range(0, len(risen), _STOPS_AT_ONCE):
            moved = self._book.levels(risen[start : start + _STOPS_AT_ONCE])
            await self._memory.positions.save_stops(moved)

    async def _heal(self, position: Position, pending: Decimal) -> None:
        """Follow a position; one marked as closing that nothing closes is open again."""
        if position.state is PositionState.CLOSING and pending < position.sellable:
            opened = replace(position, state=PositionState.OPEN)
            if not await self._memory.positions.save(opened):
                self._book.unarmed.add(position.id)
                return
            position = replace(opened, version=opened.version + 1)
        self._book.follow(position, pending)

    # --- what was set off ---------------------------------------------------------------------

    async def _work_off(self, triggers: Sequence[Trigger]) -> None:
        stops = [trigger for trigger in triggers if trigger.kind is TriggerKind.BREAK_EVEN]
        exits = [trigger for trigger in triggers if trigger.kind is not TriggerKind.BREAK_EVEN]
        for start in range(0, len(exits), _AT_ONCE):
            await self._guarded(exits[start : start + _AT_ONCE], self._close)
        for trigger in stops:
            await self._guarded([trigger], self._break_even)

    async def _guarded(self, triggers: Sequence[Trigger], work: Work) -> None:
        """A fault of the database leaves the positions to be armed again."""
        try:
            await work(triggers)
        except Exception:
            held = {trigger.position_id for trigger in triggers}
            told = {"positions": ",".join(map(str, sorted(held)))}
            log.exception("Exits could not be stored; armed again within a minute.", extra=told)
            self._book.unarmed.update(held)

    async def _close(self, triggers: Sequence[Trigger]) -> None:
        intents = await self._closing.store([self._exit(trigger) for trigger in triggers])
        for intent in intents:
            self._orders.send_soon(intent)

    def _exit(self, trigger: Trigger) -> Exit:
        held = self._book.held(trigger.position_id)
        if trigger.kind is TriggerKind.TARGET:
            alone = held is not None and len(held.position.targets) == 1
            name = "target" if alone else f"target {trigger.index + 1}"
            return Exit(
                trigger.position_id,
                OrderPurpose.TARGET,
                f"{name} at {plain(trigger.price)}",
                trigger=trigger.price,
                target=trigger.index,
            )
        if trigger.kind is TriggerKind.LIQUIDATION:
            return Exit(
                trigger.position_id,
                OrderPurpose.LIQUIDATION,
                f"liquidated at {plain(trigger.price)}",
                trigger=trigger.price,
            )
        even = held is not None and held.position.entry_price == trigger.price
        name = "break-even stop" if even else str(trigger.kind)
        return Exit(
            trigger.position_id,
            OrderPurpose.STOP,
            f"{name} at {plain(trigger.price)}",
            trigger=trigger.price,
        )

    async def _break_even(self, triggers: Sequence[Trigger]) -> None:
        for trigger in triggers:
            while not await self._moved_to_entry(trigger.position_id):
                told = {"position": trigger.position_id}
                log.info("A position changed meanwhile; its stop again.", extra=told)

    async def _moved_to_entry(self, position_id: int) -> bool:
        """False when the position changed in between and has to be read again."""
        position = self._book.freshest(await self._memory.positions.by_id(position_id))
        better = (position.entry_price - position.stop) * position.side.sign > 0
        if position.state is PositionState.CLOSED or not better:
            return True
        moved = replace(position, stop=position.entry_price)
        async with self._memory.transactions.transaction():
            if not await self._memory.positions.save(moved):
                return False
            self._passed("stop.moving")
            await self._memory.notices.tell(_stop_moved(moved))
        self._passed("stop.moved")
        after = replace(moved, version=moved.version + 1)
        self._book.follow(after, await in_flight(self._memory, position_id))
        return True


def _stop_moved(position: Position) -> Notice:
    return Notice(
        owner_id=position.owner_id,
        kind=NoticeKind.STOP_MOVED,
        key=f"stop:{position.id}:v{position.version + 1}",
        facts={
            "position_id": position.id,
            "proposal_id": position.proposal_id,
            "stop": str(position.stop),
            "why": "the trade is far enough in profit: the stop is at the entry price",
        },
        replies_to=card_of(position.proposal_id),
    )
