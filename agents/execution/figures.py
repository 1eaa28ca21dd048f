"""Numbers as people read them in a sentence: never with eleven digits."""

from decimal import ROUND_HALF_EVEN, Decimal

_CENT = Decimal("0.01")


def plain(value: Decimal) -> str:
    """Without exponent and trailing zeros, thousands separated: 61,000.5."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(value: Decimal) -> str:
    """Quote currency to the cent, small amounts to four significant digits."""
    if value and abs(value) < 1:
        return significant(value)
    return f"{value.quantize(_CENT, ROUND_HALF_EVEN):,f}"


def percent(value: Decimal) -> str:
    """A percentage of at most two decimals with its sign: 1.25 %."""
    return f"{plain(value.quantize(_CENT, ROUND_HALF_EVEN))} %"


def significant(value: Decimal, digits: int = 4) -> str:
    """Rounded to so many significant digits."""
    if not value:
        return "0"
    step = Decimal(1).scaleb(value.adjusted() - digits + 1)
    return plain(value.quantize(min(step, Decimal(1)), ROUND_HALF_EVEN))
