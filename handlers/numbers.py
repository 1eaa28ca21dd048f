"""Numbers as people read them: prices by the instrument's step, money to the cent."""

from decimal import ROUND_HALF_EVEN, Decimal

from agents.domain.market import Instrument

_CENT = Decimal("0.01")
_DIGITS = 6  # significant, where no step says more
_PLACES = 8  # after the point, at most


def price(value: Decimal, instrument: Instrument | None) -> str:
    """On the instrument's price step: 61,000.10; without one, six significant digits."""
    if instrument is None:
        return significant(value)
    places = min(_PLACES, max(0, -_exponent(instrument.price_step)))
    return f"{instrument.price(value):,.{places}f}"


def amount(value: Decimal, instrument: Instrument | None) -> str:
    """A quantity of the base currency, without trailing zeros: 0.0163."""
    if instrument is None:
        return significant(value)
    places = min(_PLACES, max(0, -_exponent(instrument.amount_step)))
    return _trimmed(f"{value:,.{places}f}")


def money(value: Decimal) -> str:
    """Quote currency to the cent: 1,234.50; what is smaller than that to two digits."""
    if value and abs(value) < _CENT:
        return significant(value, 2)
    return f"{_half_even(value, _CENT):,f}"


def signed(value: Decimal) -> str:
    """Money with its sign: +12.30, -4.10, 0.00."""
    return ("+" if value > 0 else "") + money(value)


def percent(value: Decimal) -> str:
    """`value` percent, at most two places: 1.25%."""
    return _trimmed(f"{_half_even(value, _CENT):,f}") + "%"


def fraction(value: Decimal | float) -> str:
    """A part of one in percent: 0.7 is 70%."""
    return percent(Decimal(str(value)) * 100)


def multiple(value: Decimal) -> str:
    """A result in R with its sign: +1.94R."""
    return ("+" if value > 0 else "") + f"{_half_even(value, _CENT):f}R"


def distance(value: Decimal) -> str:
    """A planned distance in R: 2R, 1.5R."""
    return _trimmed(f"{_half_even(value, _CENT):f}") + "R"


def reading(value: float | None) -> str:
    """The value of a data point: 41.2; `unknown` while it is warming up."""
    if value is None:
        return "unknown"
    return significant(Decimal(str(value)), 6 if abs(value) >= 1000 else 4)


def significant(value: Decimal, digits: int = _DIGITS) -> str:
    """Rounded to so many significant digits, never with more than eight places."""
    if not value:
        return "0"
    step = Decimal(1).scaleb(max(-_PLACES, value.adjusted() - digits + 1))
    return _trimmed(f"{_half_even(value, min(step, Decimal(1))):,f}")


def _half_even(value: Decimal, step: Decimal) -> Decimal:
    rounded = value.quantize(step, ROUND_HALF_EVEN)
    return rounded or abs(rounded)  # a zero has no sign


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exponent(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
