"""From a signal to a stored proposal, or to the reason why there is none.

The cycle first asks `consider`, which writes no proposal, so that the decision can be stored
with what came of it; then it calls `store` in the decision's own transaction. `propose` is both.

While a proposal of a strategy waits on a symbol, a newer signal is a HOLD: two cards for one
trade would be one too many. A strategy holds one position per symbol, unless it has only one
symbol and may hold several positions.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from agents.domain.autonomy import Act
from agents.domain.decision import Action, Advice, Decision
from agents.domain.errors import LimitBreach
from agents.domain.market import Instrument
from agents.domain.money import ZERO
from agents.domain.ports import Clock, Memory
from agents.domain.position import Account, Position
from agents.domain.proposal import Plan, Proposal, ProposalState
from agents.domain.quiet import PREFERENCE, RULE, QuietHours, course, held
from agents.domain.risk import TapRules
from agents.domain.strategy import Mode, RunKind, Side, Strategy, StrategyState
from agents.domain.user import Notice, NoticeKind
from agents.execution.bounds.accounts import START_BALANCE
from agents.execution.bounds.bounding import Bounding
from agents.execution.bounds.limits import Room
from agents.execution.bounds.liquidation import levered, no_short_on_spot
from agents.execution.bounds.pausing import pause_after
from agents.execution.bounds.sizing import Wish, size
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.proposals.advised import checked, declines
from agents.execution.proposals.countdown import on_course
from agents.execution.proposals.levels import Levels, PriceLevels, fault, on_steps
from agents.execution.telling import card_of

WAITING = (ProposalState.PENDING, ProposalState.APPROVED, ProposalState.ORDERED)


@dataclass(frozen=True, slots=True)
class Declined:
    """No proposal, and why. `rule` names the limit where one refused."""

    action: Action
    reason: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal that only lacks its decision."""

    plan: Plan
    equity: Decimal
    symbol: str
    confidence: float | None = None


Remark = Callable[[Instrument, Side], Awaitable[str]]
"""What else a person should know of a trade on that side; empty for nothing."""


async def nothing(instrument: Instrument, side: Side) -> str:
    return ""


class Proposer:
    def __init__(
        self,
        memory: Memory,
        bounding: Bounding,
        clock: Clock,
        rules: TapRules,
        *,
        start_balance: Decimal = START_BALANCE,
        remark: Remark = nothing,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._remark = remark
        self._bounding = bounding
        self._clock = clock
        self._rules = rules
        self._start_balance = start_balance
        self._passed = passed

    async def propose(
        self,
        strategy: Strategy,
        decision: Decision,
        levels: Levels,
        instrument: Instrument,
        *,
        advice: Advice | None = None,
        reasons: Sequence[str] = (),
        advised_by: str = "rules",
    ) -> Proposal | Declined:
        """The stored proposal for a stored `decision`, or why there is none."""
        draft = await self.consider(strategy, levels, instrument, advice)
        if isinstance(draft, Declined):
            return draft
        stored = await self.store(strategy, decision, draft, reasons, advised_by)
        return stored or Declined(Action.HOLD, "this candle has a proposal already")

    async def consider(
        self,
        strategy: Strategy,
        levels: Levels,
        instrument: Instrument,
        advice: Advice | None = None,
    ) -> Draft | Declined:
        """What would be proposed now. Pauses the strategy when its drawdown limit is reached.
        Raises MarketUnavailable while it is not known what the exchange account holds."""
        await self._bounding.know(strategy.owner_id, strategy.mode)
        wanted = on_steps(levels, instrument)
        if wrong := fault(wanted):
            return Declined(Action.BLOCKED, wrong)
        if advice and (no := declines(advice, wanted.side)):
            return Declined(Action.HOLD, no)
        if reason := await self._busy(strategy, instrument.symbol):
            return Declined(Action.HOLD, reason)
        if hush := await self._held(strategy):
            return hush
        try:
            return await self._draft(strategy, wanted, instrument, advice)
        except LimitBreach as breach:
            await pause_after(self._memory, self._clock, strategy, breach)
            return Declined(Action.BLOCKED, str(breach), breach.rule)

    async def hindrance(self, strategy: Strategy, instrument: Instrument) -> Declined | None:
        """Why no trade could be proposed now, whatever its levels; None when one could. Raises
        as `consider` does."""
        await self._bounding.know(strategy.owner_id, strategy.mode)
        if reason := await self._busy(strategy, instrument.symbol):
            return Declined(Action.HOLD, reason)
        if hush := await self._held(strategy):
            return hush
        room = await self._room(strategy, instrument)
        breach = room.halted()
        if breach is None:
            return None
        await pause_after(self._memory, self._clock, strategy, breach)
        return Declined(Action.BLOCKED, str(breach), breach.rule)

    async def store(
        self,
        strategy: Strategy,
        decision: Decision,
        draft: Draft,
        reasons: Sequence[str] = (),
        advised_by: str = "rules",
    ) -> Proposal | None:
        """Proposal and card in one transaction.

        None when the decision has a proposal already, or when something came in between since
        `consider`: another proposal of this strategy, a pause, quiet hours.
        """
        asked = self._proposal(strategy, decision, draft, reasons, advised_by)
        async with self._memory.transactions.transaction():
            # As it is now: a model may have thought for long, and its owner changed it meanwhile.
            strategy = await self._memory.strategies.get(strategy.owner_id, strategy.id)
            if await self._busy(strategy, draft.symbol):
                return None
            wanted = await self._on_course(strategy, asked)
            if wanted is None:
                return None
            proposal = await self._memory.proposals.add(wanted)
            if proposal is None:
                return None
            self._passed("proposal.storing")
            await self._memory.notices.tell(_new_card(proposal))
        self._passed("proposal.stored")
        return proposal

    async def _busy(self, strategy: Strategy, symbol: str) -> str:
        """Why this strategy has to wait with another trade on `symbol`; empty when it need not."""
        waiting = await self._memory.proposals.of_strategy(strategy.id, WAITING)
        account = await self._account(strategy)
        positions = await self._memory.positions.of_account(account.id, open_only=True)
        return (
            _once(strategy, waiting, positions)
            or _on_symbol(strategy, symbol, waiting, positions)
            or _full(strategy, waiting, positions)
        )

    async def _held(self, strategy: Strategy) -> Declined | None:
        """Set while the owner's quiet hours hold back every proposal."""
        reason = held(await self._quiet(strategy), self._clock.wall())
        return Declined(Action.BLOCKED, reason, RULE) if reason else None

    async def _quiet(self, strategy: Strategy) -> QuietHours | None:
        stored = await self._memory.preferences.read(strategy.owner_id, PREFERENCE)
        return QuietHours.from_json(stored)

    async def _on_course(self, strategy: Strategy, asked: Proposal) -> Proposal | None:
        """`asked` with the way in which it is decided; None when it is held back."""
        wall, quiet = asked.created_at, await self._quiet(strategy)
        way = course(strategy.autonomy, quiet, wall, asked.confidence, asked.risk_percent)
        if way.act is Act.HELD:
            return None
        return on_course(asked, way, wall, self._rules)

    async def _draft(
        self,
        strategy: Strategy,
        levels: PriceLevels,
        instrument: Instrument,
        advice: Advice | None,
    ) -> Draft:
        """Raises LimitBreach."""
        no_short_on_spot(levels.side, instrument)
        room = await self._room(strategy, instrument)
        if stop := room.halted():
            raise stop
        equity = room.view.risked
        by_rules = self._sized(strategy, levels, instrument, equity, advice)
        sized = size(by_rules, room.caps(levels.price, levels.stop))
        quantity, notes = sized.quantity, sized.notes
        if advice:
            verdict = checked(levels, advice, instrument)
            levels, notes = verdict.levels, (*notes, *verdict.notes)
            by_advice = self._sized(strategy, levels, instrument, equity, advice)
            caps = room.caps(levels.price, levels.stop)
            quantity = min(quantity, size(by_advice, caps).quantity)
        if more := await self._remark(instrument, levels.side):
            notes = (*notes, more)
        plan = levered(_plan(levels, quantity, notes), room.bounds.leverage, instrument)
        if mixed := room.one_way(plan):
            raise mixed
        return Draft(plan, equity, instrument.symbol, advice.confidence if advice else None)

    def _sized(
        self,
        strategy: Strategy,
        levels: PriceLevels,
        instrument: Instrument,
        equity: Decimal,
        advice: Advice | None,
    ) -> Wish:
        spec = strategy.spec
        return Wish(
            equity=equity,
            entry=levels.price,
            stop=levels.stop,
            instrument=instrument,
            risk_percent=spec.risk_percent,
            fixed=spec.size,
            factor=advice.size_factor if advice else Decimal(1),
        )

    async def _room(self, strategy: Strategy, instrument: Instrument) -> Room:
        account = await self._account(strategy)
        return await self._bounding.room(account, strategy.spec, instrument)

    async def _account(self, strategy: Strategy) -> Account:
        """One with real money was opened with what its owner gave it."""
        owner, number, mode = strategy.owner_id, strategy.id, strategy.mode
        start = ZERO if mode is Mode.LIVE else self._start_balance
        return await self._memory.accounts.open(owner, number, mode, start, self._clock.now())

    def _proposal(
        self,
        strategy: Strategy,
        decision: Decision,
        draft: Draft,
        reasons: Sequence[str],
        advised_by: str,
    ) -> Proposal:
        wall = self._clock.wall()
        return Proposal(
            owner_id=strategy.owner_id,
            strategy_id=strategy.id,
            strategy_version=strategy.version,
            strategy_name=strategy.name,
            decision_id=decision.id,
            symbol=draft.symbol,
            timeframe=decision.timeframe,
            closed=decision.closed,
            mode=strategy.mode,
            plan=draft.plan,
            equity=draft.equity,
            confidence=draft.confidence,
            reasons=tuple(reasons),
            advised_by=advised_by,
            created_at=wall,
            expires_at=wall + timedelta(seconds=self._rules.expiry_seconds),
        )


def _plan(levels: PriceLevels, quantity: Decimal, notes: tuple[str, ...]) -> Plan:
    return Plan(
        side=levels.side,
        entry=levels.price,
        stop=levels.stop,
        targets=levels.targets,
        trailing=levels.trailing,
        quantity=quantity,
        notes=notes,
    )


def _new_card(proposal: Proposal) -> Notice:
    return Notice(
        owner_id=proposal.owner_id,
        kind=NoticeKind.PROPOSAL,
        key=card_of(proposal.id),
        facts={"proposal_id": proposal.id, "version": proposal.version},
        card=card_of(proposal.id),
    )


def _once(strategy: Strategy, waiting: Sequence[Proposal], positions: Sequence[Position]) -> str:
    if strategy.state is not StrategyState.ACTIVE:
        return f"the strategy is {strategy.state}"
    if strategy.waits_flat and (waiting or positions):
        return "it waits until its open trade is closed"
    if strategy.run is RunKind.ONCE and (waiting or positions):
        return "it trades once, and that trade is under way"
    return ""


def _on_symbol(
    strategy: Strategy, symbol: str, waiting: Sequence[Proposal], positions: Sequence[Position]
) -> str:
    if any(item.symbol == symbol for item in waiting):
        return "a proposal is waiting"
    several = len(strategy.spec.named) == 1 and strategy.spec.max_positions > 1
    if not several and any(item.symbol == symbol for item in positions):
        return f"a position in {symbol} is open"
    return ""


def _full(strategy: Strategy, waiting: Sequence[Proposal], positions: Sequence[Position]) -> str:
    held = {item.proposal_id for item in positions} | {item.id for item in waiting}
    if len(held) < strategy.spec.max_positions:
        return ""
    return f"{len(held)} of {strategy.spec.max_positions} positions are open or waiting"
