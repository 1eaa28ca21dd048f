"""The one line: candle closes → data points → rules → advisor → limits → PROPOSAL stored.

Each (strategy, symbol, candle) is decided once, ever: the decision's row is unique, and a proposal
is stored in the transaction of its decision.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from agents.decision.candidates import Candidate, question
from agents.decision.rules import Context, Verdict
from agents.decision.sight import Sights, snapshot
from agents.decision.signals import exit_verdict, look
from agents.domain.decision import Action, Advice, Advised, Decision, Snapshot
from agents.domain.errors import AskUser
from agents.domain.market import MarketState, Timeframe, Universe
from agents.domain.ports import Advisor, Clock, Market, Memory
from agents.domain.position import Position, PositionState
from agents.domain.strategy import Side, Strategy
from agents.execution.proposing import Declined, Draft, Proposer
from agents.extraction.quality import Fault
from agents.missed import missed

log = logging.getLogger(__name__)

BATCH = 2_000  # decisions stored together
AT_ONCE = 8  # candidates that are advised at the same time


class RuleExits(Protocol):
    """Closes a position because its strategy's exit rule says so."""

    async def exit_by_rule(self, position: Position, reason: str) -> object: ...


@dataclass
class _Round:
    """One candle's work: quiet decisions to store in bulk, and candidates to look at closely."""

    timeframe: Timeframe
    closed: datetime
    universe: Universe
    snapshots: list[Snapshot] = field(default_factory=list)
    quiet: list[Decision] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    exits: list[tuple[Position, Decision]] = field(default_factory=list)


class Cycle:
    """Looks at every strategy that is due when a candle has closed."""

    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        sights: Sights,
        proposer: Proposer,
        exits: RuleExits,
        advisor: Advisor | None = None,
        decided: Callable[[Iterable[Decision]], None] = lambda _: None,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._sights = sights
        self._proposer = proposer
        self._exits = exits
        self._advisor = advisor
        self._decided = decided
        self._last: dict[Timeframe, datetime] = {}

    async def run(self, timeframe: Timeframe, closed: datetime) -> None:
        """Decide the candle of `timeframe` that closed at `closed`, for every strategy.

        Nothing is decided on a market that has ended.
        """
        if self._market.health().state is MarketState.ENDED:
            return
        active = await self._memory.strategies.due(str(timeframe))
        due = [item for item in active if item.activated_at is None or item.activated_at < closed]
        if not due:
            self._last[timeframe] = closed
            return
        work = _Round(timeframe, closed, await self._market.universe())
        await self._note_missed(due, work)
        held = await self._held(due)
        for symbol, strategies in _by_symbol(due).items():
            await self._look(work, symbol, strategies, held)
            if len(work.quiet) >= BATCH:
                await self._store(work)
            await asyncio.sleep(0)
        await self._store(work)
        await self._act(work)
        self._last[timeframe] = closed

    # --- candle closes → data points → rules ------------------------------------------------

    async def _look(
        self,
        work: _Round,
        symbol: str,
        strategies: Sequence[Strategy],
        held: Mapping[tuple[int, str], Sequence[Position]],
    ) -> None:
        seen = await self._sights.see(symbol, work.timeframe, work.closed, strategies)
        for strategy in strategies:
            if isinstance(seen, Fault):
                work.quiet.append(self._decision(work, strategy, symbol, Action.BLOCKED, str(seen)))
            else:
                self._judge(work, strategy, symbol, seen, held.get((strategy.id, symbol), ()))
        if isinstance(seen, Context):
            work.snapshots.append(snapshot(seen))

    def _judge(
        self,
        work: _Round,
        strategy: Strategy,
        symbol: str,
        context: Context,
        positions: Sequence[Position],
    ) -> None:
        """What the rules say; whoever passes becomes a candidate."""
        for position in positions:
            verdict = exit_verdict(strategy.spec, position.side, context)
            if verdict is not None and verdict.passed:
                reason = f"the exit rule passes: {strategy.spec.exit(position.side)}"
                decision = self._decision(work, strategy, symbol, Action.EXIT, reason)
                work.exits.append((position, decision))
                return
        try:
            found = look(strategy.spec, context, work.universe.by_symbol.get(symbol))
        except AskUser as error:
            work.quiet.append(self._decision(work, strategy, symbol, Action.BLOCKED, str(error)))
            return
        if found.side is not None and found.levels is not None:
            work.candidates.append(
                Candidate(strategy, symbol, context, found.side, found.levels, found.reason)
            )
        elif not found.verdicts and strategy.spec.guidance and self._advisor is not None:
            work.candidates.append(Candidate(strategy, symbol, context, None, None, ""))
        else:
            reason = _nearest(found.verdicts) or found.reason
            if not found.verdicts and strategy.spec.guidance:
                reason = "there is no rule to check, and no model is connected to judge"
            work.quiet.append(self._decision(work, strategy, symbol, Action.HOLD, reason))

    # --- advisor → limits → PROPOSAL stored -------------------------------------------------

    async def _act(self, work: _Round) -> None:
        for position, decision in work.exits:
            if await self._record(work, decision):
                await self._exits.exit_by_rule(position, decision.reason)
        gate = asyncio.Semaphore(AT_ONCE)
        queues: dict[int, list[Candidate]] = defaultdict(list)
        for candidate in work.candidates:
            queues[candidate.strategy.id].append(candidate)

        async def one_by_one(candidates: Sequence[Candidate]) -> None:
            """Those of one strategy share its limits: the second has to see the first's trade."""
            async with gate:
                for candidate in candidates:
                    await self._guarded(work, candidate)

        await asyncio.gather(*(one_by_one(queue) for queue in queues.values()))

    async def _guarded(self, work: _Round, candidate: Candidate) -> None:
        try:
            await self._propose(work, candidate)
        except Exception:
            log.exception(
                "A candidate could not be judged; it is left undecided.",
                extra={"strategy": candidate.strategy.id, "symbol": candidate.symbol},
            )

    async def _propose(self, work: _Round, candidate: Candidate) -> None:
        strategy, symbol = candidate.strategy, candidate.symbol
        already = await self._memory.decisions.decided([strategy.id], symbol, work.closed)
        if already:
            return
        advised = await self._advise(work, candidate)
        advice = advised.advice if advised else None
        call = None
        for made in advised.calls if advised else ():
            call = await self._memory.model_calls.add(made)
        draft = await self._consider(work, candidate, advice)
        action, reason = _action(draft, candidate, advice)
        decision = self._decision(
            work, strategy, symbol, action, reason, call.id if call is not None else None
        )
        reasons = advice.reasons if advice and advice.reasons else (candidate.why(),)
        by = call.model if call is not None and advice is not None else "rules"
        async with self._memory.transactions.transaction():
            stored = await self._memory.decisions.store([snapshot(candidate.context)], [decision])
            if stored and isinstance(draft, Draft):
                await self._proposer.store(strategy, stored[0], draft, reasons, by)
        self._decided(stored)

    async def _advise(self, work: _Round, candidate: Candidate) -> Advised | None:
        """None when no model is connected, or the trade could not be made anyway."""
        if self._advisor is None:
            return None
        if candidate.levels is not None:
            first = await self._consider(work, candidate, None)
            if isinstance(first, Declined):
                return None
        return await self._advisor.advise(question(candidate, work.closed))

    async def _consider(
        self, work: _Round, candidate: Candidate, advice: Advice | None
    ) -> Draft | Declined:
        instrument = work.universe.by_symbol.get(candidate.symbol)
        if instrument is None:
            return Declined(Action.BLOCKED, f"{candidate.symbol} is not on this market")
        levels = candidate.levels or candidate.advised_levels(advice, instrument)
        if levels is None:
            return Declined(Action.HOLD, _silence(advice))
        return await self._proposer.consider(candidate.strategy, levels, instrument, advice)

    # --- what is stored ---------------------------------------------------------------------

    async def _store(self, work: _Round) -> None:
        """The quiet decisions so far; those that were decided before are left alone."""
        stored = await self._memory.decisions.store(work.snapshots, work.quiet)
        self._decided(stored)
        work.snapshots.clear()
        work.quiet.clear()

    async def _record(self, work: _Round, decision: Decision) -> bool:
        stored = await self._memory.decisions.store([], [decision])
        self._decided(stored)
        return bool(stored)

    def _decision(
        self,
        work: _Round,
        strategy: Strategy,
        symbol: str,
        action: Action,
        reason: str,
        model_call_id: int | None = None,
    ) -> Decision:
        return Decision(
            strategy_id=strategy.id,
            owner_id=strategy.owner_id,
            version=strategy.version,
            symbol=symbol,
            timeframe=str(work.timeframe),
            closed=work.closed,
            action=action,
            reason=reason,
            decided_at=self._clock.now(),
            model_call_id=model_call_id,
        )

    async def _note_missed(self, due: Sequence[Strategy], work: _Round) -> None:
        """After downtime: the candles that nobody looked at are recorded as missed."""
        if self._last.get(work.timeframe) == work.closed - work.timeframe.length:
            return
        last = await self._memory.decisions.last_closed([strategy.id for strategy in due])
        work.quiet.extend(missed(due, last, work.timeframe, work.closed, self._clock.now()))

    async def _held(self, due: Sequence[Strategy]) -> Mapping[tuple[int, str], list[Position]]:
        """Open positions of the strategies that have an exit rule, by (strategy, symbol)."""
        ids = {item.id for item in due if item.spec.exit_long or item.spec.exit_short}
        found: dict[tuple[int, str], list[Position]] = defaultdict(list)
        for position in await self._memory.positions.still_open() if ids else ():
            if position.strategy_id in ids and position.state is PositionState.OPEN:
                found[position.strategy_id, position.symbol].append(position)
        return found


def _by_symbol(strategies: Sequence[Strategy]) -> dict[str, list[Strategy]]:
    found: dict[str, list[Strategy]] = defaultdict(list)
    for strategy in strategies:
        for symbol in strategy.spec.symbols:
            found[symbol].append(strategy)
    return found


def _nearest(verdicts: Mapping[Side, Verdict]) -> str:
    """The first condition that is not met, as `rsi(14) 41.2, waits for < 35`."""
    for verdict in verdicts.values():
        for check in verdict.checks:
            if check.met is False and check.value is not None:
                return (
                    f"{check.text} {Decimal(f'{check.value:.6g}'):f}, waits for {check.waits_for}"
                )
    return ""


def _action(
    draft: Draft | Declined, candidate: Candidate, advice: Advice | None
) -> tuple[Action, str]:
    if isinstance(draft, Declined):
        return draft.action, draft.reason
    enters = Action.ENTER_LONG if draft.plan.side is Side.LONG else Action.ENTER_SHORT
    return enters, candidate.why() or (advice.reasons[0] if advice and advice.reasons else "")


def _silence(advice: Advice | None) -> str:
    if advice is None:
        return "the model gave no usable answer"
    return f"the advisor says {advice.action}" + (
        f": {advice.reasons[0]}" if advice.reasons else ""
    )
