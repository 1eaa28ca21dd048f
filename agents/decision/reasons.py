"""Why a candle was decided as it was, in words."""

from collections.abc import Mapping
from decimal import Decimal

from agents.decision.rules import Verdict
from agents.decision.signals import Look
from agents.domain.decision import Advised
from agents.domain.strategy import Side, Sides, StrategySpec

NO_ANSWER = "The model gave no usable answer, so the rules decided alone."
NO_MODEL = "there is no rule to check, and no model is connected to judge"
OUT_OF_HOURS = "it is outside the strategy's hours, so the model was not asked"
NOT_SCHEDULED = "it is not time by the strategy's schedule"
OVERTAKEN = "another trade of this strategy came first"
BROKE = "something went wrong here while it was judged; the operator's log says what"
NOT_HERE = "{symbol} is not on this market"

_SIDES = {"enter_long": Side.LONG, "enter_short": Side.SHORT}


def held(found: Look) -> str:
    """Why nothing is done: the nearest condition that is not met, or what else stands against."""
    if any(verdict.passed for verdict in found.verdicts.values()):
        return found.reason
    return _nearest(found.verdicts) or found.reason


def _nearest(verdicts: Mapping[Side, Verdict]) -> str:
    """The first condition that is not met, as `rsi(14) 41.2, waits for < 35`."""
    for verdict in verdicts.values():
        for check in verdict.checks:
            if check.met is False and check.value is not None:
                return (
                    f"{check.text} {Decimal(f'{check.value:.6g}'):f}, waits for {check.waits_for}"
                )
    return ""


def no_trade(advised: Advised | None, spec: StrategySpec) -> str:
    """Why an advice about a strategy without rules makes no trade."""
    if advised is None:
        return NO_MODEL
    advice = advised.advice
    if advice is None:
        return "the model gave no usable answer"
    side = _SIDES.get(advice.action)
    if side is not None and not spec.side.allows(side):
        only = Side.LONG if spec.side is Sides.LONG else Side.SHORT
        return f"the advisor answered {side} where the strategy takes {only} only"
    if side is not None:
        return f"the advisor says {advice.action} and names no stop"
    because = f": {advice.reasons[0]}" if advice.reasons else ""
    return f"the advisor says {advice.action}{because}"
