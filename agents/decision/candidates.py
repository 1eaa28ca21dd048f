"""A trade that the rules allow, or a candle that only a model can judge."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from agents.decision import reasons
from agents.decision.plan import Levels
from agents.decision.plan import levels as planned
from agents.decision.rules import Context, evaluate_last, operands, rules_of
from agents.domain.decision import Advice, Advised, Question
from agents.domain.market import Instrument
from agents.domain.money import exact
from agents.domain.proposal import PlannedTarget, Trailing
from agents.domain.strategy import Side, Strategy, StrategySpec

CANDLES_SHOWN = 30  # how many of the last candles a model gets
# What a model is told of the market where no rule says what matters.
USUAL = "rsi(14) > 0 or ema(20) > 0 or ema(50) > 0 or natr(14) > 0 or adx(14) > 0 or rvol(20) > 0"


@dataclass(frozen=True)
class Candidate:
    """`side` and `levels` are None for a strategy without rules: the advisor has to name them."""

    strategy: Strategy
    symbol: str
    context: Context
    side: Side | None
    levels: Levels | None
    reason: str

    @property
    def price(self) -> Decimal:
        """The close of the candle, quote currency."""
        return exact(float(self.context.base.close[-1]))

    def why(self) -> str:
        """The rule that passed, as one reason."""
        rule = self.strategy.spec.entry(self.side) if self.side else None
        return rule or self.reason

    def says(self, advised: Advised | None) -> tuple[str, ...]:
        """What stands on the card: the model's reasons, or the rule that passed."""
        if advised is None:
            return (self.why(),)
        if advised.advice is None:
            return (self.why(), reasons.NO_ANSWER)
        return _stated(advised.advice) or (self.why(),)

    def advised_levels(self, advice: Advice | None, instrument: Instrument) -> Levels | None:
        """The levels of a trade that the advisor alone proposes; None when it proposes none.

        Where the strategy states a stop, its own levels are the plan, which an advice may change
        as it may any other plan; the advised ones count only where it states none.
        """
        if advice is None or not advice.action.startswith("enter_"):
            return None
        side = Side.LONG if advice.action == "enter_long" else Side.SHORT
        spec = self.strategy.spec
        if not spec.side.allows(side):
            return None
        if spec.stop or spec.trailing:
            own = planned(spec, side, self.context, self.price, instrument)
            if isinstance(own, Levels):
                return own
        if advice.stop is None:
            return None
        prices = sorted(advice.targets, key=lambda price: price * side.sign)
        targets = tuple(
            PlannedTarget(instrument.price(price), share)
            for price, share in zip(prices, _equal_shares(len(prices)), strict=True)
        )
        return Levels(side, self.price, instrument.price(advice.stop), targets, Trailing())


def _stated(advice: Advice) -> tuple[str, ...]:
    against = (f"Wrong if: {advice.invalidation}",) if advice.invalidation else ()
    return (*advice.reasons, *against)


def _equal_shares(count: int) -> list[Decimal]:
    """`count` shares that add up to exactly one."""
    if not count:
        return []
    share = (Decimal(1) / count).quantize(Decimal("0.0001"))
    return [*[share] * (count - 1), 1 - share * (count - 1)]


def question(candidate: Candidate, closed: datetime) -> Question:
    """What the advisor is asked about `candidate`."""
    base, spec, levels = candidate.context.base, candidate.strategy.spec, candidate.levels
    columns = (base.open, base.high, base.low, base.close, base.volume)
    shown = range(max(0, len(base) - CANDLES_SHOWN), len(base))
    return Question(
        strategy_id=candidate.strategy.id,
        owner_id=candidate.strategy.owner_id,
        symbol=candidate.symbol,
        timeframe=spec.timeframe,
        closed=closed,
        side=candidate.side,
        mode=candidate.strategy.mode,
        price=candidate.price,
        stop=levels.stop if levels else None,
        targets=tuple(target.price for target in levels.targets) if levels else (),
        rules=candidate.why(),
        guidance=spec.guidance or "",
        values=_values(candidate),
        candles=tuple(tuple(float(column[i]) for column in columns) for i in shown),
    )


def with_usual(spec: StrategySpec) -> StrategySpec:
    """`spec`, looking at what is usual where it has no rules of its own."""
    ruled = any(spec.entry(side) for side in Side)
    return spec if ruled else spec.model_copy(update={"entry_long": USUAL})


def _values(candidate: Candidate) -> dict[str, float | None]:
    """What this strategy looks at, and nothing that others asked of the same candle."""
    spec, context = with_usual(candidate.strategy.spec), candidate.context
    for rule in rules_of(spec):
        evaluate_last(rule, context)
    known = {text: context.seen.get(text) for text in map(str, operands(spec))}
    return {
        text: value if value == value else None  # noqa: PLR0124  # NaN is unknown
        for text, value in known.items()
    }
