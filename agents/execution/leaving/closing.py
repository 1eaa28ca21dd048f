"""Stores exit orders: the position marked and the intent written, in one transaction.

The key of an exit intent carries the version that the position had, and storing it makes the
next version by compare-and-set. So one cause makes one order, whoever sees it and however often,
and an order that was rejected can be made again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from agents.domain.errors import Moved
from agents.domain.money import ZERO
from agents.domain.order import FAILED, OrderIntent, OrderPurpose, OrderSide
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position, PositionState
from agents.domain.strategy import Step
from agents.execution.booking.settlement import in_flight
from agents.execution.bounds.liquidation import worst_exit
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.leaving.exitbook import ExitBook, Held

_TRIES = 5
_STEP = "step-"


@dataclass(frozen=True, slots=True)
class Exit:
    """A wish to close. `quantity` in base currency, None for all that is free; `trigger` the
    price that caused it; `target` the index of the target reached, `step` the name of what the
    strategy's rules of management close."""

    position_id: int
    purpose: OrderPurpose
    reason: str
    quantity: Decimal | None = None
    trigger: Decimal | None = None
    target: int | None = None
    step: str = ""


class Closing:
    def __init__(
        self, memory: Memory, clock: Clock, book: ExitBook, *, passed: Checkpoint = passed
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._book = book
        self._passed = passed

    async def store(self, exits: Sequence[Exit]) -> list[OrderIntent]:
        """The intents stored, each NEW. Exits that others are closing already make none.

        All in one transaction, or in the running one: raises what the database raises, and then
        nothing is stored. The book follows when it is committed.
        """
        known: dict[int, Held] = {}
        intents: list[OrderIntent] = []
        async with self._memory.transactions.transaction():
            for wanted in exits:
                intent = await self._store(wanted, known)
                if intent is not None:
                    intents.append(intent)
            stored = {intent.position_id for intent in intents}
            marked = [held for held in known.values() if held.position.id in stored]
            self._memory.transactions.after_commit(lambda: self._follow(marked))
        self._passed("exit.stored")
        return intents

    def _follow(self, marked: Sequence[Held]) -> None:
        for held in marked:
            self._book.follow(held.position, held.in_flight)

    async def _store(self, wanted: Exit, known: dict[int, Held]) -> OrderIntent | None:
        held = known.get(wanted.position_id) or self._watched(wanted.position_id)
        for _ in range(_TRIES):
            if held is None:
                held = await self._read(wanted.position_id)
            held = Held.of(self._book.freshest(held.position), held.in_flight)
            quantity = _quantity(held, wanted)
            if quantity <= 0:
                known[wanted.position_id] = held
                return None
            marked = _marked(held, wanted, quantity)
            if await self._memory.positions.save(marked):
                self._passed("exit.storing")
                after = replace(marked, version=marked.version + 1)
                known[wanted.position_id] = Held.of(after, held.in_flight + quantity)
                return await self._add(held.position, wanted, quantity)
            held = None
        raise Moved

    def _watched(self, position_id: int) -> Held | None:
        """As the book has it; one whose exit failed was stored anew since, and has to be read."""
        return None if position_id in self._book.unarmed else self._book.held(position_id)

    async def _read(self, position_id: int) -> Held:
        position = await self._memory.positions.by_id(position_id)
        return Held.of(position, await in_flight(self._memory, position_id))

    async def _add(self, position: Position, wanted: Exit, quantity: Decimal) -> OrderIntent:
        intent = exit_order(position, wanted, quantity, self._clock.now())
        stored = await self._memory.orders.add(intent)
        if stored is None:
            raise Moved
        return stored


def _quantity(held: Held, wanted: Exit) -> Decimal:
    """How much may be closed: never more than is open and not yet being closed."""
    if held.position.state is PositionState.CLOSED:
        return ZERO
    if wanted.target is None:
        return held.free if wanted.quantity is None else min(wanted.quantity, held.free)
    target = held.position.targets[wanted.target]
    if target.done:
        return ZERO
    return held.free if is_rest(held.position, wanted.target) else min(target.quantity, held.free)


def is_rest(position: Position, index: int) -> bool:
    """Whether the target closes all that is left: the last one of targets that make a whole."""
    others = (target for place, target in enumerate(position.targets) if place != index)
    planned = sum((target.quantity for target in position.targets), ZERO)
    return all(target.done for target in others) and planned == position.on_step(position.entered)


def meant(intent: OrderIntent, position: Position) -> Decimal:
    """What an exit is to close: of a target no more than its resting order has left of it."""
    if intent.target is None or is_rest(position, intent.target):
        return intent.left
    return min(intent.left, position.targets[intent.target].quantity)


def _marked(held: Held, wanted: Exit, quantity: Decimal) -> Position:
    position = held.position
    targets = list(position.targets)
    if wanted.target is not None:
        targets[wanted.target] = replace(targets[wanted.target], done=True)
    whole = quantity >= held.free
    state = PositionState.CLOSING if whole else position.state
    return replace(position, state=state, targets=tuple(targets))


def was_made(intent: OrderIntent, step: Step) -> bool:
    """Whether an order of a position closes, or closed, what the step is to close."""
    named = f":{_STEP}{step.name}:" in intent.key
    return named and (intent.state not in FAILED or intent.filled > 0)


def exit_order(position: Position, wanted: Exit, quantity: Decimal, at: datetime) -> OrderIntent:
    """The intent that closes `quantity` of `position`; `at` is market time."""
    which = "" if wanted.target is None else f":{wanted.target}"
    if wanted.step:
        which = f":{_STEP}{wanted.step}"
    return OrderIntent(
        key=f"{wanted.purpose}:position:{position.id}{which}:v{position.version}",
        owner_id=position.owner_id,
        strategy_id=position.strategy_id,
        account_id=position.account_id,
        symbol=position.symbol,
        mode=position.mode,
        purpose=wanted.purpose,
        side=OrderSide.to_close(position.side),
        quantity=quantity,
        created_at=at,
        proposal_id=position.proposal_id,
        position_id=position.id,
        trigger=wanted.trigger,
        reason=wanted.reason,
        price=worst_exit(position),
        target=wanted.target,
    )
