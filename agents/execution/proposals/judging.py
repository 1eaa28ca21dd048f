"""Price and risk once more: at the tap, and again before the order goes out."""

from dataclasses import dataclass, replace
from datetime import timedelta

from agents.domain.errors import LimitBreach, MarketUnavailable
from agents.domain.market import Instrument, MarketState, Tick, Universe
from agents.domain.money import ZERO
from agents.domain.order import OrderIntent
from agents.domain.ports import Clock, Market, Memory
from agents.domain.position import Account
from agents.domain.proposal import Plan, Proposal
from agents.domain.risk import TapRules
from agents.domain.strategy import Mode
from agents.execution.bounds.accounts import START_BALANCE
from agents.execution.bounds.bounding import Bounding
from agents.execution.bounds.limits import Room
from agents.execution.bounds.liquidation import levered
from agents.execution.bounds.sizing import check_minimum, cut
from agents.execution.proposals.repricing import anew, moved, paid, slipped, untradable


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
    """There is no price to judge by, or no word of the exchange account; nothing is traded
    blind."""

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
        bounding: Bounding,
        rules: TapRules,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._bounding = bounding
        self._rules = rules

    async def know(self, proposal: Proposal) -> None:
        """Have asked what is not known yet; see `Bounding.know`."""
        await self._bounding.know(proposal.owner_id, proposal.mode)

    async def judge(self, proposal: Proposal, before: OrderIntent | None = None) -> Judgement:
        """`before`: the entry order about to be sent, which its own limits don't count."""
        try:
            instrument = await instrument_of(self._market, proposal.symbol)
            tick = self.fresh_tick(proposal.symbol)
        except MarketUnavailable as fault:
            return NoPrice(str(fault))
        account = await self._account(proposal)
        spec = await self._memory.strategies.spec_at(
            proposal.owner_id, proposal.strategy_id, proposal.strategy_version
        )
        try:
            room = await self._bounding.room(account, spec, instrument, before)
        except MarketUnavailable as fault:
            return NoPrice(str(fault))
        plan, price = proposal.plan, paid(tick, proposal.plan.side)
        why = moved(plan, price, self._rules) or slipped(plan, price, room.limits)
        no = room.breach(plan)
        if not why and no is None:
            return _levered(plan, room, instrument) or Fits(account.id)
        if stop := room.halted() or room.one_way(plan):
            return LimitRefuses(stop)
        if why:
            plan = anew(plan, price, instrument, fixed=spec.size is not None)
            if wrong := untradable(plan):
                return LimitRefuses(LimitBreach("price", f"{why}, which would make {wrong}"))
        return _resized(plan, why or str(no), room, instrument)

    async def _account(self, proposal: Proposal) -> Account:
        """Where it is traded. One with real money was opened with what its owner gave it."""
        owner, number, mode = proposal.owner_id, proposal.strategy_id, proposal.mode
        start = ZERO if mode is Mode.LIVE else START_BALANCE
        return await self._memory.accounts.open(owner, number, mode, start, self._clock.now())

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


def _levered(plan: Plan, room: Room, instrument: Instrument) -> NewNumbers | LimitRefuses | None:
    """What leverage makes of a plan that fits otherwise; None when that may stay as it is."""
    try:
        new = levered(plan, room.bounds.leverage, instrument)
    except LimitBreach as breach:
        return LimitRefuses(breach)
    if plan.leverage <= new.leverage:
        return None
    return NewNumbers(new, f"the leverage limit is {new.leverage}x by now")


def _resized(plan: Plan, why: str, room: Room, instrument: Instrument) -> NewNumbers | LimitRefuses:
    sized = cut(plan.quantity, instrument, room.caps(plan.entry, plan.stop))
    try:
        check_minimum(sized.quantity, plan.entry, instrument)
        new = replace(plan, quantity=sized.quantity, notes=(*plan.notes, *sized.notes))
        return NewNumbers(levered(new, room.bounds.leverage, instrument), why)
    except LimitBreach as breach:
        return LimitRefuses(breach)
