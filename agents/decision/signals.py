"""Entry signals: at the last candle for live and replay, over a whole history for backtests.

A candle signals a side when the entry rule of that side is true at its close, inside the
strategy's windows, with a stop that is known and on the right side. A candle at which both sides
would enter signals neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.decision.plan import (
    ExitPlan,
    Levels,
    NoLevels,
    levels,
    stop_price,
    target_prices,
    trailing_of,
)
from agents.decision.rules import (
    Context,
    Rule,
    Verdict,
    column,
    evaluate,
    evaluate_last,
    parse_rule,
)
from agents.decision.rules.tree import Value
from agents.domain.market import Instrument, from_ms
from agents.domain.money import exact
from agents.domain.strategy import Side, StrategySpec
from agents.domain.windows import in_windows
from agents.extraction.frame import Frame


@dataclass(frozen=True, slots=True)
class Signal:
    """An entry signal; `time` is the candle's close, prices are in quote currency.

    `stop` is None only for a strategy that states none; a target is None when it is unknown.
    """

    time: datetime
    symbol: str
    side: Side
    price: Decimal
    stop: Decimal | None
    targets: tuple[Decimal | None, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values: an ISO time and numbers."""
        return {
            "time": self.time.isoformat(),
            "symbol": self.symbol,
            "side": self.side.value,
            "price": float(self.price),
            "stop": _number(self.stop),
            "targets": [_number(target) for target in self.targets],
        }


@dataclass(frozen=True, slots=True)
class Look:
    """What a strategy's entry rules say at one candle.

    `side` is the one to enter, with its `levels`; else None with a `reason` in words. `verdicts`
    holds what each entry rule says, by side.
    """

    side: Side | None
    levels: Levels | None
    reason: str
    verdicts: Mapping[Side, Verdict]

    @property
    def unknown(self) -> bool:
        """Whether a rule lacks data and no rule passed."""
        says = [verdict.truth for verdict in self.verdicts.values()]
        return -1 in says and 1 not in says


def look(spec: StrategySpec, context: Context, instrument: Instrument | None = None) -> Look:
    """What `spec` says when the context's last candle has closed. Raises RuleError."""
    verdicts = {side: evaluate_last(rule, context) for side, rule in entry_rules(spec).items()}
    found = MappingProxyType(verdicts)
    passed = [side for side, verdict in verdicts.items() if verdict.passed]
    if len(passed) != 1:
        return Look(None, None, _why_not(found, passed), found)
    closed = from_ms(int(context.base.closed[-1]))
    if not in_windows(spec.windows, closed):
        return Look(None, None, "the rules pass outside the strategy's hours", found)
    price = exact(float(context.base.close[-1]))
    made = levels(spec, passed[0], context, price, instrument)
    if isinstance(made, NoLevels):
        return Look(None, None, made.reason, found)
    return Look(passed[0], made, f"the {passed[0]} rule passes", found)


def exit_verdict(spec: StrategySpec, side: Side, context: Context) -> Verdict | None:
    """What the exit rule of a position on `side` says at the last candle; None without a rule."""
    text = spec.exit(side)
    return evaluate_last(parse_rule(text, spec.timeframe), context) if text else None


def entry_rules(spec: StrategySpec) -> dict[Side, Rule]:
    """The entry rules of the sides that `spec` takes. Raises RuleError."""
    return {side: parse_rule(text, spec.timeframe) for side in Side if (text := spec.entry(side))}


def entry_signals(
    spec: StrategySpec, frame: Frame, context: Context | None = None
) -> Iterator[Signal]:
    """Every entry signal of `spec` over `frame`, oldest first.

    `frame` is of the strategy's timeframe; longer candles are made of it unless `context` hands
    others in. Raises RuleError.
    """
    history = _History(spec, context or Context.of(frame))
    for index, side in _entries(spec, history.context):
        if in_windows(spec.windows, from_ms(int(frame.closed[index]))):
            signal = history.signal(index, side)
            if signal is not None:
                yield signal


def _entries(spec: StrategySpec, context: Context) -> Iterator[tuple[int, Side]]:
    """Each candle at which exactly one side's entry rule is true."""
    rules = entry_rules(spec)
    true = {side: evaluate(rule, context) == 1 for side, rule in rules.items()}
    nowhere: NDArray[np.bool_] = np.zeros(len(context.base), dtype=np.bool_)
    long, short = true.get(Side.LONG, nowhere), true.get(Side.SHORT, nowhere)
    for index in np.flatnonzero(long != short):
        yield int(index), Side.LONG if long[index] else Side.SHORT


class _History:
    """The levels of a strategy at any candle of a history; each expression is computed once."""

    def __init__(self, spec: StrategySpec, context: Context) -> None:
        self.context = context
        self._plan = ExitPlan.of(spec)
        self._columns: dict[Value, NDArray[np.float64]] = {}

    def signal(self, index: int, side: Side) -> Signal | None:
        """The signal at a candle; None when its stop is unknown or on the wrong side."""

        def read(value: Value) -> float:
            if value not in self._columns:
                self._columns[value] = column(value, self.context)
            return float(self._columns[value][index])

        frame = self.context.base
        price, stop = exact(float(frame.close[index])), None
        if self._plan.has_stop:
            found = stop_price(self._plan, side, price, read)
            if isinstance(found, NoLevels) or isinstance(trailing_of(self._plan, read), NoLevels):
                return None
            stop = found
        targets = target_prices(self._plan, side, price, stop, read)
        return Signal(from_ms(int(frame.closed[index])), frame.symbol, side, price, stop, targets)


def _why_not(verdicts: Mapping[Side, Verdict], passed: list[Side]) -> str:
    if len(passed) == 2:
        return "the long and the short rule pass at once"
    if not verdicts:
        return "the strategy has no entry rule"
    if any(verdict.unknown for verdict in verdicts.values()):
        return "the rules need more history"
    return "the rules do not pass"


def _number(price: Decimal | None) -> float | None:
    return None if price is None else float(price)
