"""The one line: candle closes → data points → rules → advisor → limits → PROPOSAL stored.

Each (strategy, symbol, candle) is decided once, ever: the decision's row is unique, and a proposal
is stored in the transaction of its decision.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from agents.decision import reasons
from agents.decision.candidates import Candidate, question
from agents.decision.rules import Context
from agents.decision.sight import Sights, snapshot
from agents.decision.signals import look
from agents.domain.decision import Action, Advised, Decision, Snapshot
from agents.domain.errors import AskUser, MarketUnavailable, Moved, ParleyError
from agents.domain.market import MarketState, Timeframe, Universe
from agents.domain.ports import Advisor, Clock, Market, Memory
from agents.domain.proposal import Proposal
from agents.domain.schedule import was_time
from agents.domain.strategy import RunKind, Side, Strategy
from agents.domain.trail import ids
from agents.domain.windows import in_windows
from agents.execution.proposals.proposing import Declined, Draft, Proposer
from agents.holding import Holding, holding
from agents.managing import Managing, Move, RuleHands, move
from agents.missed import BUSY, NOT_RUNNING, missed

log = logging.getLogger(__name__)

BATCH = 2_000  # decisions stored together
TURNS = 5  # of the loop, for others, after each symbol
AT_ONCE = 8  # candidates that are advised at the same time


@dataclass
class _Round:
    """One candle's work: quiet decisions to store in bulk, and candidates to look at closely.

    `entering` are the ids of the strategies that may enter; others only get out.
    """

    timeframe: Timeframe
    closed: datetime
    universe: Universe
    entering: frozenset[int]
    held: Holding
    snapshots: list[Snapshot] = field(default_factory=list)
    quiet: list[Decision] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    moves: list[tuple[Strategy, Decision, Move]] = field(default_factory=list)
    complete: bool = True  # everything that was due has a decision


class Cycle:
    """Looks at every strategy that is due when a candle has closed."""

    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        sights: Sights,
        proposer: Proposer,
        hands: RuleHands,
        advisor: Advisor | None = None,
        decided: Callable[[Iterable[Decision]], None] = lambda _: None,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._sights = sights
        self._proposer = proposer
        self._managing = Managing(memory, hands, decided)
        self._advisor = advisor
        self._decided = decided
        self._last: dict[Timeframe, datetime] = {}
        self._turn = asyncio.Lock()  # timeframes that close together are computed by turns

    async def run(self, timeframe: Timeframe, closed: datetime) -> None:
        """Decide the candle of `timeframe` that closed at `closed`, for every strategy.

        Nothing is decided on a market that has ended.
        """
        if self._market.health().state is MarketState.ENDED:
            return
        active = await self._memory.strategies.due(str(timeframe))
        due = [item for item in active if item.activated_at is None or item.activated_at < closed]
        universe = await self._universe()
        held = await holding(self._memory, timeframe, due, universe)
        if not due and not held.leaving:
            self._last[timeframe] = closed
            return
        entering = frozenset(strategy.id for strategy in due)
        work = _Round(timeframe, closed, universe, entering, held)
        await self._note_missed(due, work)
        for symbol, strategies in _by_symbol(due, held.leaving).items():
            async with self._turn:
                await self._look_safely(work, symbol, strategies)
                await _give_way()
            if len(work.quiet) >= BATCH:
                await self._store(work)
        await self._store(work)
        await self._act(work)
        if work.complete:
            self._last[timeframe] = closed

    async def _universe(self) -> Universe:
        """Empty while the market can't be reached; its candles then say so."""
        try:
            return await self._market.universe()
        except MarketUnavailable:
            return Universe(())

    # --- candle closes → data points → rules ------------------------------------------------

    async def _look_safely(self, work: _Round, symbol: str, strategies: Sequence[Strategy]) -> None:
        """A fault of ours about one symbol must not keep the others from being decided."""
        try:
            await self._look(work, symbol, strategies)
        except Exception:
            log.exception("A symbol could not be looked at.", extra={"symbol": symbol})
            for strategy in strategies:
                self._block(work, strategy, symbol, reasons.BROKE)

    async def _look(self, work: _Round, symbol: str, strategies: Sequence[Strategy]) -> None:
        sight = await self._sights.see(symbol, work.timeframe, work.closed, strategies)
        for strategy in strategies:
            seen = sight.of(strategy)
            if isinstance(seen, str):
                self._block(work, strategy, symbol, seen)
                continue
            try:
                self._judge(work, strategy, symbol, seen)
            except AskUser as error:
                self._block(work, strategy, symbol, str(error))
        if sight.context is not None:
            work.snapshots.append(snapshot(sight.context))

    def _judge(self, work: _Round, strategy: Strategy, symbol: str, context: Context) -> None:
        """What the rules say; whoever passes becomes a candidate. Raises AskUser."""
        if self._moves(work, strategy, symbol, context) or strategy.id not in work.entering:
            return
        if not _is_time(strategy, work):
            not_now = self._decision(work, strategy, symbol, Action.HOLD, reasons.NOT_SCHEDULED)
            work.quiet.append(not_now)
            return
        spec = strategy.spec
        found = look(spec, context, work.universe.by_symbol.get(symbol))
        if found.side is not None and found.levels is not None:
            passed = Candidate(strategy, symbol, context, found.side, found.levels, found.reason)
            work.candidates.append(passed)
            return
        reason = reasons.held(found)
        if not found.verdicts and spec.guidance:
            if self._advisor is not None and in_windows(spec.windows, work.closed):
                work.candidates.append(Candidate(strategy, symbol, context, None, None, ""))
                return
            reason = reasons.NO_MODEL if self._advisor is None else reasons.OUT_OF_HOURS
        work.quiet.append(self._decision(work, strategy, symbol, Action.HOLD, reason))

    def _moves(self, work: _Round, strategy: Strategy, symbol: str, context: Context) -> bool:
        """Whether something is done with what is held; then nothing is entered on this candle."""
        held = work.held.positions.get((strategy.id, symbol), ())
        wanted = move(strategy.spec, held, context)
        if wanted is None:
            return False
        decision = self._decision(work, strategy, symbol, wanted.action, wanted.reason)
        work.moves.append((strategy, decision, wanted))
        return True

    # --- advisor → limits → PROPOSAL stored -------------------------------------------------

    async def _act(self, work: _Round) -> None:
        for strategy, decision, wanted in work.moves:
            doing = self._managing.do(decision, wanted)
            await self._guarded(work, strategy, decision.symbol, doing)
        gate = asyncio.Semaphore(AT_ONCE)
        queues: dict[int, list[Candidate]] = defaultdict(list)
        for candidate in work.candidates:
            queues[candidate.strategy.id].append(candidate)

        async def one_by_one(candidates: Sequence[Candidate]) -> None:
            """Those of one strategy share its limits: the second has to see the first's trade."""
            async with gate:
                for candidate in candidates:
                    proposing = self._propose(work, candidate)
                    await self._guarded(work, candidate.strategy, candidate.symbol, proposing)

        await asyncio.gather(*(one_by_one(queue) for queue in queues.values()))

    async def _guarded(
        self, work: _Round, strategy: Strategy, symbol: str, judging: Awaitable[None]
    ) -> None:
        """A fault of ours is a decision too, where that can be stored."""
        try:
            await judging
            return
        except Exception as error:
            known = isinstance(error, ParleyError)  # no trace for what the market does
            reason = str(error) if known else reasons.BROKE
            facts = {"strategy": strategy.id, "symbol": symbol, "why": reason}
            words = "A candle could not be judged for a strategy."
            log.error(words, extra=facts, exc_info=None if known else error)
        try:
            broke = self._decision(work, strategy, symbol, Action.BLOCKED, reason)
            self._decided(await self._memory.decisions.store([], [broke]))
        except Exception:
            work.complete = False
            log.exception("It is left undecided.", extra=facts)

    async def _propose(self, work: _Round, candidate: Candidate) -> None:
        strategy, symbol = candidate.strategy, candidate.symbol
        if await self._memory.decisions.decided([strategy.id], symbol, work.closed):
            return
        hindered = await self._hindered(work, candidate) if self._advisor else None
        advised = await self._advise(work, candidate) if hindered is None else None
        draft = hindered or await self._consider(work, candidate, advised)
        await self._keep(work, candidate, draft, advised)

    async def _hindered(self, work: _Round, candidate: Candidate) -> Declined | None:
        """Why a trade could not be made whatever a model says, so that none is asked."""
        instrument = work.universe.by_symbol.get(candidate.symbol)
        if candidate.levels is None and instrument is not None:
            return await self._proposer.hindrance(candidate.strategy, instrument)
        found = await self._consider(work, candidate, None)
        return found if isinstance(found, Declined) else None

    async def _advise(self, work: _Round, candidate: Candidate) -> Advised | None:
        """The answer with its calls as they were stored; None when no model could be asked, as
        for an owner without a key."""
        if self._advisor is None:
            return None
        advised = await self._advisor.advise(question(candidate, work.closed))
        if advised.advice is None and not advised.calls:
            return None
        calls = [await self._memory.model_calls.add(call) for call in advised.calls]
        return replace(advised, calls=tuple(calls))

    async def _consider(
        self, work: _Round, candidate: Candidate, advised: Advised | None
    ) -> Draft | Declined:
        advice = advised.advice if advised else None
        instrument = work.universe.by_symbol.get(candidate.symbol)
        if instrument is None:
            return Declined(Action.BLOCKED, reasons.NOT_HERE.format(symbol=candidate.symbol))
        levels = candidate.levels or candidate.advised_levels(advice, instrument)
        if levels is None:
            return Declined(Action.HOLD, reasons.no_trade(advised, candidate.strategy.spec))
        return await self._proposer.consider(candidate.strategy, levels, instrument, advice)

    # --- what is stored ---------------------------------------------------------------------

    async def _keep(
        self,
        work: _Round,
        candidate: Candidate,
        draft: Draft | Declined,
        advised: Advised | None,
    ) -> None:
        """The decision with its proposal in one commit; HOLD when another trade was quicker."""
        call = advised.calls[-1] if advised and advised.calls else None
        said = candidate.says(advised)
        action, reason = _action(draft, candidate, said)
        decision = replace(
            self._decision(work, candidate.strategy, candidate.symbol, action, reason),
            model_call_id=call.id if call else None,
        )
        by = call.model if call and advised and advised.advice else "rules"
        seen = [snapshot(candidate.context)]
        try:
            async with self._memory.transactions.transaction():
                stored = await self._memory.decisions.store(seen, [decision])
                offered = None
                if stored and isinstance(draft, Draft):
                    offered = await self._offer(candidate.strategy, stored[0], draft, said, by)
        except Moved as overtaken:
            held = replace(decision, action=Action.HOLD, reason=str(overtaken))
            stored, offered = await self._memory.decisions.store(seen, [held]), None
        if offered is not None:
            log.info("Proposed.", extra=ids(offered))
        self._decided(stored)

    async def _offer(
        self, strategy: Strategy, decision: Decision, draft: Draft, said: Sequence[str], by: str
    ) -> Proposal:
        """Raises Moved when it may not be proposed any more."""
        offered = await self._proposer.store(strategy, decision, draft, said, by)
        if offered is None:
            raise Moved(reasons.OVERTAKEN)
        return offered

    async def _store(self, work: _Round) -> None:
        """The quiet decisions so far; those that were decided before are left alone."""
        stored = await self._memory.decisions.store(work.snapshots, work.quiet)
        self._decided(stored)
        work.snapshots.clear()
        work.quiet.clear()

    def _block(self, work: _Round, strategy: Strategy, symbol: str, reason: str) -> None:
        if strategy.id in work.entering:
            blocked = self._decision(work, strategy, symbol, Action.BLOCKED, reason)
            work.quiet.append(blocked)

    def _decision(
        self, work: _Round, strategy: Strategy, symbol: str, action: Action, reason: str
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
        )

    async def _note_missed(self, due: Sequence[Strategy], work: _Round) -> None:
        """After downtime: the candles that nobody looked at are recorded as missed."""
        before = self._last.get(work.timeframe)
        if before == work.closed - work.timeframe.length:
            return
        last = await self._memory.decisions.last_closed([strategy.id for strategy in due])
        why = BUSY if before else NOT_RUNNING
        now = self._clock.now()
        work.quiet.extend(missed(due, last, work.timeframe, work.closed, now, why))


async def _give_way() -> None:
    """Let others have several turns of the loop: what a tap sets off takes many short ones."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


def _by_symbol(
    due: Sequence[Strategy], leaving: Mapping[str, Sequence[Strategy]]
) -> dict[str, list[Strategy]]:
    found: dict[str, list[Strategy]] = defaultdict(list)
    for strategy in due:
        for symbol in strategy.spec.symbols:
            found[symbol].append(strategy)
    for symbol, strategies in leaving.items():
        found[symbol].extend(strategies)
    return found


def _is_time(strategy: Strategy, work: _Round) -> bool:
    """Whether this candle may set the strategy off; a scheduled one is by those alone that close
    at a time of its schedule, or just after one."""
    if strategy.run is not RunKind.SCHEDULED:
        return True
    return was_time(strategy.schedule, work.closed - work.timeframe.length, work.closed)


def _action(
    draft: Draft | Declined, candidate: Candidate, said: Sequence[str]
) -> tuple[Action, str]:
    if isinstance(draft, Declined):
        return draft.action, draft.reason
    enters = Action.ENTER_LONG if draft.plan.side is Side.LONG else Action.ENTER_SHORT
    why = candidate.why() or said[0]
    return enters, f"{why}. {reasons.NO_ANSWER}" if reasons.NO_ANSWER in said else why
