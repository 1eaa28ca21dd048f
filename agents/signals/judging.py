"""A signal judged: its levels, the four pillars, the user's words, the limits; then a proposal.

Nothing is written here but the decision with what came of it, in the transaction of the signal's
own move: a signal is judged again after a kill, and decided once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from agents.decision import reasons
from agents.decision.candidates import CANDLES_SHOWN
from agents.decision.pillars import STOP_DISTANCE, Pillars, higher_of, judged, values_at
from agents.decision.rules import Context
from agents.domain.decision import (
    Action,
    Advice,
    Advised,
    Decision,
    PostedSignal,
    Question,
    Snapshot,
)
from agents.domain.errors import AskUser, Moved
from agents.domain.heard import Heard, HeardState
from agents.domain.market import Instrument, MarketState
from agents.domain.ports import Advisor, Clock, Market, Memory
from agents.domain.signal import SignalReading
from agents.domain.strategy import Side, Strategy, StrategyState
from agents.domain.windows import in_windows
from agents.execution.checkpoints import Checkpoint
from agents.execution.proposals.proposing import Declined, Draft, Proposer
from agents.extraction.quality import Fault
from agents.signals import levels as weighing
from agents.signals.levels import Dropped, Planned
from agents.signals.looking import Looking
from agents.signals.settings import SignalSettings, settings_of, standing
from agents.signals.verdicts import (
    BY_PILLARS,
    NO_MODEL,
    Scored,
    brief,
    pillar_scores,
    quoted,
    source_of,
)

NO_STRATEGY = "you have no strategy for signals; /listen risk 0.5% makes one"


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a signal before it is stored."""

    to: HeardState
    reason: str
    strategy: Strategy | None = None
    scored: Scored | None = None
    decision: Decision | None = None
    draft: Draft | None = None
    says: tuple[str, ...] = ()  # reasons on the card
    advised_by: str = BY_PILLARS


@dataclass(frozen=True, slots=True)
class _Case:
    """A signal with everything that it is held against."""

    heard: Heard
    reading: SignalReading
    strategy: Strategy
    settings: SignalSettings
    instrument: Instrument
    context: Context
    planned: Planned
    scored: Scored
    source: str

    @property
    def side(self) -> Side:
        return self.planned.levels.side


class SignalJudge:
    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        looking: Looking,
        proposer: Proposer,
        advisor: Advisor | None,
        decided: Callable[[Iterable[Decision]], None],
        passed: Checkpoint,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._looking = looking
        self._proposer = proposer
        self._advisor = advisor
        self._decided = decided
        self._passed = passed

    # --- judging ------------------------------------------------------------------------------

    async def judge(self, heard: Heard) -> Judged:
        """Raises MarketUnavailable while there is no market to judge by."""
        strategy = await standing(self._memory, heard.owner_id)
        if strategy is None:
            return _dropped(NO_STRATEGY)
        symbol = ""
        try:
            reading = weighing.readable(heard.reading)
            settings = await settings_of(self._memory, heard.owner_id)
            weighing.in_time(reading, self._clock.wall() - heard.said_at, settings.longest)
            self._willing(heard, strategy)
            instrument = weighing.instrument_of(reading, await self._market.universe())
            symbol = instrument.symbol
            weighing.allowed(strategy.spec, reading.side or Side.LONG, instrument)
            case = await self._case(heard, reading, strategy, instrument, settings)
        except (Dropped, AskUser) as why:
            return self._unproposed(heard, strategy, symbol, Action.BLOCKED, str(why))
        return await self._scored(case)

    def _willing(self, heard: Heard, strategy: Strategy) -> None:
        """Raises Dropped while nothing may be entered at all."""
        if strategy.state is not StrategyState.ACTIVE:
            raise Dropped(f"your strategy #{strategy.number} for signals is {strategy.state}")
        if self._market.health().state is MarketState.ENDED:
            raise Dropped("the market has ended")
        if not in_windows(strategy.spec.windows, heard.market_at):
            raise Dropped("it is outside the strategy's hours")

    async def _case(
        self,
        heard: Heard,
        reading: SignalReading,
        strategy: Strategy,
        instrument: Instrument,
        settings: SignalSettings,
    ) -> _Case:
        """Raises Dropped, RuleError and MarketUnavailable."""
        spec, symbol = strategy.spec, instrument.symbol
        age = self._clock.wall() - heard.said_at
        price = await self._looking.price(symbol)
        weighing.checked(reading, price, spec, age, settings.longest)
        context = await self._looking.context(symbol, spec)
        if isinstance(context, Fault):
            raise Dropped(str(context).rstrip("."))
        planned = weighing.planned(reading, spec, context, price, instrument)
        pillars = _pillars(planned, context)
        scored = Scored(pillars, price, planned.notes)
        source = await source_of(self._memory, heard)
        known = (heard, reading, strategy, settings, instrument, context, planned, scored)
        return _Case(*known, source)

    async def _scored(self, case: _Case) -> Judged:
        score = case.scored.pillars.score
        if score is None:
            return self._hold(case, "too little is known of the market to judge it")
        if score < case.settings.above:
            return self._hold(
                case, f"it scores {score:.0f}, you take them from {case.settings.above} on"
            )
        hindered = await self._consider(case, None) if self._advisor else None
        if isinstance(hindered, Declined):
            return self._declined(case, hindered)
        advised = await self._advise(case)
        draft = await self._consider(case, _bounded(advised))
        if isinstance(draft, Declined):
            return self._declined(case, draft, advised)
        return self._proposed(case, draft, advised)

    async def _consider(self, case: _Case, advice: Advice | None) -> Draft | Declined:
        spec = case.strategy.spec.model_copy(update={"leverage": case.planned.leverage})
        strategy = replace(case.strategy, spec=spec)
        levels, instrument = case.planned.levels, case.instrument
        return await self._proposer.consider(strategy, levels, instrument, advice)

    async def _advise(self, case: _Case) -> Advised | None:
        """The answer with its calls as they were stored; None when no model could be asked."""
        if self._advisor is None:
            return None
        advised = await self._advisor.advise(_question(case))
        if advised.advice is None and not advised.calls:
            return None
        calls = [await self._memory.model_calls.add(call) for call in advised.calls]
        return replace(advised, calls=tuple(calls))

    # --- what came of it ----------------------------------------------------------------------

    def _hold(self, case: _Case, reason: str) -> Judged:
        symbol = case.instrument.symbol
        made = self._unproposed(case.heard, case.strategy, symbol, Action.HOLD, reason)
        return replace(made, scored=case.scored)

    def _declined(self, case: _Case, why: Declined, advised: Advised | None = None) -> Judged:
        symbol = case.instrument.symbol
        made = self._unproposed(case.heard, case.strategy, symbol, why.action, why.reason, advised)
        return replace(made, scored=case.scored)

    def _unproposed(
        self,
        heard: Heard,
        strategy: Strategy,
        symbol: str,
        action: Action,
        reason: str,
        advised: Advised | None = None,
    ) -> Judged:
        """Where the market is known it is a decision of the strategy, too."""
        reason = reason.rstrip(".")
        if not symbol:
            return _dropped(reason, strategy)
        decision = self._decision(heard, strategy, symbol, action, reason, advised)
        return replace(_dropped(reason, strategy), decision=decision)

    def _proposed(self, case: _Case, draft: Draft, advised: Advised | None) -> Judged:
        heard, scored = case.heard, case.scored
        action = Action.ENTER_LONG if case.side is Side.LONG else Action.ENTER_SHORT
        reason = f"signal from {case.source}: {brief(scored.as_json())}"
        by_model = advised is not None and advised.advice is not None
        sure = draft.confidence if by_model else (scored.pillars.score or 0) / 100
        return Judged(
            HeardState.PROPOSED,
            "",
            case.strategy,
            scored,
            self._decision(heard, case.strategy, case.instrument.symbol, action, reason, advised),
            replace(draft, confidence=sure),
            _says(case, advised),
            advised.calls[-1].model if advised and by_model else BY_PILLARS,
        )

    def _decision(
        self,
        heard: Heard,
        strategy: Strategy,
        symbol: str,
        action: Action,
        reason: str,
        advised: Advised | None,
    ) -> Decision:
        call = advised.calls[-1] if advised and advised.calls else None
        return Decision(
            strategy_id=strategy.id,
            owner_id=strategy.owner_id,
            version=strategy.version,
            symbol=symbol,
            timeframe=strategy.spec.timeframe,
            closed=heard.market_at,
            action=action,
            reason=reason,
            decided_at=self._clock.now(),
            model_call_id=call.id if call else None,
        )

    # --- storing ------------------------------------------------------------------------------

    async def keep(self, heard: Heard, found: Judged) -> Heard:
        """The decision, its proposal and the signal's move, within the running transaction; the
        signal as it is then. Raises Moved when it was judged already, or when the proposal may
        not be made any more."""
        decision = await self._store(heard, found)
        changes: dict[str, Any] = {
            "reason": found.reason,
            "verdict": found.scored.as_json() if found.scored else {},
            "strategy_id": found.strategy.id if found.strategy else None,
            "decision_id": decision.id if decision else None,
            "proposal_id": await self._offer(found, decision),
        }
        self._passed("signal.deciding")
        if not await self._memory.heard.move(heard, found.to, **changes):
            raise Moved
        return replace(heard, state=found.to, **changes)

    async def _store(self, heard: Heard, found: Judged) -> Decision | None:
        """None for a signal without a decision, and when another came at the very same moment."""
        if found.decision is None:
            return None
        stored = await self._memory.decisions.store(_snapshots(found), [found.decision])
        self._decided(stored)
        return stored[0] if stored else None

    async def _offer(self, found: Judged, decision: Decision | None) -> int | None:
        if found.draft is None or found.strategy is None:
            return None
        if decision is None:
            raise Moved("another signal for it came at the same moment")
        made = await self._proposer.store(
            found.strategy, decision, found.draft, found.says, found.advised_by
        )
        if made is None:
            raise Moved(reasons.OVERTAKEN)
        return made.id


def overtaken(found: Judged, why: Moved) -> Judged:
    """The same signal where its proposal may not be made any more."""
    reason = str(why).rstrip(".")
    held = found.decision and replace(found.decision, action=Action.HOLD, reason=reason)
    return replace(found, to=HeardState.DROPPED, reason=reason, decision=held, draft=None, says=())


def _dropped(reason: str, strategy: Strategy | None = None) -> Judged:
    return Judged(HeardState.DROPPED, reason, strategy)


def _pillars(planned: Planned, context: Context) -> Pillars:
    levels, timeframe = planned.levels, str(context.base.timeframe)
    distance = float(abs(levels.price - levels.stop))
    values = {**values_at(context), STOP_DISTANCE: distance}
    return judged(levels.side, values, higher_of(timeframe))


def _snapshots(found: Judged) -> list[Snapshot]:
    """The data points beside the decision, so that /why finds them."""
    decision, scored = found.decision, found.scored
    if decision is None or scored is None:
        return []
    seen = dict(scored.pillars.values)
    return [Snapshot(decision.symbol, decision.timeframe, decision.closed, seen)]


def _bounded(advised: Advised | None) -> Advice | None:
    """An advice about a signal may shrink it or refuse it; the levels stay the signal's."""
    if advised is None or advised.advice is None:
        return None
    return advised.advice.model_copy(update={"stop": None, "targets": ()})


def _question(case: _Case) -> Question:
    base, levels, spec = case.context.base, case.planned.levels, case.strategy.spec
    columns = (base.open, base.high, base.low, base.close, base.volume)
    shown = range(max(0, len(base) - CANDLES_SHOWN), len(base))
    pillars = case.scored.pillars
    return Question(
        strategy_id=case.strategy.id,
        owner_id=case.strategy.owner_id,
        symbol=case.instrument.symbol,
        timeframe=spec.timeframe,
        closed=case.heard.market_at,
        side=levels.side,
        mode=case.strategy.mode,
        price=levels.price,
        stop=levels.stop,
        targets=tuple(target.price for target in levels.targets),
        rules="a signal that somebody posted",
        guidance=spec.guidance or "",
        values=pillars.values,
        candles=tuple(tuple(float(column[i]) for column in columns) for i in shown),
        signal=PostedSignal(
            case.heard.words,
            case.source,
            {pillar.name.value: pillar.score for pillar in pillars.pillars},
        ),
    )


def _says(case: _Case, advised: Advised | None) -> tuple[str, ...]:
    """What stands on the card: where it came from, the pillars, what was filled in, and what the
    model said. The pillars' data points are told when somebody asks for details."""
    heard, score = case.heard, case.scored.pillars.score or 0
    first = f"Signal from {case.source}, score {score:.0f} of 100: {quoted(heard.words)}"
    return (
        first,
        pillar_scores(case.scored.pillars.pillars),
        *case.planned.notes,
        *_of_model(advised),
    )


def _of_model(advised: Advised | None) -> tuple[str, ...]:
    if advised is None:
        return (NO_MODEL,)
    if advised.advice is None:
        return ("The model gave no usable answer: the pillars and your settings alone decided.",)
    against = advised.advice.invalidation
    return (*advised.advice.reasons, *((f"Wrong if: {against}",) if against else ()))
