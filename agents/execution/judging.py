"""Price and risk once more: at the tap, and again before the order goes out."""

from dataclasses import dataclass, replace
from datetime import timedelta

from agents.domain.errors import LimitBreach, MarketUnavailable
from agents.domain.market import Instrument, MarketState, Tick, Universe
from agents.domain.order import OrderIntent
from agents.domain.ports import Clock, Market, Memory
from agents.domain.proposal import Plan, Proposal
from agents.domain.risk import Limits, TapRules
from agents.execution.accounts import START_BALANCE, Accounts, AccountView
from agents.execution.limits import Bounds, breach, caps, halted
from agents.execution.repricing import anew, moved
from agents.execution.sizing import check_minimum, cut


@dataclass(frozen=True, slots=True)
class Fits:
    """The plan may be traded as it was approved; `account_id` is where."""

    account_id: int


@dataclass(frozen=True, slots=True)
class NewNumbers:
    """The plan has to be approved again as `plan`, because of `why`."""

    plan: Plan
    why: str


@dataclass(frozen=True, slots=True)
class LimitRefuses:
    """No size is allowed at present."""

    breach: LimitBreach


@dataclass(frozen=True, slots=True)
class NoPrice:
    """There is no price to judge by; nothing is traded blind."""

    why: str


Judgement = Fits | NewNumbers | LimitRefuses | NoPrice


async def instrument_of(market: Market, symbol: str) -> Instrument:
    """Raises MarketUnavailable, also when the market no longer offers the symbol."""
    universe: Universe = await market.universe()
    if symbol not in universe:
        raise MarketUnavailable(f"The market offers no {symbol} at the moment.")
    return universe.by_symbol[symbol]


class Judge:
    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        accounts: Accounts,
        limits: Limits,
        rules: TapRules,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._accounts = accounts
        self._limits = limits
        self._rules = rules

    async def judge(self, proposal: Proposal, before: OrderIntent | None = None) -> Judgement:
        """`before`: the entry order about to be sent, which its own limits don't count."""
        try:
            instrument = await instrument_of(self._market, proposal.symbol)
            tick = self.fresh_tick(proposal.symbol)
        except MarketUnavailable as fault:
            return NoPrice(str(fault))
        account = await self._memory.accounts.open(
            proposal.owner_id,
            proposal.strategy_id,
            proposal.mode,
            START_BALANCE,
            self._clock.now(),
        )
        view = await self._accounts.view(account, before)
        spec = await self._memory.strategies.spec_at(
            proposal.owner_id, proposal.strategy_id, proposal.strategy_version
        )
        bounds = Bounds.of(self._limits, spec, instrument)
        why = moved(proposal.plan, tick.price, self._rules)
        if not why and not (no := breach(view, proposal.symbol, proposal.plan, bounds)):
            return Fits(account.id)
        if stop := halted(view, bounds):
            return LimitRefuses(stop)
        plan = proposal.plan
        if why:
            plan = anew(plan, tick.price, instrument, fixed=spec.size is not None)
        return _resized(plan, why or str(no), view, bounds, instrument)

    def fresh_tick(self, symbol: str) -> Tick:
        """The newest tick. Raises MarketUnavailable when there is none that can be trusted."""
        health, tick = self._market.health(), self._market.last(symbol)
        if health.state is not MarketState.LIVE:
            raise MarketUnavailable(health.detail or f"The market is {health.state}.")
        if tick is None:
            raise MarketUnavailable(f"There is no price of {symbol} yet.")
        age = self._clock.wall() - self._clock.wall_at(tick.at)
        if age > timedelta(seconds=self._rules.stale_seconds):
            minutes = int(age.total_seconds() // 60)
            raise MarketUnavailable(f"The last price of {symbol} is {minutes} minutes old.")
        return tick

    def too_old(self, proposal: Proposal) -> bool:
        """Whether its approval lies so far back that it has to be given again."""
        if proposal.resolved_at is None:
            return False
        age = self._clock.wall() - proposal.resolved_at
        return age > timedelta(seconds=self._rules.stale_seconds)


def _resized(
    plan: Plan, why: str, view: AccountView, bounds: Bounds, instrument: Instrument
) -> NewNumbers | LimitRefuses:
    room = caps(view, instrument.symbol, plan.entry, plan.stop, bounds)
    sized = cut(plan.quantity, instrument, room)
    try:
        check_minimum(sized.quantity, plan.entry, instrument)
    except LimitBreach as small:
        return LimitRefuses(small)
    new = replace(plan, quantity=sized.quantity, notes=(*plan.notes, *sized.notes))
    return NewNumbers(new, why)
