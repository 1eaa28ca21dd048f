"""Money and quantities: exact decimals, rounded only by an instrument's own steps."""

from contextlib import AbstractContextManager
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, localcontext

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
BASIS_POINT = Decimal("0.0001")
_DIGITS = 100
"""A price and an amount of 18 decimals each, and their product, are far shorter."""


def exactly() -> AbstractContextManager[Context]:
    """Sums and products inside are not rounded; by itself Decimal keeps 28 digits, which a coin
    fee of 18 decimals times a price has already. Not to be held over an await."""
    return localcontext(prec=_DIGITS)


def exact(number: float | int | str | Decimal) -> Decimal:
    """The shortest decimal that prints like `number`; the door where floats become money."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`."""
    return (value / step).to_integral_value(ROUND_CEILING) * step


def round_to(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` nearest to `value` (half to even)."""
    return (value / step).to_integral_value(ROUND_HALF_EVEN) * step
