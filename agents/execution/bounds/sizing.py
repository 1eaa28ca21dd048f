"""How much: risk in percent of equity by stop distance, or a fixed amount of money."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.domain.errors import LimitBreach
from agents.domain.market import Instrument
from agents.domain.money import HUNDRED, ONE
from agents.execution.figures import money, plain

_WORTH_A_NOTE = Decimal("0.995")  # a cut by less than half a percent is rounding


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that a limit allows. `quantity` in base currency; `phrase` reads after "by"."""

    rule: str
    quantity: Decimal
    phrase: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What sizing starts from. `risk_percent` is percent of equity (0.5 means 0.5 %);
    `fixed` an amount of quote currency that replaces it; `factor` (0 to 1) shrinks either."""

    equity: Decimal
    entry: Decimal
    stop: Decimal
    instrument: Instrument
    risk_percent: Decimal
    fixed: Decimal | None = None
    factor: Decimal = ONE

    @property
    def quantity(self) -> Decimal:
        """Wished for, unrounded, base currency."""
        if self.fixed is not None:
            return self.fixed / self.entry * self.factor
        risk = self.equity * self.risk_percent / HUNDRED
        return risk / abs(self.entry - self.stop) * self.factor


@dataclass(frozen=True, slots=True)
class Sized:
    """A quantity (base currency) that can be ordered, and what changed it, in words."""

    quantity: Decimal
    notes: tuple[str, ...] = ()


def size(wish: Wish, caps: Sequence[Cap] = ()) -> Sized:
    """The wished quantity, cut to the tightest cap and rounded down to the amount step.

    Raises LimitBreach when what is left is below the instrument's minimum, or nothing.
    """
    wished = wish.instrument.amount(wish.quantity)
    tightest = min(caps, key=lambda cap: cap.quantity, default=None)
    if tightest and tightest.quantity <= 0:
        raise LimitBreach(tightest.rule, f"no room is left by {tightest.phrase}")
    sized = cut(wished, wish.instrument, caps)
    try:
        check_minimum(sized.quantity, wish.entry, wish.instrument)
    except LimitBreach as small:
        if tightest is None or sized.quantity == wished:
            raise
        raise LimitBreach(
            tightest.rule, f"{small}: no more is left by {tightest.phrase}"
        ) from small
    note = () if wish.factor == ONE else (f"size × {plain(wish.factor)} on the advisor's word",)
    return Sized(sized.quantity, (*note, *sized.notes))


def cut(quantity: Decimal, instrument: Instrument, caps: Sequence[Cap]) -> Sized:
    """`quantity` cut to the tightest cap; zero when that leaves nothing."""
    tightest = min(caps, key=lambda cap: cap.quantity, default=None)
    if tightest is None or tightest.quantity >= quantity:
        return Sized(quantity)
    allowed = instrument.amount(max(tightest.quantity, Decimal(0)))
    if allowed > quantity * _WORTH_A_NOTE:
        return Sized(allowed)
    words = f"{plain(quantity)} to {plain(allowed)} {instrument.base}"
    return Sized(allowed, (f"size cut from {words} by {tightest.phrase}",))


def check_minimum(quantity: Decimal, price: Decimal, instrument: Instrument) -> None:
    """Raises LimitBreach when the exchange would refuse an order this small."""
    if quantity < instrument.min_amount:
        raise LimitBreach(
            "minimum size",
            f"{plain(quantity)} {instrument.base} is below the exchange's minimum of "
            f"{plain(instrument.min_amount)} {instrument.base}",
        )
    if quantity * price < instrument.min_cost:
        raise LimitBreach(
            "minimum size",
            f"an order of {money(quantity * price)} {instrument.quote} is below the exchange's "
            f"minimum of {money(instrument.min_cost)} {instrument.quote}",
        )
