"""What the rules of a strategy do with its open positions when a candle has closed: leave, close a
part, move the stop to the entry, or hold."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.decision.rules import Context, evaluate_last, parse_rule
from agents.decision.signals import exit_verdict
from agents.domain.decision import Action, Decision
from agents.domain.money import exact
from agents.domain.order import OrderIntent
from agents.domain.ports import Memory
from agents.domain.position import Position
from agents.domain.strategy import Step, StrategySpec
from agents.domain.trail import ids
from agents.execution.leaving.hands import StoredStep

log = logging.getLogger(__name__)


class RuleHands(Protocol):
    """Does with positions what their strategy's rules say. What `store_` methods store joins the
    running transaction, and is sent once that is committed."""

    async def store_rule_exit(self, position: Position, reason: str) -> Sequence[OrderIntent]: ...

    async def store_step(self, position: Position, step: Step, reason: str) -> StoredStep:
        """Raises LimitBreach and TryAgain."""

    async def send(self, intent: OrderIntent) -> object: ...

    async def send_step(self, stored: StoredStep) -> None: ...


@dataclass(frozen=True, slots=True)
class Held:
    """A position, and the steps that are still to be done with it."""

    position: Position
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """What is done with some positions of one strategy and symbol, and why."""

    action: Action
    reason: str
    leave: tuple[Position, ...] = ()
    steps: tuple[tuple[Position, Step], ...] = ()


def move(spec: StrategySpec, held: Sequence[Held], context: Context) -> Move | None:
    """What the rules of exit and management say at the context's last candle, the former first;
    None where everything is held. Raises RuleError."""
    leaving = tuple(one.position for one in held if _leaves(spec, one.position, context))
    if leaving:
        reason = f"the exit rule passes: {spec.exit(leaving[0].side)}"
        return Move(Action.EXIT, reason, leaving)
    steps = tuple(
        (one.position, step)
        for one in held
        for step in one.steps
        if _passes(spec, one, step, context)
    )
    if not steps:
        return None
    said = dict.fromkeys(_reason(step) for _, step in steps)
    return Move(Action.MANAGE, "; ".join(said), steps=steps)


def _reason(step: Step) -> str:
    what = "to the entry" if step.close is None else f"{(step.close * 100).normalize():f}%"
    return f"{what} by rule {step.when}"


def _leaves(spec: StrategySpec, position: Position, context: Context) -> bool:
    verdict = exit_verdict(spec, position.side, context)
    return verdict is not None and verdict.passed


def _passes(spec: StrategySpec, held: Held, step: Step, context: Context) -> bool:
    """A stop is moved to the entry only where the price is beyond it."""
    if step.close is None:
        price, position = exact(float(context.base.close[-1])), held.position
        if (price - position.entry_price) * position.side.sign <= 0:
            return False
    return evaluate_last(parse_rule(step.when, spec.timeframe), context).passed


class Managing:
    """Stores a decision with what follows from it, once, and sends that."""

    def __init__(
        self, memory: Memory, hands: RuleHands, decided: Callable[[Iterable[Decision]], None]
    ) -> None:
        self._memory = memory
        self._hands = hands
        self._decided = decided

    async def do(self, decision: Decision, wanted: Move) -> None:
        """The decision and the orders that follow from it are one commit, and sent after it.
        Raises what `store_step` raises; then nothing is stored."""
        intents: list[OrderIntent] = []
        steps: list[StoredStep] = []
        async with self._memory.transactions.transaction():
            stored = await self._memory.decisions.store([], [decision])
            if stored:
                for position in wanted.leave:
                    intents += await self._hands.store_rule_exit(position, decision.reason)
                for position, step in wanted.steps:
                    steps.append(await self._hands.store_step(position, step, _reason(step)))
        self._decided(stored)
        for intent in intents:
            log.info("An exit rule has passed.", extra=ids(*stored, intent))
            await self._hands.send(intent)
        for done in steps:
            log.info("A rule of management has passed.", extra=ids(*stored, *done.intents))
            await self._hands.send_step(done)
