"""The model proposes, code disposes: every number of an advice is checked before it is used."""

from dataclasses import dataclass, replace
from decimal import Decimal

from agents.domain.decision import Advice
from agents.domain.market import Instrument
from agents.domain.money import ONE
from agents.domain.proposal import PlannedTarget
from agents.domain.strategy import Side
from agents.execution.figures import plain
from agents.execution.proposals.levels import PriceLevels

NEAREST_STOP = Decimal("0.25")  # of the rule's stop distance
FARTHEST_STOP = Decimal(3)
FARTHEST_TARGET = Decimal(20)  # in R

_ENTERS = {"enter_long": Side.LONG, "enter_short": Side.SHORT}


@dataclass(frozen=True, slots=True)
class Checked:
    """Levels after the advice, and what of it was refused, in words."""

    levels: PriceLevels
    notes: tuple[str, ...] = ()


def declines(advice: Advice, side: Side) -> str:
    """Why the advice lets no trade happen; empty when it agrees to one on `side`."""
    wanted = _ENTERS.get(advice.action)
    if wanted is side:
        return ""
    if wanted is not None:
        return f"the advisor answered {wanted} where the rules say {side}"
    because = f": {advice.reasons[0]}" if advice.reasons else ""
    return f"the advisor says {advice.action}{because}"


def checked(levels: PriceLevels, advice: Advice, instrument: Instrument) -> Checked:
    """Stop and targets as advised where they make sense, as the rules say where not."""
    stop = None if advice.stop is None else _on_step(advice.stop, instrument)
    targets = tuple(_on_step(price, instrument) for price in advice.targets)
    fault = _stop_fault(levels, stop)
    kept = levels
    notes = []
    if stop is not None and not fault:
        kept = replace(kept, stop=stop)
    elif fault:
        notes.append(f"the advisor's stop {plain(advice.stop or ONE)} is {fault}: not used")
    fault = _targets_fault(kept, targets)
    if targets and not fault:
        kept = replace(kept, targets=_shared(levels, targets))
    elif fault:
        notes.append(f"the advisor's target {fault}: not used")
    return Checked(kept, tuple(notes))


def _on_step(price: Decimal, instrument: Instrument) -> Decimal:
    """Judged as it would be ordered; what is no number is left for the judgement."""
    return instrument.price(price) if price.is_finite() else price


def _stop_fault(levels: PriceLevels, stop: Decimal | None) -> str:
    if stop is None:
        return ""
    if not stop.is_finite() or (levels.price - stop) * levels.side.sign <= 0:
        return "on the wrong side of the price"
    parts = abs(levels.price - stop) / levels.distance
    if parts < NEAREST_STOP:
        return "too near to the price"
    return "too far from the price" if parts > FARTHEST_STOP else ""


def _targets_fault(levels: PriceLevels, targets: tuple[Decimal, ...]) -> str:
    for target in targets:
        gain = (target - levels.price) * levels.side.sign
        if not target.is_finite() or gain <= 0:
            return f"{plain(target)} is on the wrong side of the price"
        if gain > levels.distance * FARTHEST_TARGET:
            return f"{plain(target)} is more than {FARTHEST_TARGET} R away"
    return ""


def _shared(levels: PriceLevels, prices: tuple[Decimal, ...]) -> tuple[PlannedTarget, ...]:
    """The advised prices, nearest first, with the rule's shares; equal ones when the count
    differs."""
    ordered = sorted(prices, key=lambda price: price * levels.side.sign)
    shares = [target.share for target in levels.targets]
    if len(shares) != len(ordered):
        shares = [(ONE / len(ordered)).quantize(Decimal("0.0001"))] * (len(ordered) - 1)
        shares.append(ONE - sum(shares))
    return tuple(PlannedTarget(price, share) for price, share in zip(ordered, shares, strict=True))
