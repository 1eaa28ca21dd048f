"""Whether an approved plan still fits the price, and the plan that would."""

from dataclasses import replace
from decimal import Decimal

from agents.domain.market import Instrument, Tick
from agents.domain.money import HUNDRED
from agents.domain.proposal import Plan, PlannedTarget
from agents.domain.risk import Limits, TapRules
from agents.domain.strategy import Side
from agents.execution.figures import percent, plain
from agents.execution.proposals.levels import PriceLevels, fault

KEPT_STOP = Decimal("0.5")  # a stop is kept while half of its distance is left


def moved(plan: Plan, price: Decimal, rules: TapRules) -> str:
    """Why `price` no longer fits `plan`, in words; empty when it does."""
    sign = plan.side.sign
    if (price - plan.stop) * sign <= 0:
        return f"the price {plain(price)} is through the stop {plain(plan.stop)}"
    first = min(plan.targets, key=lambda target: target.price * sign, default=None)
    if first and (price - first.price) * sign >= 0:
        return f"the price {plain(price)} is already at the first target {plain(first.price)}"
    change = abs(price - plan.entry)
    if change <= plan.risk_per_unit * rules.price_tolerance:
        return ""
    of_stop = percent(change / plan.risk_per_unit * 100)
    way = "up" if price > plan.entry else "down"
    return f"the price went {way} to {plain(price)}, by {of_stop} of the stop distance"


def paid(tick: Tick, side: Side) -> Decimal:
    """What an entry would be filled at now: the ask of a long, the bid of a short, and the last
    price where the market gives none."""
    quoted = tick.ask if side is Side.LONG else tick.bid
    return tick.price if quoted is None else quoted


def slipped(plan: Plan, price: Decimal, limits: Limits) -> str:
    """Why `price` is too much worse than the planned entry, in words; empty when it is not."""
    worse = (price - plan.entry) * plan.side.sign / plan.entry * HUNDRED
    if worse <= limits.slippage_percent:
        return ""
    return (
        f"the price {plain(price)} is {percent(worse)} worse than the planned "
        f"{plain(plan.entry)}; the slippage limit is {percent(limits.slippage_percent)}"
    )


def anew(plan: Plan, price: Decimal, instrument: Instrument, *, fixed: bool) -> Plan:
    """The plan from `price`: the stop stays where it is while it has room, and keeps its
    distance where not; targets stay while all are ahead, and all keep their distance where not.
    The money at risk stays the same, or with `fixed` the money put in. The quantity is not yet
    checked."""
    entry = instrument.price(price)
    stop = _stop(plan, entry, instrument)
    risk = abs(entry - stop)
    wished = plan.notional / entry if fixed else plan.risk / risk
    return replace(
        plan,
        entry=entry,
        stop=stop,
        targets=_targets(plan, entry, instrument),
        quantity=instrument.amount(wished),
    )


def untradable(plan: Plan) -> str:
    """What is wrong with the prices of a plan that was made anew; empty when nothing is."""
    return fault(PriceLevels(plan.side, plan.entry, plan.stop, plan.targets))


def _stop(plan: Plan, entry: Decimal, instrument: Instrument) -> Decimal:
    left = (entry - plan.stop) * plan.side.sign
    if left >= plan.risk_per_unit * KEPT_STOP:
        return plan.stop
    return instrument.price(entry - plan.risk_per_unit * plan.side.sign)


def _targets(plan: Plan, entry: Decimal, instrument: Instrument) -> tuple[PlannedTarget, ...]:
    if all((target.price - entry) * plan.side.sign > 0 for target in plan.targets):
        return plan.targets
    shift = entry - plan.entry
    return tuple(
        replace(target, price=instrument.price(target.price + shift)) for target in plan.targets
    )
